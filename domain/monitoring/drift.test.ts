import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../simulation/random.ts';
import { autoregressionOf, effectiveSize, fitAutoregression, simulateAutoregression } from './autoregression.ts';
import { adjustHolm, testDrift } from './drift.ts';
import { kolmogorovSmirnov } from './kolmogorov-smirnov.ts';
import { normalCdf, normalQuantile } from './normal.ts';
import { populationStability } from './population-stability.ts';

interface Pair {
  name: string;
  reference: number[];
  current: number[];
  ks: number;
  psi: number;
  psi20: number;
}
const golden = JSON.parse(readFileSync(new URL('./drift.golden.json', import.meta.url), 'utf8')) as { pairs: Pair[] };

/** A Gaussian AR(1) of variance 1. */
function series(seed: number, length: number, rho: number, shift = 0): Float64Array {
  const random = createRandom(seed);
  let x = random.normal();
  return Float64Array.from({ length }, () => {
    x = rho * x + Math.sqrt(1 - rho * rho) * random.normal();
    return x + shift;
  });
}

describe('statistics', () => {
  test.each(golden.pairs)(
    '$name: Kolmogorov-Smirnov and PSI as the libraries have them',
    ({ reference, current, ks, psi, psi20 }) => {
      expect(kolmogorovSmirnov(reference, current)).toBeCloseTo(ks, 12);
      expect(populationStability(reference, current)).toBeCloseTo(psi, 9);
      expect(populationStability(reference, current, 20)).toBeCloseTo(psi20, 9);
    },
  );

  test('normal distribution and its inverse undo each other', () => {
    for (const p of [1e-6, 0.01, 0.3, 0.5, 0.9, 0.9999]) expect(normalCdf(normalQuantile(p))).toBeCloseTo(p, 6);
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963985, 8);
  });

  test('autoregression: coefficients, effective size, and a stationary start', () => {
    const process = fitAutoregression(series(3, 5000, 0.8));
    const { coefficients } = process.predictors[process.predictors.length - 1];
    expect(coefficients.reduce((sum, phi) => sum + phi, 0)).toBeCloseTo(0.8, 1);
    const exact = autoregressionOf([1, 0.8]);
    expect(effectiveSize(exact, 1000) / 1000).toBeCloseTo((1 - 0.8) / (1 + 0.8), 2);
    expect(effectiveSize(autoregressionOf([1]), 63)).toBe(63);
    expect(effectiveSize(autoregressionOf([1, 0.999]), 63)).toBeCloseTo(1, 1);
    // An AR(2): the predictors from one and from two values give variance 1 from the first value on.
    const second = autoregressionOf([1, 0.6, 0.5]);
    expect(second.predictors).toHaveLength(3);
    const random = createRandom(8);
    const path = new Float64Array(3);
    const squares = [0, 0, 0];
    for (let run = 0; run < 4_000; run++) {
      simulateAutoregression(second, random, path);
      path.forEach((x, t) => {
        squares[t] += x * x;
      });
    }
    for (const square of squares) expect(square / 4_000).toBeCloseTo(1, 1);
  });

  test('Holm: step-down, monotone, at most 1', () => {
    expect(adjustHolm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(adjustHolm([0.9, 0.8])).toEqual([1, 1]);
  });
});

describe('calibration', () => {
  const alarms = (runs: number, n: number, rho: number, shift: number): number => {
    let count = 0;
    for (let run = 0; run < runs; run++) {
      const both = series(1000 * n + run, 1000 + n, rho);
      const window = both.slice(1000).map((x) => x + shift);
      if (testDrift(both.slice(0, 1000), window, run).pValue <= 0.05) count += 1;
    }
    return count / runs;
  };

  test.each([
    [21, 0],
    [63, 0.5],
    [63, 0.95],
  ])('about 5 %% false alarms at n = %i, autocorrelation %f', (n, rho) => {
    const rate = alarms(80, n, rho, 0);
    expect(rate).toBeGreaterThanOrEqual(0);
    expect(rate).toBeLessThan(0.15);
  });

  test('power of at least 80 % for half a standard deviation at n = 63', () => {
    expect(alarms(12, 63, 0, 0.5)).toBeGreaterThan(0.8);
  });

  test('same seed, same result; a constant reference that moves is drift', () => {
    const reference = series(1, 500, 0.5);
    const window = series(2, 63, 0.5);
    expect(testDrift(reference, window, 9)).toEqual(testDrift(reference, window, 9));
    const flat = new Float64Array(200).fill(1);
    expect(testDrift(flat, new Float64Array(10).fill(1), 1).pValue).toBe(1);
    expect(testDrift(flat, new Float64Array(10).fill(2), 1).pValue).toBe(0);
  });

  test('too little data is refused', () => {
    expect(() => testDrift(series(1, 50, 0), series(1, 20, 0), 1)).toThrow(/100 values/);
  });
});
