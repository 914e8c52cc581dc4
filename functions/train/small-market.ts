import type { FeatureTensor } from '../../domain/features/spec.ts';
import { simulateKnownOptimum } from '../../domain/simulation/known-optimum.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import {
  type Algorithm,
  directSettingsSchema,
  type PpoSettings,
  ppoSettingsSchema,
  sacSettingsSchema,
  type TrainingSettings,
} from '../../domain/training/settings.ts';
import type { TrainingJobInputs } from './job.ts';

export const SESSIONS = 400;

/** What the settings of all learners have in common here. */
const common = {
  hidden: 16,
  environments: 16,
  learningRate: 0.005,
  maxGradNorm: 0.5,
  workers: 1,
  reward: { lambdaVolatility: 0.5, lambdaTurnover: 0, lambdaDrawdown: 0 },
};

export const smallTraining: PpoSettings = ppoSettingsSchema.parse({
  ...common,
  algorithm: 'ppo',
  rolloutDays: 32,
  totalSteps: 1024,
  epochs: 4,
  minibatch: 256,
  gamma: 0.9,
  gaeLambda: 0.3,
  clipCoef: 0.2,
  entCoef: 0,
  vfCoef: 0.5,
  targetKl: null,
  logStdInit: 0,
});

/** A few updates of each learner. */
export const shortSettings: Readonly<Record<Algorithm, TrainingSettings>> = {
  ppo: { ...smallTraining, totalSteps: 2048 },
  sac: sacSettingsSchema.parse({
    ...common,
    algorithm: 'sac',
    totalSteps: 6144,
    bufferSize: 2048,
    batchSize: 64,
    learningStarts: 256,
    stepsPerUpdate: 16,
    qLearningRate: 0.005,
    gamma: 0.9,
    tau: 0.01,
    targetEntropyPerDimension: -1,
    initialAlpha: 0.01,
    logStdInit: -1,
  }),
  direct: directSettingsSchema.parse({
    ...common,
    algorithm: 'direct',
    totalSteps: 2048,
    segmentDays: 16,
    epochs: 4,
    lambdaOffset: 0,
  }),
};

/** Three assets whose best policy is known, observed through the regime's signal and one column of noise; trained on all but the last 100 sessions. */
export function smallMarket(
  training: Partial<PpoSettings> = {},
): TrainingJobInputs & { market: ReturnType<typeof simulateKnownOptimum> } {
  const market = simulateKnownOptimum({ seed: 5, sessions: SESSIONS, assets: 3, onMean: 0.02, cashShare: 0 });
  const { dates, symbols } = market.panel;
  const random = createRandom(8);
  const columns = ['signal', 'noise'];
  const values = Float32Array.from({ length: SESSIONS * symbols.length * 2 }, (_, i) =>
    i % 2 === 0 ? market.signal[i / 2] : random.normal(),
  );
  const tensor: FeatureTensor = {
    dates,
    symbols,
    columns,
    values,
    anchorLogit: new Float32Array(SESSIONS * symbols.length),
    anchorExposure: new Float32Array(SESSIONS),
  };
  return {
    market,
    tensor,
    normaliser: { from: dates[0], to: dates[SESSIONS - 101], mean: [0, 0], std: [1, 1], clip: 5 },
    panel: market.panel,
    groups: {
      dates: [dates[0], dates[50], dates[SESSIONS - 1]],
      symbols,
      hubs: [1, 2, 3].map(() => Uint8Array.of(1, 0, 0)),
      illiquid: [1, 2, 3].map(() => Uint8Array.of(0, 0, 1)),
    },
    limits: market.limits,
    costs: market.costs,
    training: { ...smallTraining, ...training },
    trial: {
      kind: 'ppo',
      window: 2,
      seed: 7,
      trainFrom: dates[10],
      trainTo: dates[SESSIONS - 101],
      testFrom: dates[SESSIONS - 90],
      testTo: dates[SESSIONS - 1],
    },
  };
}
