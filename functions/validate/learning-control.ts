import { getPointer, movePointer } from '../../adapters/object-store/port.ts';
import type { Profile } from '../../config/schema.ts';
import { modelPolicy, runBacktest, type TargetPolicy } from '../../domain/backtest/backtest.ts';
import { returnsBetween } from '../../domain/backtest/figures.ts';
import { ProductError } from '../../domain/errors.ts';
import { fitNormaliser } from '../../domain/features/normaliser.ts';
import { hashOf } from '../../domain/lineage/canonical.ts';
import type { Trial } from '../../domain/lineage/model.ts';
import { sharpe } from '../../domain/metrics/sharpe.ts';
import { simulateKnownOptimum } from '../../domain/simulation/known-optimum.ts';
import { knownOptimumTensor } from '../../domain/simulation/known-optimum-tensor.ts';
import { JOB_OUTPUT } from '../../domain/training/job.ts';
import type { Ports } from '../ports.ts';
import { buildTrainingJob, sightOf } from '../train/job.ts';

/**
 * The market of the control: the look-back of the features, then sessions to train on, then sessions to be judged on; long enough
 * that what is measured is the learner and not the luck of a short sample.
 */
export const CONTROL_MARKET = { seed: 2718, assets: 6, warmUp: 260, train: 5000, test: 2000 } as const;
const CONTROL_SEED = 0;

export interface LearningControl {
  /** Sharpe of the trained policy and of the optimal one on the same unseen sessions of the simulated market. */
  achieved: number;
  optimal: number;
  /** achieved / optimal. */
  ratio: number;
  /** The optimum's Sharpe in closed form. */
  closedForm: number;
  steps: number;
}

/** The profile's own training settings, with the control's number of steps. */
const controlTraining = (profile: Profile): Profile['training'] => ({
  ...profile.training,
  totalSteps: profile.learningControl.totalSteps,
});

/** Where the control of these settings is remembered; the number of workers changes no bit of it. */
export const controlPointer = (profile: Profile, codeVersion: string): string =>
  `controls/${hashOf({ training: { ...controlTraining(profile), workers: 0 }, market: CONTROL_MARKET, codeVersion })}`;

type ControlPorts = Pick<Ports, 'store' | 'trainingJob' | 'onnxRuntime' | 'codeVersion' | 'progress'>;

/**
 * The same learner with the same settings on a market whose best policy is known: if it finds that one, a challenger that is no
 * better than the champion says something about the market, not about the trainer. Remembered by training settings and code version.
 */
export async function learningControl(
  strategy: string,
  profile: Profile,
  ports: ControlPorts,
): Promise<LearningControl> {
  const name = controlPointer(profile, ports.codeVersion);
  const known = await getPointer<LearningControl>(ports.store, strategy, name);
  if (known) return known.value;
  const result = await runControl(controlTraining(profile), name, ports);
  await movePointer(ports.store, strategy, name, result, null).catch((error) => {
    if (!(error instanceof ProductError && error.code === 'OBJECT_PRECONDITION')) throw error; // another run of the same control ended first
  });
  return result;
}

async function runControl(training: Profile['training'], name: string, ports: ControlPorts): Promise<LearningControl> {
  const { seed, assets, warmUp, train, test } = CONTROL_MARKET;
  const market = simulateKnownOptimum({ seed, assets, sessions: warmUp + train + test });
  const { panel, limits, costs } = market;
  const { tensor } = knownOptimumTensor(market);
  const at = (t: number): string => panel.dates[t];
  const last = panel.dates.length - 1;
  const normaliser = fitNormaliser(tensor, at(warmUp), at(warmUp + train - 1));
  const trial: Trial = {
    kind: training.algorithm,
    window: 0,
    seed: CONTROL_SEED,
    trainFrom: at(warmUp),
    trainTo: at(warmUp + train - 1),
    testFrom: at(warmUp + train),
    testTo: at(last),
  };
  const files = buildTrainingJob({
    tensor,
    normaliser,
    panel,
    groups: null,
    limits,
    costs,
    training,
    trial,
  });
  const { files: output } = await ports.trainingJob.run({
    id: name.replace('/', '-'),
    files,
    onProgress: ({ step, total, point }) =>
      ports.progress({ step, total, unit: 'env steps', task: 'learning control', point }),
  });
  const policy = await ports.onnxRuntime.load(output[JOB_OUTPUT.policy]);
  const judged = async (target: TargetPolicy): Promise<number> => {
    const result = await runBacktest({ panel, groups: null, limits, costs }, target, warmUp + train, last);
    return sharpe(returnsBetween(result)) ?? 0;
  };
  try {
    const achieved = await judged(modelPolicy('control', policy, tensor, sightOf(normaliser, trial, training)));
    const optimal = await judged({ name: 'optimum', decide: (t) => market.optimalWeights(t) });
    return {
      achieved,
      optimal,
      ratio: achieved / optimal,
      closedForm: market.optimalSharpe,
      steps: training.totalSteps,
    };
  } finally {
    await policy.close();
  }
}
