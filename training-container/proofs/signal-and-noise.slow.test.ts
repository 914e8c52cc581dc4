import { describe, expect, test } from '@jest/globals';
import { sharpe } from '../../domain/metrics/sharpe.ts';
import { LEARNERS } from './learners.ts';
import { noiseTask, oracleTask } from './problems.ts';
import { backtestOf } from './walk.ts';

const SEEDS = 20;

describe.each(LEARNERS.map((learner) => [learner.name, learner] as const))('%s', (_, learner) => {
  test('learns a planted oracle feature of the real market to a Sharpe ratio above 5 on unseen years', async () => {
    const task = oracleTask();
    const { returns } = await backtestOf(task, await learner.solve(task, 1, { steps: 131_072 }));
    expect(sharpe(returns.subarray(1))).toBeGreaterThan(5);
  });

  test(`finds nothing in noise: over ${SEEDS} seeds no more than chance explains, before costs and after`, async () => {
    const net: number[] = [];
    const gross: number[] = [];
    let sessions = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const task = noiseTask(seed);
      const { returns, costs } = await backtestOf(task, await learner.solve(task, seed, { steps: 32_768 }));
      sessions = returns.length - 1;
      net.push(sharpe(returns.subarray(1)) ?? 0);
      gross.push(sharpe(returns.map((value, i) => (1 + value) / (1 - costs[i]) - 1).subarray(1)) ?? 0);
    }
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / SEEDS;
    // The Sharpe ratio of nothing has standard error sqrt(252 / n); 2.58 of them are passed by chance once in two hundred.
    const chance = 2.58 * Math.sqrt(252 / sessions / SEEDS);
    expect(Math.abs(mean(gross))).toBeLessThan(chance);
    expect(mean(net)).toBeLessThan(chance);
    expect(mean(net)).toBeLessThan(mean(gross));
  });
});
