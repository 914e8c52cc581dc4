import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../../simulation/random.ts';
import { inverseVolatilityWeights, maxSharpeWeights, minVarianceWeights } from './allocate.ts';
import { ledoitWolf, meansOf, type ReturnWindow, sampleCovariance } from './covariance.ts';
import { hrpWeights } from './hrp.ts';
import { nonNegativeQuadratic, solveOn } from './non-negative.ts';

interface Oracle {
  inputs: { returns: number[][] };
  covariance: { mean: number[]; sample: number[][]; ledoit_wolf: number[][]; ledoit_wolf_shrinkage: number };
  weights: Record<string, { value: number[]; linkage?: number[][]; order?: number[] }>;
}
const oracle = JSON.parse(readFileSync(new URL('../oracles/allocation.json', import.meta.url), 'utf8')) as Oracle;
const k = 12;
const window: ReturnWindow = {
  values: Float64Array.from(oracle.inputs.returns.flat()),
  n: oracle.inputs.returns.length,
  k,
};
const worst = (a: ArrayLike<number>, b: readonly number[]): number =>
  Math.max(...b.map((value, i) => Math.abs(value - a[i])));

describe('estimates against numpy and scikit-learn', () => {
  test('means, sample covariance, Ledoit-Wolf and its shrinkage', () => {
    expect(worst(meansOf(window), oracle.covariance.mean)).toBeLessThan(1e-18);
    expect(worst(sampleCovariance(window), oracle.covariance.sample.flat())).toBeLessThan(1e-18);
    const { covariance, shrinkage } = ledoitWolf(window);
    expect(worst(covariance, oracle.covariance.ledoit_wolf.flat())).toBeLessThan(1e-18);
    expect(shrinkage).toBeCloseTo(oracle.covariance.ledoit_wolf_shrinkage, 13);
  });
});

describe('weights against exact solutions', () => {
  const sample = sampleCovariance(window);
  const shrunk = ledoitWolf(window).covariance;
  test.each<[string, Float64Array]>([
    ['inverse_volatility', inverseVolatilityWeights(sample, k)],
    ['min_variance_sample', minVarianceWeights(sample, k)],
    ['min_variance_ledoit_wolf', minVarianceWeights(shrunk, k)],
    ['max_sharpe_sample', maxSharpeWeights(sample, meansOf(window))],
    ['max_sharpe_ledoit_wolf', maxSharpeWeights(shrunk, meansOf(window))],
    ['hrp_paper', hrpWeights(sample, k).weights],
    ['hrp_paper_ledoit_wolf', hrpWeights(shrunk, k).weights],
  ])('%s to 1e-10', (name, weights) => {
    expect(worst(weights, oracle.weights[name].value)).toBeLessThan(1e-10);
  });

  test('HRP links and orders as the listing does', () => {
    const { linkage, order } = hrpWeights(sample, k);
    expect(order).toEqual(oracle.weights.hrp_paper.order);
    linkage.forEach((merge, i) => {
      expect(worst(merge, oracle.weights.hrp_paper.linkage?.[i] ?? [])).toBeLessThan(1e-12);
    });
  });

  test('one asset gets everything; without a positive mean max-Sharpe is cash', () => {
    expect(hrpWeights(Float64Array.of(0.01), 1).weights).toEqual(Float64Array.of(1));
    expect(minVarianceWeights(Float64Array.of(0.01), 1)).toEqual(Float64Array.of(1));
    expect(maxSharpeWeights(shrunk, new Float64Array(k).fill(-0.1))).toEqual(new Float64Array(k));
  });
});

describe('the non-negative quadratic', () => {
  test('satisfies the optimality conditions on random problems', () => {
    const random = createRandom(3);
    for (let trial = 0; trial < 100; trial += 1) {
      const n = 2 + random.integer(30);
      const values = Float64Array.from({ length: 60 * n }, () => random.normal());
      const c = ledoitWolf({ values, n: 60, k: n }).covariance;
      const b = Float64Array.from({ length: n }, () => random.normal());
      const x = nonNegativeQuadratic(c, b);
      for (let i = 0; i < n; i += 1) {
        let gradient = b[i];
        for (let j = 0; j < n; j += 1) gradient -= c[i * n + j] * x[j];
        expect(x[i]).toBeGreaterThanOrEqual(0);
        if (x[i] > 0) expect(Math.abs(gradient)).toBeLessThan(1e-9);
        else expect(gradient).toBeLessThan(1e-9);
      }
    }
  });

  test('says that a covariance is singular', () => {
    expect(() => solveOn(Float64Array.of(1, 1, 1, 1), Float64Array.of(1, 1), [0, 1])).toThrow(
      expect.objectContaining({ code: 'ALLOCATION_SINGULAR' }),
    );
  });
});
