import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { modelPolicy, runBacktest } from '../backtest/backtest.ts';
import { actionToWeights } from '../portfolio/action.ts';
import { PortfolioBook } from '../portfolio/book.ts';
import type { Costs } from '../portfolio/costs.ts';
import { fixtureMarket } from '../portfolio/fixture-market.ts';
import { checkWeights } from '../risk/check.ts';
import { groupIndex, type RiskContext } from '../risk/context.ts';
import { assertFeasibleLimits } from '../risk/feasible-limits.ts';
import { type Limits, limitsSchema } from '../risk/limits.ts';
import { projectWeights } from '../risk/projection.ts';
import { createRandom } from '../simulation/random.ts';
import { checkEnvironment } from './check-environment.ts';
import { PortfolioEnvironment, VectorEnvironment } from './environment.ts';
import { fixtureCosts, fixtureData, fixtureLimits } from './fixture-data.ts';

const limits: Limits = {
  ...fixtureLimits,
  mode: 'longShort',
  maxGross: 1.6,
  maxNet: 0.8,
  maxWeight: 0.5,
  maxTurnover: 1.5,
};
const costs: Costs = {
  ...fixtureCosts,
  borrowRateAnnual: 0.03,
  borrowRateOverrides: { A01: 0.2 },
  financingSpreadAnnual: 0.04,
};
const gross = (w: ArrayLike<number>): number => Array.from(w).reduce((sum, x) => sum + Math.abs(x), 0);
const net = (w: ArrayLike<number>): number => Array.from(w).reduce((sum, x) => sum + x, 0);

const options = {
  sessions: 200,
  assets: 5,
  exits: [{ t: 120, asset: 4, successor: 2, finalReturn: 0.01 }],
  volume: 5e6,
};
const data = {
  ...fixtureData({
    ...options,
    halts: [
      [60, 1],
      [61, 1],
    ],
    listedFrom: { 3: 50 },
  }),
  limits,
  costs,
};
const reward = { lambdaVolatility: 0, lambdaTurnover: 0, lambdaDrawdown: 0 };

describe('limits', () => {
  test('leverage and a net limit are for long/short books alone', () => {
    for (const wrong of [{ maxGross: 1.2 }, { maxNet: 0.5 }, { maxTurnover: 1.5 }])
      expect(limitsSchema.safeParse({ ...fixtureLimits, ...wrong }).success).toBe(false);
    expect(limitsSchema.safeParse(limits).success).toBe(true);
  });

  test('a net limit above the gross one cannot hold together with it', () => {
    expect(() => assertFeasibleLimits({ ...limits, maxNet: 1.7 }, 5)).toThrow(
      expect.objectContaining({
        code: 'LIMITS_INFEASIBLE',
        facts: expect.objectContaining({ field: 'maxNet', value: 1.7 }),
      }),
    );
  });
});

describe('projection', () => {
  const names = ['even', 'odd', 'even', 'odd', 'even'];
  const contextOf = (changes: Partial<RiskContext>): RiskContext => ({
    limits: { ...limits, groupOverrides: { odd: 0.3 } },
    ...groupIndex(names),
    hubs: Uint8Array.of(1, 1, 0, 0, 0),
    illiquid: Uint8Array.of(0, 0, 0, 1, 1),
    drifted: new Float64Array(5),
    frozen: new Uint8Array(5),
    drawdown: 0,
    ...changes,
  });
  const weight = fc.double({ min: -1.5, max: 1.5, noNaN: true });
  const five = (x: fc.Arbitrary<number>) => fc.tuple(x, x, x, x, x).map((values) => Float64Array.from(values));
  const inputs = fc.record({
    target: five(weight),
    drifted: five(fc.double({ min: -0.3, max: 0.3, noNaN: true })),
    frozen: five(fc.constantFrom(0, 0, 0, 1)).map((values) => Uint8Array.from(values)),
    drawdown: fc.double({ min: 0, max: 0.19, noNaN: true }),
  });

  test('every answer passes the check that knows nothing of the projection, and projecting again changes nothing', () => {
    fc.assert(
      fc.property(inputs, ({ target, ...rest }) => {
        const context = contextOf(rest);
        const { weights } = projectWeights(target, context);
        const { reasons } = checkWeights(weights, context, 1e-7);
        // lowering risk goes before turnover, and a short position is lowered by buying
        expect(reasons.filter((reason) => !reason.startsWith('turnover'))).toEqual([]);
      }),
      { numRuns: 400, seed: 5 },
    );
    fc.assert(
      fc.property(five(weight), (target) => {
        const context = contextOf({});
        const { weights } = projectWeights(target, context);
        const again = projectWeights(weights, context).weights;
        weights.forEach((w, a) => {
          expect(Math.abs(again[a] - w)).toBeLessThan(1e-9);
        });
      }),
      { numRuns: 200, seed: 6 },
    );
  });

  test('it is the nearest portfolio within the limits: no mixture with another feasible one is nearer', () => {
    const random = createRandom(4);
    const distance = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0);
    for (let k = 0; k < 300; k++) {
      const target = Float64Array.from({ length: 5 }, () => random.normal());
      const context = contextOf({ limits: { ...limits, maxTurnover: 10 } });
      const { weights } = projectWeights(target, context);
      const other = projectWeights(
        Float64Array.from({ length: 5 }, () => random.normal()),
        context,
      ).weights;
      for (const share of [0.001, 0.01, 0.1]) {
        const mixed = weights.map((w, a) => (1 - share) * w + share * other[a]);
        expect(distance(mixed, target)).toBeGreaterThanOrEqual(distance(weights, target) - 1e-12);
      }
    }
  });

  test('caps bind on both sides and are named', () => {
    const { weights, limitsHit } = projectWeights(Float64Array.of(-1, -0.4, -0.4, 0.1, 0), contextOf({}));
    expect(weights[0]).toBeGreaterThanOrEqual(-0.5 - 1e-12);
    expect(limitsHit.map(({ limit, on }) => `${limit} ${on}`)).toEqual(
      expect.arrayContaining(['maxWeight asset 0', 'maxHubWeight hubs', 'maxGross portfolio', 'maxNet portfolio']),
    );
  });

  test('drawdown control has the last word: everything is scaled by what is left of the budget', () => {
    const target = Float64Array.of(0.3, -0.3, 0.2, -0.1, 0.1);
    const free = contextOf({ limits: { ...limits, maxGroupWeight: 1, maxTurnover: 10 }, drawdown: 0.05 });
    const { weights, exposureScale } = projectWeights(target, free);
    expect(exposureScale).toBeCloseTo(0.75, 12);
    target.forEach((w, a) => {
      expect(weights[a]).toBeCloseTo(0.75 * w, 12);
    });
  });
});

describe('action', () => {
  const anchorLogit = Float32Array.of(0.3, -0.2, 0.1, 0);
  const usable = Uint8Array.of(1, 1, 1, 0);
  const signed = { anchorLogit, at: 0, maxGross: 1.5 };
  const weightsOf = (action: readonly number[]): Float64Array => {
    const out = new Float64Array(4);
    actionToWeights(Float32Array.from(action), 0, usable, out, signed);
    return out;
  };

  test('without tilts it is the long-only anchor, bit for bit', () => {
    const action = Float32Array.of(...anchorLogit, -0.4);
    const long = new Float64Array(4);
    actionToWeights(action, 0, usable, long);
    expect(weightsOf([...anchorLogit, -0.4])).toEqual(long);
  });

  test('tilts take assets short; the gross exposure never passes its limit; what is not usable stays out', () => {
    const random = createRandom(2);
    let shorts = 0;
    for (let k = 0; k < 500; k++) {
      const weights = weightsOf(Array.from({ length: 5 }, () => 2 * random.normal()));
      expect(gross(weights)).toBeLessThanOrEqual(1.5 * (1 + 1e-9));
      expect(weights[3]).toBe(0);
      if (weights.some((w) => w < 0)) shorts++;
    }
    expect(shorts).toBeGreaterThan(400);
  });
});

describe('the book', () => {
  test('earns the cash of what is sold short, pays its fee, and the spread on what it owes', () => {
    const panel = fixtureMarket({ sessions: 3, assets: 2 });
    panel.returns.set([0, 0, 0.02, 0.01, 0, 0]);
    const book = PortfolioBook.start(2);
    const free = { ...costs, commissionBps: 0, slippageBps: 0, impactCoefficient: 0 };
    book.fill(panel, 0, Float64Array.of(0.9, -0.4), free);
    expect(book.cash).toBeCloseTo(0.5, 15);
    const short = 1 + 0.9 * 0.02 - 0.4 * 0.01 + (0.5 * 0.02) / 252 - (0.4 * 0.2) / 252;
    expect(book.growth(panel, 1, free)).toBeCloseTo(short, 15);
    book.markTo(panel, 1, free);
    expect(book.nav).toBeCloseTo(short, 15);
    expect(book.cash + net(book.held)).toBeCloseTo(1, 12);
    const levered = PortfolioBook.start(2);
    levered.fill(panel, 0, Float64Array.of(1.1, 0.3), free);
    expect(levered.cash).toBeCloseTo(-0.4, 15);
    expect(levered.growth(panel, 1, free)).toBeCloseTo(1 + 1.1 * 0.02 + 0.3 * 0.01 - (0.4 * 0.06) / 252, 15);
  });

  test('agrees with a ledger of money over random long/short trades', () => {
    const panel = fixtureMarket({ sessions: 250, assets: 3 });
    const random = createRandom(8);
    const book = PortfolioBook.start(3);
    const money = new Float64Array(3);
    let cash = 1;
    panel.dates.forEach((_, t) => {
      if (t > 0) {
        let fees = 0;
        for (let a = 0; a < 3; a++) {
          if (money[a] < 0) fees += (money[a] * (panel.symbols[a] === 'A01' ? 0.2 : 0.03)) / 252;
          money[a] *= 1 + panel.returns[t * 3 + a];
        }
        cash += (cash * (cash < 0 ? 0.06 : 0.02)) / 252 + fees;
        book.markTo(panel, t, costs);
      }
      const target = Float64Array.from({ length: 3 }, () => 0.6 * random.normal());
      const nav = cash + net(money);
      const rate = (costs.commissionBps + costs.slippageBps) / 10_000;
      const after = nav * (1 - gross(target.map((w, a) => w - money[a] / nav)) * rate);
      for (let a = 0; a < 3; a++) money[a] = target[a] * after;
      cash = after - net(money);
      book.fill(panel, t, target, { ...costs, impactCoefficient: 0 });
      expect(book.nav).toBeCloseTo(after, 10);
    });
  });

  test('a book that loses all is bankrupt, not an error; one without leverage whose prices are broken is an error', () => {
    const panel = fixtureMarket({ sessions: 3, assets: 2 });
    panel.returns.set([0, 0, 2.5, 0, 0, 0]);
    const short = PortfolioBook.start(2);
    short.fill(panel, 0, Float64Array.of(-0.5, 0), costs);
    short.markTo(panel, 1, costs);
    expect(short).toMatchObject({ bankrupt: true, nav: 0, cash: 1 });
    expect(PortfolioBook.restore(short.state()).bankrupt).toBe(true);
    panel.returns.set([0, 0, -1.5, 0, 0, 0]);
    const long = PortfolioBook.start(2);
    long.fill(panel, 0, Float64Array.of(1, 0), costs);
    expect(() => long.markTo(panel, 1, costs)).toThrow(expect.objectContaining({ code: 'BOOK_NOT_FINITE' }));
  });
});

describe('environment', () => {
  const act = (observation: Float32Array, assets: number, features: number): Float32Array => {
    const action = new Float32Array(assets + 1);
    for (let a = 0; a < assets; a += 1)
      action[a] = observation[a * features + features - 3] - 2 * observation[a * features] - 0.3 * (a % 2);
    action[assets] = -0.05;
    return action;
  };

  test('the backtest and the environment are one loop here too: halts, a late listing, a merger, short positions', async () => {
    const policy = { act: (o: Float32Array, _b: number, a: number, f: number) => act(o, a, f) };
    const [from, to] = [15, 199];
    const result = await runBacktest(data, modelPolicy('p', policy, data.tensor, data.normaliser), from, to);
    const environment = new PortfolioEnvironment(data, { from: 10, to: 199, episodeDays: 184, reward });
    environment.resetAt(from);
    const observation = new Float32Array(environment.assets * environment.features);
    for (let k = 1; k <= to - from - 1; k += 1) {
      environment.observe(observation, 0);
      environment.step(act(observation, environment.assets, environment.features), 0);
      expect(environment.book.nav).toBe(result.nav[k]);
      expect(environment.book.held).toEqual(result.weights.slice(k * 5, (k + 1) * 5));
    }
    expect(result.weights.some((w) => w < -0.05)).toBe(true);
    expect(Math.max(...result.nav.map((_, k) => gross(result.weights.slice(k * 5, (k + 1) * 5))))).toBeGreaterThan(1);
  });

  test('keeps the contract of environments, and says so', () => {
    expect(checkEnvironment(new PortfolioEnvironment(data, { from: 15, to: 199, episodeDays: 40, reward }), 3)).toEqual(
      [],
    );
  });

  test('ruin ends the episode as terminated, not truncated, with a finite reward', () => {
    const market = fixtureData({ sessions: 80, assets: 2 });
    const returns = market.panel.returns.map((r, i) => (Math.floor(i / 2) === 40 ? 3 : r));
    const loose = { ...limits, maxWeight: 1, maxGross: 2, maxNet: 1.5, maxTurnover: 4, maxGroupWeight: 1 };
    const risky = { ...market, panel: { ...market.panel, returns }, limits: loose, costs, groups: null };
    const environments = new VectorEnvironment(
      () => new PortfolioEnvironment(risky, { from: 15, to: 79, episodeDays: 60, reward }),
      4,
      createRandom(1),
    );
    let [ruined, timed] = [0, 0];
    for (let k = 0; k < 200; k++) {
      environments.step(Float32Array.from({ length: 12 }, (_, i) => (i % 3 === 2 ? 0 : -6)));
      environments.dones.forEach((done, i) => {
        expect(Number.isFinite(environments.rewards[i])).toBe(true);
        if (done === 0) expect(environments.truncated[i]).toBe(0);
        else if (environments.truncated[i] === 1) timed++;
        else ruined++;
      });
    }
    expect(ruined).toBeGreaterThan(0);
    expect(timed + ruined).toBeGreaterThan(3);
  });
});
