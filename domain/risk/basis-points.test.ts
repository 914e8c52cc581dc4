import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../simulation/random.ts';
import { fromBasisPoints, toBasisPoints } from './basis-points.ts';
import { groupIndex, type RiskContext } from './context.ts';
import { projectWeights } from './projection.ts';

function context(names: string[], changes: Partial<RiskContext> = {}): RiskContext {
  const assets = names.length;
  return {
    limits: {
      maxWeight: 0.2501,
      maxGroupWeight: 0.4999,
      groupOverrides: {},
      maxIlliquidWeight: 1,
      maxHubWeight: 1,
      maxGross: 1,
      maxTurnover: 1,
      drawdown: { budget: 0.12, hardLimit: 0.15, resetAfterDays: null },
    },
    ...groupIndex(names),
    hubs: new Uint8Array(assets),
    illiquid: new Uint8Array(assets),
    drifted: new Float64Array(assets),
    frozen: new Uint8Array(assets),
    drawdown: 0,
    ...changes,
  };
}

describe('basis points', () => {
  test('sum to 10,000 by largest remainder, cash last', () => {
    const bps = toBasisPoints(Float64Array.of(1 / 7, 1 / 7, 1 / 7, 0.00004), context(['a', 'b', 'c', 'd']));
    expect(Array.from(bps)).toEqual([1429, 1429, 1428, 0, 5714]);
    expect(fromBasisPoints(bps)[4]).toBe(0.5714);
  });

  test('leave whole basis points alone', () => {
    const weights = Float64Array.of(0.1234, 0.25, 0.0001);
    expect(Array.from(toBasisPoints(weights, context(['a', 'b', 'c'])))).toEqual([1234, 2500, 1, 6265]);
  });

  test('never break a cap by rounding up: cash takes the rest', () => {
    const state = context(['a', 'a', 'b'], { limits: { ...context([]).limits, maxGroupWeight: 0.49995 } });
    const bps = toBasisPoints(Float64Array.of(0.24997, 0.24998, 0.1), state);
    expect(bps[0] + bps[1]).toBe(4999);
    expect(Array.from(bps)).toEqual([2499, 2500, 1000, 4001]);
  });

  test('refuse what is no long-only portfolio', () => {
    for (const bad of [Float64Array.of(-0.1, 0), Float64Array.of(0.6, 0.6), Float64Array.of(Number.NaN, 0)]) {
      expect(() => toBasisPoints(bad, context(['a', 'b']))).toThrow(
        expect.objectContaining({ code: 'WEIGHTS_NOT_PORTFOLIO' }),
      );
    }
  });

  test('keep every cap in integers and stay within one basis point, over 1,000 random projections', () => {
    const random = createRandom(8);
    for (let trial = 0; trial < 1000; trial += 1) {
      const assets = 2 + random.integer(20);
      const names = Array.from({ length: assets }, () => `g${random.integer(3)}`);
      const cap = (): number => 0.05 + 0.95 * random.uniform();
      const limits = {
        ...context([]).limits,
        maxWeight: cap(),
        maxGroupWeight: cap(),
        maxHubWeight: cap(),
        maxNeighbourhoodWeight: cap(),
        maxCommunityWeight: cap(),
        maxIlliquidWeight: cap(),
        maxGross: cap(),
        maxTurnover: cap(),
      };
      const flags = (): Uint8Array => Uint8Array.from({ length: assets }, () => random.integer(2));
      const overlapping = {
        neighbourhoods: [0, 1].map((k) => ({ name: `n${k}`, members: flags() })),
        communities: [{ name: 'c', members: flags() }],
      };
      const spread = Float64Array.from({ length: assets }, () => random.uniform());
      const sum = spread.reduce((s, w) => s + w, 0);
      const state = context(names, {
        limits,
        hubs: flags(),
        illiquid: flags(),
        overlapping,
        drawdown: random.uniform() < 0.5 ? 0 : 0.05,
      });
      const { weights, exposureScale } = projectWeights(
        spread.map((w) => w / sum),
        state,
      );
      const bps = toBasisPoints(weights, state);
      const broken: string[] = [];
      const within = (what: string, members: (a: number) => boolean, limit: number): void => {
        let held = 0;
        for (let a = 0; a < assets; a += 1) if (members(a)) held += bps[a];
        if (held > exposureScale * limit * 1e4 + 1e-5) broken.push(`${what}: ${held}`);
      };
      for (let a = 0; a < assets; a += 1) {
        within(`name ${a}`, (b) => a === b, limits.maxWeight);
        if (Math.abs(bps[a] - weights[a] * 1e4) > 1.001) broken.push(`rounding of ${a}`);
      }
      for (const g of state.groupNames.keys())
        within(`group ${g}`, (a) => state.groups[a] === g, limits.maxGroupWeight);
      within('hubs', (a) => state.hubs[a] === 1, limits.maxHubWeight);
      within('illiquid', (a) => state.illiquid[a] === 1, limits.maxIlliquidWeight);
      for (const { name, members } of overlapping.neighbourhoods)
        within(name, (a) => members[a] === 1, limits.maxNeighbourhoodWeight);
      within('community', (a) => overlapping.communities[0].members[a] === 1, limits.maxCommunityWeight);
      within('gross', () => true, limits.maxGross);
      let bought = 0;
      for (let a = 0; a < assets; a += 1) bought += Math.max(0, bps[a] - state.drifted[a] * 1e4);
      if (bought > limits.maxTurnover * 1e4 + 1e-5) broken.push(`bought ${bought}`);
      expect({ trial, sum: bps.reduce((s, b) => s + b, 0), broken }).toEqual({ trial, sum: 10_000, broken: [] });
    }
  });
});
