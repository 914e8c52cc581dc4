import type { Population } from '../../domain/training/population.ts';
import type { PpoSettings } from '../../domain/training/settings.ts';
import type { Problem } from '../../training-container/proofs/problems.ts';
import { shareOfOptimum, walkOf } from '../../training-container/proofs/walk.ts';
import { scoreOf, splitWindow, startPopulation, withHyperparameters } from '../../training-container/src/population.ts';
import { type Comparison, compareShares, drawComparisons } from './comparison.ts';
import { type RegimeMarket, twinRegimes } from './known-optima.ts';
import type { Study } from './study.ts';
import { PPO, trained } from './trained.ts';

export interface PopulationSettings {
  readonly market: RegimeMarket;
  readonly training: PpoSettings;
  readonly population: Population;
  /** Settings to start from, by what is wrong with them; `training.totalSteps` is that of one member. */
  readonly starts: Readonly<Record<string, Partial<PpoSettings>>>;
}

const SETTINGS: PopulationSettings = {
  market: { assets: 4, sessions: 5000, unseenSessions: 2000, onMean: 0.012 },
  training: { ...PPO, totalSteps: 40_960 },
  population: { members: 4, generations: 5, exploitShare: 0.25, perturb: 2 },
  starts: {
    'learning rate 10 x too low': { learningRate: 0.0002 },
    'learning rate 10 x too high': { learningRate: 0.02 },
    'the learning rate of the proofs': { learningRate: 0.002 },
  },
};

/** Ways to spend the same environment steps, and how they are called in the figure. */
const ARMS = {
  alone: 'one run, all the steps',
  'best of random': 'best of random members',
  population: 'population',
} as const;
const armNames = Object.keys(ARMS) as (keyof typeof ARMS)[];
type PopulationRun = { start: string; arm: keyof typeof ARMS; seed: number };
interface Result {
  share: number;
  /** Of the policy that was chosen, at its end. */
  learningRate: number;
}

/**
 * Population-based training from settings that are wrong, against the same environment steps spent on those settings alone, and on the first
 * generation's members trained to the end without a barrier, the best of them chosen as a population chooses.
 */
export function population(settings = SETTINGS): Study<PopulationRun, Result, Comparison[]> {
  const { starts } = settings;
  return {
    name: 'population',
    settings,
    seeds: 5,
    runs: (seeds) =>
      Array.from({ length: seeds }, (_, seed) => seed + 1).flatMap((seed) =>
        Object.keys(starts).flatMap((start) => armNames.map((arm) => ({ start, arm, seed }))),
      ),
    measure: async ({ start, arm, seed }) => {
      const { seen, unseen } = twinRegimes(settings.market, seed);
      const base = { ...settings.training, ...starts[start] };
      const { onnx, learningRate } = await policyOf(arm, seen, base, settings.population, seed);
      return { share: shareOfOptimum(unseen)(walkOf(unseen, onnx)), learningRate };
    },
    figures: (measured) =>
      Object.keys(starts).map((start) => {
        const own = measured.filter(({ run }) => run.start === start);
        const arms = armNames.map((arm) => {
          const results = own.filter(({ run }) => run.arm === arm).map(({ result }) => result);
          return {
            arm: ARMS[arm],
            values: results.map(({ share }) => share),
            learningRates: results.map(({ learningRate }) => learningRate),
          };
        });
        return compareShares(start, arms, ARMS.population);
      }),
    draw: (comparisons) =>
      drawComparisons(
        'Population-based training on the same environment steps',
        comparisons,
        'The bar is the mean. At the right: the mean; population less this arm, paired by seeds [90 % interval].',
      ),
  };
}

async function policyOf(
  arm: PopulationRun['arm'],
  problem: Problem,
  base: PpoSettings,
  population: Population,
  seed: number,
): Promise<{ onnx: Uint8Array; learningRate: number }> {
  if (arm === 'best of random') return bestOfRandom(problem, base, population, seed);
  const training =
    arm === 'population' ? { ...base, population } : { ...base, totalSteps: base.totalSteps * population.members };
  const { onnx, settings } = await trained(problem, training, seed);
  return { onnx, learningRate: settings.learningRate };
}

async function bestOfRandom(problem: Problem, base: PpoSettings, population: Population, seed: number) {
  const { data, from, to } = problem;
  const { learnTo, judgeFrom } = splitWindow(from, to);
  const members = startPopulation(base, population, seed).members;
  let best: { score: number; onnx: Uint8Array; learningRate: number } = {
    score: Number.NEGATIVE_INFINITY,
    onnx: new Uint8Array(),
    learningRate: 0,
  };
  for (const [i, { hyperparameters }] of members.entries()) {
    const own = withHyperparameters(base, hyperparameters);
    const { onnx } = await trained({ data, from, to: learnTo }, own, seed * members.length + i);
    const score = (await scoreOf(onnx, data, judgeFrom, to)) ?? Number.NEGATIVE_INFINITY;
    if (score > best.score || i === 0) best = { score, onnx, learningRate: own.learningRate };
  }
  return best;
}
