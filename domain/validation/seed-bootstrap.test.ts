import { describe, expect, test } from '@jest/globals';
import { sharpe } from '../metrics/sharpe.ts';
import { createRandom } from '../simulation/random.ts';
import { differenceInterval, type SeededReturns, seedBootstrap, sharpeInterval } from './seed-bootstrap.ts';

const DAYS = 1000;
/** Standard error of an annual Sharpe ratio of independent normal returns (Lo 2002). */
const standardError = (daily: number, days: number): number => Math.sqrt((252 / days) * (1 + daily ** 2 / 2));
const normals = (seed: number, days = DAYS, mean = 0): Float64Array => {
  const random = createRandom(seed);
  return Float64Array.from({ length: days }, () => 0.01 * (mean + random.normal()));
};
const options = (samples: number, seed = 1) => ({ samples, blockDays: 5, random: createRandom(seed) });
const one = (name: string, returns: Float64Array): SeededReturns => ({ name, seeds: [returns] });
const width = (found: { lower: number; upper: number } | null): number =>
  (found?.upper as number) - (found?.lower as number);

describe('seedBootstrap', () => {
  test('of one series: the standard error of a Sharpe ratio, and the ratio itself as the estimate', () => {
    const returns = normals(11, DAYS, 0.05);
    const [draws] = seedBootstrap([one('policy', returns)], options(2000));
    const found = sharpeInterval(draws);
    expect(found?.estimate).toBe(sharpe(returns));
    const expected = 2 * 1.645 * standardError(0.05, DAYS);
    expect(Math.abs(width(found) / expected - 1)).toBeLessThan(0.1);
  });

  test('covers the true ratio in nine of ten histories', () => {
    const truth = 0.05 * Math.sqrt(252);
    let covered = 0;
    for (let history = 0; history < 200; history++) {
      const [draws] = seedBootstrap([one('policy', normals(1000 + history, 400, 0.05))], options(200, history));
      const { lower, upper } = sharpeInterval(draws) as { lower: number; upper: number };
      if (lower <= truth && truth <= upper) covered += 1;
    }
    // Binomial(200, 0.9) has a deviation of 2.1 %; blocks and percentiles cost a little coverage.
    expect(covered / 200).toBeGreaterThan(0.83);
    expect(covered / 200).toBeLessThan(0.96);
  });

  test('seeds that differ widen the interval by their own variance; equal seeds do not', () => {
    const market = normals(21);
    const deviation = 0.1; // of a seed's daily mean, in daily volatilities: 1.59 of annual Sharpe ratio
    const random = createRandom(3);
    const shifts = Array.from({ length: 20 }, () => 0.01 * deviation * random.normal());
    const seeds = shifts.map((shift) => market.map((r) => r + shift));
    const [equal, alone, different] = seedBootstrap(
      [{ name: 'equal', seeds: seeds.map(() => market) }, one('alone', market), { name: 'different', seeds }],
      options(1500),
    );
    expect(equal.draws.map((d) => d?.toFixed(9))).toEqual(alone.draws.map((d) => d?.toFixed(9)));
    // The interquartile mean of normals has 1.19 times the variance of the mean: 1 / 0.84 (Huber, trimmed mean of 25 %).
    const spread = Math.sqrt(252) * deviation;
    const expected = Math.sqrt(standardError(0, DAYS) ** 2 + (1.19 * spread ** 2) / seeds.length);
    expect(Math.abs(width(sharpeInterval(different)) / (2 * 1.645 * expected) - 1)).toBeLessThan(0.25);
  });

  test('a difference is paired by days: what two policies share drops out', () => {
    const market = normals(31);
    const own = normals(32);
    const better = market.map((r, t) => r + 0.1 * own[t] + 0.001);
    const [a, b, same] = seedBootstrap([one('a', better), one('b', market), one('same', market)], options(1000));
    const found = differenceInterval(a, b);
    expect(found?.difference).toBe((a.estimate as number) - (b.estimate as number));
    // Jobson and Korkie (1981) near a ratio of 0: variance 2 (1 - rho) / n.
    const expected = 2 * 1.645 * Math.sqrt(((2 * 252) / DAYS) * (1 - 1 / Math.sqrt(1.01)));
    expect(Math.abs(width(found) / expected - 1)).toBeLessThan(0.25);
    expect(found?.probabilityBetter).toBeGreaterThan(0.99);
    expect(differenceInterval(b, same)).toEqual({ difference: 0, lower: 0, upper: 0, probabilityBetter: 0 });
  });

  test('a policy in cash has no ratio; series of other sessions are refused, by name', () => {
    const [cash, other] = seedBootstrap([one('cash', new Float64Array(50)), one('other', normals(1, 50))], options(20));
    expect(sharpeInterval(cash)).toBeNull();
    expect(differenceInterval(other, cash)).toBeNull();
    expect(() => seedBootstrap([one('a', normals(1, 50)), one('short', normals(1, 49))], options(1))).toThrow(
      expect.objectContaining({ code: 'BOOTSTRAP_LENGTH', facts: expect.objectContaining({ policy: 'short' }) }),
    );
  });
});
