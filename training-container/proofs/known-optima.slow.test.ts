import { describe, expect, test } from '@jest/globals';
import { LEARNERS } from './learners.ts';
import { costBandProblem, meanReversionProblem, mertonProblem, regimeProblem } from './problems.ts';
import { shareOfOptimum, type Walk, walkOf } from './walk.ts';

/** `.ci/run` takes a sample of the seeds. */
const SEEDS = process.env.DRL_SAMPLE === '1' ? [1] : [1, 2, 3];

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const firstAsset = ({ held }: Walk): number[] => held.map((weights) => weights[0]);

describe.each(LEARNERS.map((learner) => [learner.name, learner] as const))('%s', (_, learner) => {
  test.each(SEEDS)('holds the fraction of Merton within 0.15 (seed %i)', async (seed) => {
    const problem = mertonProblem(seed);
    const walk = walkOf(problem, await learner.solve(problem, seed));
    expect(Math.abs(mean(firstAsset(walk)) - problem.fraction)).toBeLessThan(0.15);
    expect(shareOfOptimum(problem)(walk)).toBeGreaterThan(0.9);
  });

  test.each(SEEDS)('follows a mean-reverting state by the optimal rule (seed %i)', async (seed) => {
    const problem = meanReversionProblem(seed);
    const walk = walkOf(problem, await learner.solve(problem, seed));
    expect(shareOfOptimum(problem)(walk)).toBeGreaterThan(0.9);
    const errors = firstAsset(walk).map((weight, i) => Math.abs(weight - problem.weight(walk.sessions[i])));
    expect(mean(errors)).toBeLessThan(0.12);
  });

  test.each(SEEDS)('trades to the edges of a no-trade band of the right width (seed %i)', async (seed) => {
    const problem = costBandProblem();
    const walk = walkOf(problem, await learner.solve(problem, seed));
    const held = firstAsset(walk);
    const entered = (band: typeof problem.slow): number =>
      mean(
        held.filter(
          (_, i) => i > 0 && problem.bands[walk.sessions[i]] === band && problem.bands[walk.sessions[i] - 1] !== band,
        ),
      );
    const { slow, fast } = problem;
    expect(Math.abs(entered(slow) - slow.low)).toBeLessThan(0.03);
    expect(Math.abs(entered(fast) - fast.high)).toBeLessThan(0.02);
  });

  test.each(SEEDS)('finds which of six assets is on, or none (seed %i)', async (seed) => {
    const problem = regimeProblem(seed);
    expect(shareOfOptimum(problem)(walkOf(problem, await learner.solve(problem, seed)))).toBeGreaterThan(0.9);
  });
});
