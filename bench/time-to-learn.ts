import { STATE_COLUMNS } from '../domain/policy/policy.ts';
import { createRandom } from '../domain/simulation/random.ts';
import { type Problem, regimeProblem } from '../training-container/proofs/problems.ts';
import { shareOfOptimum, walkOf } from '../training-container/proofs/walk.ts';
import { type PortfolioShape, policyModel, portfolioNetwork } from '../training-container/src/networks/portfolio.ts';
import { PortfolioEnvironments } from '../training-container/src/portfolio-environments.ts';
import { type PpoSettings, trainPpo } from '../training-container/src/ppo.ts';
import { report } from './report.ts';

export const ASSETS = 30;
/** The policy counts as learned once it earns this share of what the best one does, beyond the anchor, over the whole market. */
export const TARGET_SHARE = 0.95;
export const EPISODE_DAYS = 252;
/** The whole walk takes a second. It is only taken once the first sessions alone look this good. */
export const GLANCE = { sessions: 500, enough: 0.85 };
const SEEDS = 10;

/**
 * Chosen for this market and the same for all seeds. Wide exploration: among thirty assets one deviation of 0.6 moves the weights too
 * little to be seen in a day's noise. A wide clip range: the logit of the asset that is on has to rise by more than six.
 */
const SETTINGS: PpoSettings = {
  environments: 64,
  rolloutDays: 8,
  minibatch: 512,
  workers: 2,
  totalSteps: 262_144,
  epochs: 4,
  learningRate: 0.005,
  gamma: 0.9,
  gaeLambda: 0.3,
  clipCoef: 0.8,
  entCoef: 0,
  vfCoef: 0.5,
  maxGradNorm: 0.5,
  targetKl: null,
};
const NETWORK = { hidden: 32, logStdInit: 1 };

export interface Learned {
  /** On the clock: from the first session that is opened to the last update. Judging the policy is off it. */
  readonly seconds: number;
  readonly steps: number;
  /** Of the known optimum, by the served mean policy over the whole market. */
  readonly share: number;
}

/** The market with a known optimum (domain/simulation/known-optimum.ts), thirty assets, zero costs. */
export const learnProblem = (seed: number): Problem => regimeProblem(seed, ASSETS);

/** The first sessions of a problem. */
export const glanceOf = (problem: Problem): Problem => ({ ...problem, to: problem.from + GLANCE.sessions + 1 });

/** Train PPO until the policy has learned the market; null when all steps were not enough. */
export async function timeToLearn(seed: number): Promise<Learned | null> {
  const problem = learnProblem(seed);
  const glance = glanceOf(problem);
  const [shareOfWhole, shareOfGlance] = [shareOfOptimum(problem), shareOfOptimum(glance)];
  const judge = (onnx: Uint8Array): number =>
    shareOfGlance(walkOf(glance, onnx)) < GLANCE.enough ? 0 : shareOfWhole(walkOf(problem, onnx));
  const shape = shapeOf(problem);
  let learned: Learned | null = null;
  let milliseconds = 0;
  let resumed = performance.now();
  await trainPpo({
    network: portfolioNetwork(shape),
    environments: environmentsOf(problem, seed),
    settings: SETTINGS,
    seed,
    onIteration: ({ global_step: steps }, _checkpoint, parameters) => {
      milliseconds += performance.now() - resumed;
      const share = judge(policyModel(shape, parameters));
      if (share >= TARGET_SHARE) learned = { seconds: milliseconds / 1000, steps, share };
      resumed = performance.now();
      return learned === null;
    },
  });
  return learned;
}

const shapeOf = ({ data }: Problem): PortfolioShape => ({
  assets: ASSETS,
  features: data.tensor.columns.length + STATE_COLUMNS.length,
  ...NETWORK,
});

/** The environments as the learner sees them, random episodes of the whole market. */
export function environmentsOf(problem: Problem, seed: number, n = SETTINGS.environments): PortfolioEnvironments {
  const { data, from, to, reward } = problem;
  const options = { from, to, episodeDays: EPISODE_DAYS, reward };
  return new PortfolioEnvironments(data, options, n, createRandom(seed).fork(1));
}

/**
 * Print `time_to_learn_s` and `time_to_learn_env_steps` over the seeds; a seed that never learned counts as infinity (null in JSON).
 * Returns the median seconds.
 */
export async function reportTimeToLearn(): Promise<number> {
  const steps: number[] = [];
  let seed = 0;
  const line = await report('train', 'time_to_learn_s', 's', SEEDS, async () => {
    seed += 1;
    const learned = await timeToLearn(seed);
    steps.push(learned?.steps ?? Number.POSITIVE_INFINITY);
    return learned?.seconds ?? Number.POSITIVE_INFINITY;
  });
  await report('train', 'time_to_learn_env_steps', 'steps', SEEDS, async () => steps.shift() as number);
  return line.value;
}
