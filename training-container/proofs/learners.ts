import { STATE_COLUMNS } from '../../domain/policy/policy.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { type PpoSettings, ppoSettingsSchema } from '../../domain/training/settings.ts';
import { trainDirect } from '../src/direct.ts';
import type { LearnerOptions } from '../src/learner.ts';
import { softPortfolioNetwork } from '../src/networks/critic.ts';
import { type PortfolioShape, policyModel, portfolioActor, portfolioNetwork } from '../src/networks/portfolio.ts';
import { PortfolioEnvironments } from '../src/portfolio-environments.ts';
import { trainPpo } from '../src/ppo.ts';
import { trainSac } from '../src/sac.ts';
import type { Task } from './problems.ts';

const EPISODE_DAYS = 252;

/** A learner with the settings under which it solves the known optima. */
export interface Learner {
  readonly name: string;
  /** Train on a task; the policy as it would be served, and after each iteration through `onPolicy`. */
  solve(task: Task, seed: number, options?: SolveOptions): Promise<Uint8Array>;
}

export interface SolveOptions {
  /** Environment steps. @default what the learner needs */
  readonly steps?: number;
  readonly onPolicy?: (step: number, onnx: () => Uint8Array) => void;
}

/** A fraction that a whole sample decides needs larger batches; a band narrower than the noise of exploration needs less of it. */
const PPO_FOR: Partial<Record<string, Partial<PpoSettings>>> = {
  merton: { rolloutDays: 128, minibatch: 2048 },
  'cost-band': { logStdInit: -1.5 },
};

/** PPO as it solves the known optima, but for their rewards. */
export const PPO: PpoSettings = ppoSettingsSchema.parse({
  algorithm: 'ppo',
  hidden: 16,
  environments: 32,
  rolloutDays: 64,
  totalSteps: 262_144,
  epochs: 4,
  minibatch: 1024,
  learningRate: 0.002,
  gamma: 0.9,
  gaeLambda: 0.3,
  clipCoef: 0.2,
  entCoef: 0,
  vfCoef: 0.5,
  maxGradNorm: 0.5,
  targetKl: 0.03,
  logStdInit: -0.5,
  workers: 1,
  reward: { lambdaVolatility: 0.5, lambdaTurnover: 0, lambdaDrawdown: 0 },
});

function stage(task: Task, hidden: number, logStdInit: number, environments: number, seed: number) {
  const { data, from, to, reward } = task;
  const shape: PortfolioShape = {
    assets: data.panel.symbols.length,
    features: data.tensor.columns.length + STATE_COLUMNS.length,
    hidden,
    logStdInit,
  };
  const options = { from, to, episodeDays: EPISODE_DAYS, reward };
  return {
    shape,
    environments: new PortfolioEnvironments(data, options, environments, createRandom(seed).fork(1)),
  };
}

const reporting = (
  shape: PortfolioShape,
  onPolicy: SolveOptions['onPolicy'],
): Pick<LearnerOptions<unknown, unknown>, 'onIteration'> => ({
  onIteration: (point, _checkpoint, parameters) => {
    onPolicy?.(point.global_step, () => policyModel(shape, parameters));
    return undefined;
  },
});

export const ppo: Learner = {
  name: 'ppo',
  async solve(task, seed, { steps = PPO.totalSteps, onPolicy } = {}) {
    const settings = { ...PPO, reward: task.reward, gamma: task.gamma, totalSteps: steps, ...PPO_FOR[task.name] };
    const { shape, environments } = stage(task, settings.hidden, settings.logStdInit, settings.environments, seed);
    const network = portfolioNetwork(shape);
    const { parameters } = await trainPpo({ network, environments, settings, seed, ...reporting(shape, onPolicy) });
    return policyModel(shape, parameters);
  },
};

const DIRECT = {
  hidden: 16,
  environments: 32,
  segmentDays: 16,
  epochs: 1,
  learningRate: 0.005,
  maxGradNorm: 0.5,
  lambdaOffset: 0.0005,
  totalSteps: 262_144,
};

/**
 * The band is best for who looks no further than the session, so there the gradient goes through one session at a time. A single asset has no
 * other to be forgotten for, so nothing has to hold it near the anchor.
 */
const DIRECT_FOR: Partial<Record<string, Partial<typeof DIRECT>>> = {
  merton: { lambdaOffset: 0 },
  'mean-reversion': { lambdaOffset: 0 },
  'cost-band': { lambdaOffset: 0, environments: 256, segmentDays: 1, totalSteps: 1_048_576 },
};

export const direct: Learner = {
  name: 'direct',
  async solve(task, seed, { steps, onPolicy } = {}) {
    const known = { ...DIRECT, ...DIRECT_FOR[task.name] };
    const settings = { ...known, totalSteps: steps ?? known.totalSteps };
    const { shape, environments } = stage(task, settings.hidden, 0, settings.environments, seed);
    const network = portfolioActor(shape);
    const { parameters } = await trainDirect({ network, environments, settings, seed, ...reporting(shape, onPolicy) });
    return policyModel(shape, parameters);
  },
};

const SAC = {
  hidden: 16,
  environments: 32,
  bufferSize: 50_000,
  batchSize: 256,
  learningStarts: 2048,
  stepsPerUpdate: 32,
  learningRate: 0.001,
  qLearningRate: 0.002,
  tau: 0.01,
  targetEntropyPerDimension: 0,
  initialAlpha: 0.1,
  logStdInit: -0.5,
};

/** Where the best weight lies between all and nothing, exploration has to end close to it, and batches have to average the noise. */
const SAC_FINE = { batchSize: 512, targetEntropyPerDimension: -2.5, logStdInit: -2.5 };
const SAC_FOR: Partial<Record<string, Partial<typeof SAC>>> = {
  merton: { ...SAC_FINE, logStdInit: -1.5 },
  'mean-reversion': { ...SAC_FINE, logStdInit: -1.5 },
  'cost-band': SAC_FINE,
};

export const sac: Learner = {
  name: 'sac',
  async solve(task, seed, { steps = 131_072, onPolicy } = {}) {
    const settings = { ...SAC, ...SAC_FOR[task.name], gamma: task.gamma, totalSteps: steps };
    const { shape, environments } = stage(task, settings.hidden, settings.logStdInit, settings.environments, seed);
    const squashed: PortfolioShape = { ...shape, head: 'squashed' };
    const network = softPortfolioNetwork(squashed);
    const { parameters } = await trainSac({ network, environments, settings, seed, ...reporting(squashed, onPolicy) });
    return policyModel(squashed, parameters);
  },
};

export const LEARNERS: readonly Learner[] = [ppo, sac, direct];
