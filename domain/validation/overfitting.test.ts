import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { trackRecordOf } from '../metrics/psr.ts';
import { dailySharpe } from '../metrics/sharpe.ts';
import { createRandom } from '../simulation/random.ts';
import { pairedBlockBootstrap } from './bootstrap.ts';
import { deflatedSharpe, expectedMaximumSharpe } from './deflated-sharpe.ts';
import { effectiveTrials } from './effective-trials.ts';
import { pbo } from './pbo.ts';

type Split = {
  blocks: number;
  rows_used: number;
  combinations: number;
  pbo: number;
  mean_logit: number;
  probability_of_oos_loss: number;
};
interface Oracle {
  matrix: number[][];
  deflated_sharpe: {
    published: { sr_star_daily: number; dsr: number };
    noise: {
      best: number;
      trial_sharpe_daily: number[];
      variance_of_daily_sharpe: number;
      sr_star_daily: number;
      dsr: number;
    };
    one_skilled: {
      best: number;
      trial_sharpe_daily: number[];
      variance_of_daily_sharpe: number;
      sr_star_daily: number;
      dsr: number;
    };
  };
  pbo: { noise: Record<string, Split>; one_skilled: Record<string, Split> };
}
const oracle = JSON.parse(readFileSync(new URL('./oracles/overfitting.json', import.meta.url), 'utf8')) as Oracle;
const columns = 20;
const matrices = {
  noise: oracle.matrix,
  one_skilled: oracle.matrix.map((row) => row.map((r, c) => (c === 7 ? Number((r + 0.0025).toFixed(6)) : r))),
};
const flat = (matrix: number[][]): Float64Array => Float64Array.from(matrix.flat());
const column = (matrix: number[][], c: number): Float64Array => Float64Array.from(matrix, (row) => row[c]);

describe('deflated Sharpe', () => {
  test('the published example: SR* 0.1132, DSR 0.9004', () => {
    const record = { sharpe: 2.5 / Math.sqrt(250), observations: 1250, skewness: -3, kurtosis: 10 };
    expect(expectedMaximumSharpe(0.5 / 250, 100)).toBeCloseTo(oracle.deflated_sharpe.published.sr_star_daily, 12);
    expect(deflatedSharpe(record, 0.5 / 250, 100)).toBeCloseTo(oracle.deflated_sharpe.published.dsr, 12);
  });

  test.each(['noise', 'one_skilled'] as const)('the best of 20 trials: %s', (kind) => {
    const expected = oracle.deflated_sharpe[kind];
    const ratios = Array.from({ length: columns }, (_, c) => dailySharpe(column(matrices[kind], c)) as number);
    expect(Math.max(...ratios.map((r, c) => Math.abs(r - expected.trial_sharpe_daily[c])))).toBeLessThan(1e-12);
    const record = trackRecordOf(column(matrices[kind], expected.best));
    if (!record) throw new Error('no record');
    expect(expectedMaximumSharpe(expected.variance_of_daily_sharpe, columns)).toBeCloseTo(expected.sr_star_daily, 12);
    expect(deflatedSharpe(record, expected.variance_of_daily_sharpe, columns)).toBeCloseTo(expected.dsr, 12);
  });

  test('one trial selects nothing', () => {
    expect(expectedMaximumSharpe(0.01, 1)).toBe(0);
  });
});

describe('PBO by CSCV', () => {
  test.each(['noise', 'one_skilled'] as const)('%s at S = 8, 10, 16', (kind) => {
    for (const [name, expected] of Object.entries(oracle.pbo[kind])) {
      const estimate = pbo(flat(matrices[kind]), columns, expected.blocks);
      expect({ name, ...estimate }).toEqual({
        name,
        pbo: expected.pbo,
        meanLogit: expect.closeTo(expected.mean_logit, 9),
        probabilityOfLoss: expected.probability_of_oos_loss,
        combinations: expected.combinations,
        rowsUsed: expected.rows_used,
      });
    }
  });

  test('refuses fewer than two configurations or an odd number of blocks', () => {
    for (const [c, s] of [
      [1, 8],
      [2, 7],
      [20, 400],
    ]) {
      expect(() => pbo(flat(oracle.matrix), c, s)).toThrow(expect.objectContaining({ code: 'PBO_TOO_SMALL' }));
    }
  });
});

describe('the effective number of trials', () => {
  const random = createRandom(4);
  const noise = (n: number): Float64Array => Float64Array.from({ length: n }, () => random.normal());
  test('copies count once, strangers each', () => {
    const base = noise(500);
    const copies = Array.from({ length: 6 }, () => base.map((r) => r + 0.3 * random.normal()));
    expect(effectiveTrials(copies)).toBe(1);
    expect(effectiveTrials([...copies, noise(500), noise(500)])).toBe(3);
    expect(effectiveTrials(Array.from({ length: 10 }, () => noise(500)))).toBe(10);
  });

  test('paths that never move are one trial; none is none', () => {
    expect(effectiveTrials([new Float64Array(9), new Float64Array(9), noise(9)])).toBe(2);
    expect(effectiveTrials([])).toBe(0);
  });
});

describe('the paired block bootstrap', () => {
  const random = createRandom(10);
  const market = Float64Array.from({ length: 1000 }, () => 0.01 * random.normal());
  const near = market.map((r) => r + 0.0005 + 0.0005 * random.normal());
  const options = () => ({ samples: 300, blockDays: 21, random: createRandom(1) });

  test('pairing takes the market out: a small steady gain is seen', () => {
    const interval = pairedBlockBootstrap(near, market, options());
    expect(interval?.lower).toBeGreaterThan(0);
    expect(interval?.probabilityBetter).toBe(1);
    expect(interval?.difference).toBeGreaterThan(interval?.lower as number);
    expect(interval?.difference).toBeLessThan(interval?.upper as number);
  });

  test('a policy is not better than itself', () => {
    expect(pairedBlockBootstrap(market, market, options())).toEqual({
      difference: 0,
      lower: 0,
      upper: 0,
      probabilityBetter: 0,
    });
  });

  test('the interval covers the truth: independent policies of equal skill differ by about sqrt(2 x 252 / n)', () => {
    const other = Float64Array.from({ length: 1000 }, () => 0.01 * random.normal());
    for (const kind of ['stationary', 'circular'] as const) {
      const interval = pairedBlockBootstrap(market, other, { ...options(), kind });
      const width = ((interval?.upper as number) - (interval?.lower as number)) / (2 * 1.645);
      expect(width).toBeGreaterThan(0.5 * Math.sqrt((2 * 252) / 1000));
      expect(width).toBeLessThan(1.5 * Math.sqrt((2 * 252) / 1000));
    }
  });

  test('same seed, same interval; constant returns have none; lengths must agree', () => {
    expect(pairedBlockBootstrap(near, market, options())).toEqual(pairedBlockBootstrap(near, market, options()));
    expect(pairedBlockBootstrap(new Float64Array(1000), market, options())).toBeNull();
    expect(() => pairedBlockBootstrap(near, market.subarray(1), options())).toThrow(
      expect.objectContaining({ code: 'BOOTSTRAP_LENGTH' }),
    );
  });
});
