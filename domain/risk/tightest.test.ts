import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { groupIndex, type RiskContext } from './context.ts';
import { type Limits, limitsSchema, NO_LIMITS } from './limits.ts';
import { checkWeights } from './projection.ts';
import { tightest } from './tightest.ts';

const cap = fc.integer({ min: 2, max: 20 }).map((twentieths) => twentieths / 20);
const maybe = fc.option(cap, { nil: undefined });
const limits: fc.Arbitrary<Limits> = fc
  .record({
    maxWeight: cap,
    maxGroupWeight: cap,
    groupOverrides: fc.dictionary(fc.constantFrom('a', 'b'), cap),
    maxIlliquidWeight: cap,
    maxHubWeight: cap,
    maxNeighbourhoodWeight: maybe,
    maxCommunityWeight: maybe,
    maxGross: cap,
    maxTurnover: cap,
    budget: cap,
    hardLimit: cap,
    resetAfterDays: fc.option(fc.integer({ min: 1, max: 300 })),
  })
  .map(({ budget, hardLimit, resetAfterDays, maxNeighbourhoodWeight, maxCommunityWeight, ...caps }) =>
    limitsSchema.parse({
      ...caps,
      ...(maxNeighbourhoodWeight !== undefined && { maxNeighbourhoodWeight }),
      ...(maxCommunityWeight !== undefined && { maxCommunityWeight }),
      drawdown: { budget: Math.min(budget, hardLimit), hardLimit, resetAfterDays },
    }),
  );

const NAMES = ['a', 'a', 'b', 'b', 'c'];
const context = (of: Limits): RiskContext => ({
  limits: of,
  ...groupIndex(NAMES),
  hubs: Uint8Array.of(1, 0, 1, 0, 0),
  illiquid: Uint8Array.of(0, 1, 0, 0, 1),
  overlapping: {
    neighbourhoods: [{ name: 'n', members: Uint8Array.of(1, 1, 1, 0, 0) }],
    communities: [{ name: 'c', members: Uint8Array.of(0, 0, 1, 1, 1) }],
  },
  drifted: new Float64Array(NAMES.length),
  frozen: new Uint8Array(NAMES.length),
  drawdown: 0,
});
const weights = fc
  .array(fc.integer({ min: 0, max: 8 }), { minLength: NAMES.length, maxLength: NAMES.length })
  .map((twentieths) => Float64Array.from(twentieths, (x) => x / 20));

test('weights keep the tightest of two limits where they keep both, and only there', () => {
  const verdicts = { kept: 0, broken: 0 };
  fc.assert(
    fc.property(limits, limits, weights, (one, other, held) => {
      const accepts = (of: Limits): boolean => checkWeights(held, context(of)).accepted;
      const both = accepts(one) && accepts(other);
      verdicts[both ? 'kept' : 'broken'] += 1;
      expect(accepts(tightest(one, other))).toBe(both);
      expect(accepts(tightest(other, one))).toBe(both);
      expect(limitsSchema.parse(tightest(one, other))).toEqual(tightest(one, other));
      expect(tightest(tightest(one, other), other)).toEqual(tightest(one, other));
    }),
    { numRuns: 2000 },
  );
  expect(verdicts.broken).toBeGreaterThan(50);
});

test('limits that never bind leave the others as they are; what remembers a drawdown longer is tighter', () => {
  const own: Limits = {
    ...NO_LIMITS,
    maxWeight: 0.3,
    groupOverrides: { a: 0.8 },
    drawdown: { budget: 0.1, band: 0.2, hardLimit: 0.2, resetAfterDays: 60 },
  };
  expect(tightest(own, { ...NO_LIMITS, drawdown: { budget: 1, hardLimit: 1, resetAfterDays: 20 } })).toEqual(own);
  expect(tightest(own, NO_LIMITS).drawdown).toEqual({ ...own.drawdown, resetAfterDays: null });
});
