import { describe, expect, test } from '@jest/globals';
import { assertFeasibleLimits } from './feasible-limits.ts';
import type { Limits } from './limits.ts';

const good: Limits = {
  maxWeight: 0.25,
  maxGroupWeight: 0.6,
  groupOverrides: {},
  maxIlliquidWeight: 0.5,
  maxHubWeight: 0.6,
  maxGross: 1,
  maxTurnover: 0.5,
  drawdown: { budget: 0.12, hardLimit: 0.15, resetAfterDays: null },
};

describe('assertFeasibleLimits', () => {
  test('accepts limits that a portfolio can meet', () => {
    expect(() => assertFeasibleLimits(good, 15, ['a', 'b'])).not.toThrow();
    expect(() => assertFeasibleLimits({ ...good, maxIlliquidWeight: 0, maxHubWeight: 0 }, 1)).not.toThrow();
  });

  test.each<[string, Partial<Limits>, number]>([
    ['members', {}, 0],
    ['maxWeight', { maxWeight: 0 }, 3],
    ['maxGross', { maxGross: 0.00001 }, 3],
    ['maxTurnover', { maxTurnover: 0 }, 3],
    ['maxGroupWeight', { maxGroupWeight: 0 }, 3],
    ['maxNeighbourhoodWeight', { maxNeighbourhoodWeight: 0 }, 3],
    ['maxCommunityWeight', { maxCommunityWeight: 0.00001 }, 3],
    ['maxWeight', { maxWeight: 0.5, maxGross: 0.4 }, 3],
    ['drawdown.budget', { drawdown: { budget: 0.2, hardLimit: 0.15, resetAfterDays: null } }, 3],
    ['groupOverrides.nowhere', { groupOverrides: { nowhere: 0.1 } }, 3],
  ])('names the field %s', (field, changes, assets) => {
    expect(() => assertFeasibleLimits({ ...good, ...changes }, assets, ['a', 'b'])).toThrow(
      expect.objectContaining({
        code: 'LIMITS_INFEASIBLE',
        kind: 'badInput',
        facts: expect.objectContaining({ field }),
        remedy: expect.any(String),
      }),
    );
  });
});
