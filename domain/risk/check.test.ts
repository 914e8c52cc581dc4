import { describe, expect, test } from '@jest/globals';
import { checkWeights } from './check.ts';
import { groupIndex, type RiskContext } from './context.ts';

const state = (changes: Partial<RiskContext> = {}): RiskContext => ({
  limits: {
    maxWeight: 0.4,
    maxGroupWeight: 0.6,
    groupOverrides: {},
    maxIlliquidWeight: 0.3,
    maxHubWeight: 0.3,
    maxGross: 0.9,
    maxTurnover: 0.2,
    drawdown: { budget: 0.1, hardLimit: 0.15, resetAfterDays: null },
  },
  ...groupIndex(['x', 'x', 'y']),
  hubs: Uint8Array.of(0, 0, 1),
  illiquid: Uint8Array.of(0, 1, 0),
  drifted: Float64Array.of(0.3, 0.2, 0.2),
  frozen: new Uint8Array(3),
  drawdown: 0,
  symbols: ['A', 'B', 'C'],
  ...changes,
});

describe('checkWeights', () => {
  test('accepts what keeps every limit', () => {
    expect(checkWeights([0.3, 0.25, 0.25], state())).toEqual({ accepted: true, reasons: [] });
  });

  test.each<[string, number[], Partial<RiskContext>, string[]]>([
    ['a name cap', [0.41, 0.1, 0.2], {}, ['A: weight 41.00 % is above the cap of 40.00 %']],
    ['a negative weight', [0.3, -0.01, 0.2], {}, ['B: weight -1.00 % is negative']],
    ['a number that is none', [Number.NaN, 0.2, 0.2], {}, ['A: the weight is not a finite number']],
    ['a group cap', [0.35, 0.26, 0.1], {}, ['group x: total weight 61.00 % is above the cap of 60.00 %']],
    ['the hub cap', [0.3, 0.2, 0.31], {}, ['hubs: total weight 31.00 % is above the cap of 30.00 %']],
    ['the illiquid cap', [0.2, 0.31, 0.2], {}, ['illiquid assets: total weight 31.00 %']],
    [
      'gross',
      [0.31, 0.29, 0.3001],
      { drifted: Float64Array.of(0.31, 0.2, 0.2) },
      ['hubs', 'all assets: total weight 90.01 % is above the cap of 90.00 %'],
    ],
    [
      'turnover',
      [0.08, 0.2, 0.23],
      {},
      ['turnover 22.00 % is above the limit of 20.00 %, and not all of it lowers risk'],
    ],
    [
      'a frozen asset',
      [0.31, 0.2, 0.2],
      { frozen: Uint8Array.of(1, 0, 0) },
      ['A: cannot be traded, yet goes from 30.00 % to 31.00 %'],
    ],
    [
      'the drawdown scale',
      [0.2, 0.15, 0.11],
      { drawdown: 0.05 },
      ['all assets: total weight 46.00 % is above the cap of 45.00 %'],
    ],
    [
      'the hard limit',
      [0.0, 0.0, 0.21],
      { drawdown: 0.15 },
      [
        'C: weight',
        'group y',
        'hubs',
        'all assets',
        'turnover',
        'the drawdown of 15.00 % has reached the hard limit of 15.00 %: only sales are accepted',
      ],
    ],
  ])('refuses %s and says where and by how much', (_what, weights, changes, reasons) => {
    const { accepted, reasons: given } = checkWeights(weights, state(changes));
    expect(accepted).toBe(false);
    for (const reason of reasons) expect(given).toContainEqual(expect.stringContaining(reason));
  });

  test('excuses turnover where no weight rises', () => {
    expect(checkWeights([0, 0, 0], state()).accepted).toBe(true);
  });
});
