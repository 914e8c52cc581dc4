import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../simulation/random.ts';
import { groupIndex, type RiskContext } from './context.ts';
import type { Limits } from './limits.ts';
import type { NamedMask } from './overlapping.ts';
import { checkWeights, exposureScale, projectWeights, RiskProjector } from './projection.ts';

const limits: Limits = {
  maxWeight: 0.25,
  maxGroupWeight: 0.5,
  groupOverrides: { tight: 0.2 },
  maxIlliquidWeight: 0.3,
  maxHubWeight: 0.4,
  maxGross: 1,
  maxTurnover: 0.5,
  drawdown: { budget: 0.12, hardLimit: 0.15, resetAfterDays: null },
};
const names = ['loose', 'loose', 'tight', 'tight', 'other', 'other'];

function context(changes: Partial<RiskContext> = {}): RiskContext {
  const assets = names.length;
  return {
    limits,
    ...groupIndex(names),
    hubs: Uint8Array.of(1, 0, 1, 0, 0, 0),
    illiquid: Uint8Array.of(0, 1, 0, 1, 0, 0),
    drifted: new Float64Array(assets),
    frozen: new Uint8Array(assets),
    drawdown: 0,
    symbols: ['A', 'B', 'C', 'D', 'E', 'F'],
    ...changes,
  };
}
const total = (w: ArrayLike<number>): number => Array.from(w).reduce((sum, x) => sum + x, 0);

describe('the band of the drawdown control', () => {
  const target = Float64Array.of(0.2, 0.2, 0.1, 0.1, 0.2, 0.2);
  const banded = {
    ...limits,
    maxGroupWeight: 1,
    maxHubWeight: 1,
    maxIlliquidWeight: 1,
    drawdown: { ...limits.drawdown, band: 0.2 },
  };
  const at = (exposure: number, drawdown: number) =>
    projectWeights(target, context({ limits: banded, drifted: target.map((w) => w * exposure), drawdown }));

  test('cuts at once what is above the scale', () => {
    expect(at(1, 0.06).exposureScale).toBe(0.5);
    expect(at(0.51, 0.06).exposureScale).toBe(0.5);
  });

  test('leaves alone what is below it within the band, and raises what is further below', () => {
    expect(at(0.45, 0.06).exposureScale).toBeCloseTo(0.45, 12);
    expect(at(0.39, 0.06).exposureScale).toBe(0.5);
    expect(total(at(0.45, 0.06).weights)).toBeCloseTo(0.45, 12);
  });

  test('does not hold back a book without a drawdown', () => {
    expect(at(0.9, 0).exposureScale).toBe(1);
  });
});

describe('projectWeights', () => {
  test('leaves what keeps every limit alone, bit for bit', () => {
    const target = Float64Array.of(0.1, 0.1, 0.05, 0.05, 0.1, 0.05);
    const { weights, limitsHit, exposureScale: scale } = projectWeights(target, context());
    expect(weights).toEqual(target);
    expect(limitsHit).toEqual([]);
    expect(scale).toBe(1);
  });

  test('caps name, group (override too), hubs, illiquid and turnover, and says which', () => {
    const { weights, limitsHit } = projectWeights(
      Float64Array.of(0.6, 0, 0.3, 0, 0, 0),
      context({ limits: { ...limits, maxTurnover: 1 } }),
    );
    expect(limitsHit.map(({ limit, on }) => `${limit} ${on}`)).toEqual([
      'maxWeight A',
      'maxWeight C',
      'maxGroupWeight loose',
      'maxGroupWeight tight',
      'maxHubWeight hubs',
    ]);
    expect(weights[0]).toBeCloseTo(0.25, 12);
    expect(weights[2]).toBeCloseTo(0.15, 12);
    expect(limitsHit[4]).toEqual({
      limit: 'maxHubWeight',
      on: 'hubs',
      before: expect.closeTo(0.9, 12),
      after: expect.closeTo(0.4, 12),
    });
  });

  test('caps each of several groups that overlap, says which, and takes new ones when the day brings them', () => {
    const group = (name: string, ...members: number[]): NamedMask => ({ name, members: Uint8Array.from(members) });
    const state = context({
      limits: { ...limits, maxTurnover: 1, maxNeighbourhoodWeight: 0.35, maxCommunityWeight: 0.3 },
      overlapping: {
        neighbourhoods: [group('A', 1, 1, 0, 0, 1, 0), group('E', 0, 1, 0, 0, 1, 1)],
        communities: [group('0', 0, 0, 0, 0, 1, 1)],
      },
    });
    const target = Float64Array.of(0.2, 0.2, 0.05, 0.05, 0.2, 0.2);
    const projector = new RiskProjector(state.groups, state.groupNames, state.limits);
    const weights = new Float64Array(6);
    projector.project(target, state, weights);
    expect(projector.limitsHit(target, weights, state).map(({ limit, on }) => `${limit} ${on}`)).toEqual([
      'maxNeighbourhoodWeight neighbourhood of A',
      'maxNeighbourhoodWeight neighbourhood of E',
      'maxCommunityWeight community 0',
    ]);
    expect(weights[0] + weights[1] + weights[4]).toBeCloseTo(0.35, 9);
    expect(weights[1] + weights[4] + weights[5]).toBeCloseTo(0.35, 9);
    expect(weights[4] + weights[5]).toBeLessThanOrEqual(0.3 + 1e-9);
    expect(checkWeights(target, state).reasons).toEqual([
      'neighbourhood of A: total weight 60.00 % is above the cap of 35.00 %',
      'neighbourhood of E: total weight 60.00 % is above the cap of 35.00 %',
      'community 0: total weight 40.00 % is above the cap of 30.00 %',
    ]);
    // the next day knows one neighbourhood alone, and without a limit groups do nothing
    state.overlapping = { neighbourhoods: [group('F', 0, 0, 0, 0, 0, 1)], communities: [] };
    projector.project(target, state, weights);
    expect(weights).toEqual(target);
    expect(projectWeights(target, { ...state, limits: { ...limits, maxTurnover: 1 } }).weights).toEqual(target);
  });

  test('holds one-way turnover and says from what to what', () => {
    const target = Float64Array.of(0.2, 0.2, 0.1, 0.1, 0.2, 0.2);
    const { weights, limitsHit } = projectWeights(target, context());
    expect(total(weights)).toBeCloseTo(0.5, 12);
    expect(limitsHit).toEqual([
      { limit: 'maxTurnover', on: 'portfolio', before: expect.closeTo(1, 12), after: expect.closeTo(0.5, 12) },
    ]);
    // all of it is bought, so the nearest point takes the same from each asset
    for (const [a, w] of weights.entries()) expect(target[a] - w).toBeCloseTo(0.5 / 6, 12);
  });

  test('refuses a target that is not a number, by name', () => {
    expect(() => projectWeights(Float64Array.of(0, 0, Number.NaN, 0, 0, 0), context())).toThrow(
      expect.objectContaining({ code: 'RISK_NOT_FINITE', facts: { asset: 'C', weight: 'NaN' } }),
    );
  });
});

describe('what goes before what', () => {
  test('drawdown control scales the whole book by the unused budget', () => {
    const drifted = Float64Array.of(0.1, 0.1, 0.05, 0.05, 0.1, 0.05);
    const { weights, limitsHit, exposureScale: scale } = projectWeights(drifted, context({ drifted, drawdown: 0.03 }));
    expect(scale).toBeCloseTo(0.75, 15);
    for (const [a, w] of weights.entries()) expect(w).toBeCloseTo(0.75 * drifted[a], 15);
    expect(limitsHit).toEqual([
      { limit: 'drawdown', on: 'portfolio', before: expect.closeTo(0.45, 12), after: expect.closeTo(0.3375, 12) },
    ]);
  });

  test('the scale is 1 at a high, 0 at the budget and beyond', () => {
    expect([0, 0.06, 0.12, 0.5].map((d) => exposureScale(d, limits))).toEqual([1, 0.5, 0, 0]);
  });

  test('lowering risk goes before turnover: a spent budget sells everything at once', () => {
    const drifted = Float64Array.of(0.25, 0.2, 0.1, 0.1, 0.2, 0.15);
    const state = context({ drifted, drawdown: 0.12 });
    const { weights, limitsHit } = projectWeights(drifted, state);
    expect(total(weights)).toBe(0);
    expect(limitsHit.map(({ limit }) => limit)).toEqual(['salesFirst', 'drawdown']);
    expect(checkWeights(weights, state)).toEqual({ accepted: true, reasons: [] });
  });

  test('caps go before turnover: what drifted far above its cap is sold down to it, and nothing is bought', () => {
    const drifted = Float64Array.of(0.9, 0, 0, 0, 0.05, 0);
    const state = context({ drifted });
    const { weights } = projectWeights(Float64Array.of(0, 0, 0, 0, 0.25, 0.25), state);
    expect(Array.from(weights)).toEqual([expect.closeTo(0.25, 12), 0, 0, 0, expect.closeTo(0.05, 12), 0]);
    expect(checkWeights(weights, state).accepted).toBe(true);
  });

  test('what cannot be traded stays, even above its cap, and takes the room of others', () => {
    const drifted = Float64Array.of(0.35, 0, 0, 0, 0.05, 0.05);
    const state = context({ drifted, frozen: Uint8Array.of(1, 0, 0, 0, 0, 0) });
    const { weights, limitsHit } = projectWeights(Float64Array.of(0, 0.25, 0.2, 0, 0.1, 0.1), state);
    expect(weights[0]).toBe(0.35);
    expect(weights[0] + weights[1]).toBeLessThanOrEqual(0.5 + 1e-12);
    expect(weights[0] + weights[2]).toBeLessThanOrEqual(0.4 + 1e-12);
    expect(limitsHit[0]).toEqual({ limit: 'notTradable', on: 'A', before: 0, after: 0.35 });
    expect(checkWeights(weights, state)).toEqual({ accepted: true, reasons: [] });
  });

  test('a frozen book is left as it is, whatever the drawdown', () => {
    const drifted = Float64Array.of(0.3, 0.3, 0.1, 0.1, 0.1, 0.1);
    const { weights } = projectWeights(
      new Float64Array(6),
      context({ drifted, frozen: new Uint8Array(6).fill(1), drawdown: 0.2 }),
    );
    expect(weights).toEqual(drifted);
  });
});

/** Any state that a book could be in, some of it beyond the limits. */
function randomContext(random: ReturnType<typeof createRandom>): { state: RiskContext; target: Float64Array } {
  const assets = 1 + random.integer(20);
  const groups = groupIndex(Array.from({ length: assets }, () => `g${random.integer(4)}`));
  const flags = (p: number): Uint8Array => Uint8Array.from({ length: assets }, () => Number(random.uniform() < p));
  const book = (gross: number, holes: number): Float64Array => {
    const raw = Float64Array.from({ length: assets }, () =>
      random.uniform() < holes ? 0 : -Math.log(1 - random.uniform()),
    );
    const sum = total(raw) || 1;
    return raw.map((w) => (gross * w) / sum);
  };
  const cap = (low: number): number => low + random.uniform() * (1 - low);
  const named = (groups: number, p: number): NamedMask[] =>
    Array.from({ length: groups }, (_, k) => ({ name: `n${k}`, members: flags(p) }));
  const overlaps = random.uniform() < 0.5;
  const state: RiskContext = {
    limits: {
      maxWeight: cap(0.05),
      maxGroupWeight: cap(0.1),
      groupOverrides: { g0: cap(0) },
      maxIlliquidWeight: cap(0),
      maxHubWeight: cap(0),
      ...(overlaps && { maxNeighbourhoodWeight: cap(0), maxCommunityWeight: cap(0.1) }),
      maxGross: cap(0.3),
      maxTurnover: random.uniform() < 0.3 ? 0.02 : cap(0.02),
      drawdown: { budget: 0.12, hardLimit: 0.15, resetAfterDays: null },
    },
    ...groups,
    hubs: flags(0.3),
    illiquid: flags(0.3),
    ...(overlaps && { overlapping: { neighbourhoods: named(3, 0.5), communities: named(2, 0.4) } }),
    drifted: book(random.uniform(), 0.3),
    frozen: flags(random.uniform() < 0.5 ? 0 : 0.3),
    drawdown: random.uniform() < 0.5 ? 0 : 0.15 * random.uniform(),
  };
  const wild = random.uniform() < 0.2;
  const target = wild
    ? Float64Array.from({ length: assets }, () => 3 * random.uniform() - 1)
    : book(random.uniform() < 0.5 ? 1 : random.uniform(), 0.2);
  return { state, target };
}

/** The same of a book with positions of either sign and leverage; one target in five asks for up to 20 times the capital. */
function randomLongShort(random: ReturnType<typeof createRandom>): { state: RiskContext; target: Float64Array } {
  const { state } = randomContext(random);
  const assets = state.drifted.length;
  const maxGross = 0.3 + 3 * random.uniform();
  const book = (gross: number): Float64Array => {
    const raw = Float64Array.from({ length: assets }, () => (random.uniform() < 0.2 ? 0 : random.normal()));
    const size = raw.reduce((sum, w) => sum + Math.abs(w), 0) || 1;
    return raw.map((w) => (gross * w) / size);
  };
  const maxTurnover = random.uniform() < 0.4 ? 0.02 : 4 * random.uniform();
  const more = { mode: 'longShort' as const, maxGross, maxNet: maxGross * random.uniform(), maxTurnover };
  const wild = random.uniform() < 0.2;
  return {
    state: { ...state, limits: { ...state.limits, ...more }, drifted: book(2 * maxGross * random.uniform()) },
    target: wild
      ? Float64Array.from({ length: assets }, () => 40 * random.uniform() - 20)
      : book(maxGross * 1.5 * random.uniform()),
  };
}

test('a long/short book outside caps that overlap: the answer is accepted, and beyond the turnover limit no position grows', () => {
  // its 382nd book needs more than 200 steps of the solver
  const random = createRandom(5);
  let reduced = 0;
  for (let trial = 0; trial < 1000; trial += 1) {
    const { state, target } = randomLongShort(random);
    const { weights, limitsHit } = projectWeights(target, state);
    expect({ trial, ...checkWeights(weights, state) }).toEqual({ trial, accepted: true, reasons: [] });
    if (!limitsHit.some(({ limit }) => limit === 'salesFirst')) continue;
    reduced += 1;
    weights.forEach((w, a) => {
      expect(w * state.drifted[a]).toBeGreaterThanOrEqual(0);
      expect(Math.abs(w)).toBeLessThanOrEqual(Math.abs(state.drifted[a]));
    });
  }
  expect(reduced).toBeGreaterThan(100);
});

test('a hundred assets, each in some of twenty neighbourhoods: the answer is found and accepted', () => {
  const [assets, random] = [100, createRandom(15)];
  const flags = (p: number): Uint8Array => Uint8Array.from({ length: assets }, () => Number(random.uniform() < p));
  const state: RiskContext = {
    ...groupIndex(Array.from({ length: assets }, () => `g${random.integer(8)}`)),
    limits: {
      ...{ maxWeight: 0.05, maxGroupWeight: 0.15, groupOverrides: {}, maxIlliquidWeight: 0.1, maxHubWeight: 0.1 },
      ...{ maxNeighbourhoodWeight: 0.05, maxGross: 1, maxTurnover: 1 },
      drawdown: { budget: 0.12, hardLimit: 0.15, resetAfterDays: null },
    },
    hubs: flags(0.1),
    illiquid: flags(0.33),
    overlapping: {
      neighbourhoods: Array.from({ length: 20 }, (_, k) => ({ name: `n${k}`, members: flags(0.2) })),
      communities: [],
    },
    drifted: new Float64Array(assets),
    frozen: new Uint8Array(assets),
    drawdown: 0,
  };
  const target = Float64Array.from({ length: assets }, () => 2 * random.uniform());
  expect(checkWeights(projectWeights(target, state).weights, state)).toEqual({ accepted: true, reasons: [] });
});

describe('properties over 1,000 random books, limits and targets', () => {
  test('the answer is always accepted by the check, is a portfolio, and does not move when projected again', () => {
    const random = createRandom(21);
    for (let trial = 0; trial < 1000; trial += 1) {
      const { state, target } = randomContext(random);
      const { weights, exposureScale: scale } = projectWeights(target, state);
      expect({ trial, ...checkWeights(weights, state) }).toEqual({ trial, accepted: true, reasons: [] });
      expect(total(weights)).toBeLessThanOrEqual(1 + 1e-9);
      if (scale === 0) continue;
      const again = projectWeights(
        weights.map((w) => w / scale),
        state,
      ).weights;
      expect(Math.max(...again.map((w, a) => Math.abs(w - weights[a])))).toBeLessThan(1e-9);
    }
  });

  test('no accepted portfolio is nearer to the scaled target', () => {
    const random = createRandom(22);
    let compared = 0;
    for (let trial = 0; trial < 400; trial += 1) {
      const { state, target } = randomContext(random);
      const scale = exposureScale(state.drawdown, state.limits);
      const { weights, limitsHit } = projectWeights(target, state);
      if (limitsHit.some(({ limit }) => limit === 'salesFirst')) continue;
      const gap = (w: Float64Array): number =>
        Math.hypot(...w.map((x, a) => (state.frozen[a] === 1 ? 0 : x - scale * target[a])));
      for (let k = 0; k < 15; k += 1) {
        const size = 0.1 ** (1 + (k % 4));
        const other = weights.map((w, a) => (state.frozen[a] === 1 ? w : Math.max(0, w + size * random.normal())));
        if (!withinTurnover(other, state) || !checkWeights(other, state, 0).accepted) continue;
        compared += 1;
        expect(gap(other)).toBeGreaterThan(gap(weights) - 1e-9);
      }
    }
    expect(compared).toBeGreaterThan(200);
  });
});

function withinTurnover(w: Float64Array, { drifted, limits: { maxTurnover } }: RiskContext): boolean {
  const moved = (sign: number): number => w.reduce((sum, x, a) => sum + Math.max(0, sign * (x - drifted[a])), 0);
  return Math.max(moved(1), moved(-1)) <= maxTurnover;
}
