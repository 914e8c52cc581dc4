import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { modelPolicy, runBacktest } from '../backtest/backtest.ts';
import type { RiskGroupsHistory } from '../features/groups.ts';
import type { Policy } from '../policy/policy.ts';
import type { Limits } from '../risk/limits.ts';
import { type EnvironmentData, PortfolioEnvironment } from './environment.ts';
import { fixtureData } from './fixture-data.ts';

const [SESSIONS, FROM] = [110, 14];

/** Any market, book and costs, with everything that can happen on one way through it: see the names in the last test of this file. */
const worlds = fc.record({
  seed: fc.nat(1e6),
  assets: fc.integer({ min: 4, max: 8 }),
  longShort: fc.boolean(),
  halts: fc.array(fc.tuple(fc.integer({ min: 20, max: 105 }), fc.nat(7)), { minLength: 2, maxLength: 15 }),
  listedFrom: fc.integer({ min: 20, max: 80 }),
  delistedAt: fc.integer({ min: 30, max: 100 }),
  mergedAt: fc.integer({ min: 30, max: 100 }),
  finalReturn: fc.double({ min: -1, max: 0.2, noNaN: true }),
  caps: fc.tuple(...Array.from({ length: 6 }, () => fc.double({ min: 0.05, max: 1, noNaN: true }))),
  budget: fc.double({ min: 0.01, max: 0.3, noNaN: true }),
  band: fc.option(fc.double({ min: 0, max: 0.5, noNaN: true }), { nil: undefined }),
  resetAfterDays: fc.option(fc.integer({ min: 5, max: 40 })),
  rates: fc.tuple(...Array.from({ length: 6 }, () => fc.double({ min: 0, max: 1, noNaN: true }))),
});
type World = typeof worlds extends fc.Arbitrary<infer T> ? T : never;

function limitsOf({ caps, longShort, budget, band, resetAfterDays }: World): Limits {
  const [maxWeight, maxGroupWeight, odd, maxIlliquidWeight, maxHubWeight, turnover] = caps;
  const drawdown = { budget, hardLimit: 0.3, resetAfterDays, ...(band === undefined ? {} : { band }) };
  const graph = {
    maxIlliquidWeight,
    maxHubWeight,
    maxNeighbourhoodWeight: 0.4 + 0.6 * maxIlliquidWeight,
    maxCommunityWeight: 0.3 + 0.7 * maxHubWeight,
  };
  const common = { maxWeight, maxGroupWeight, groupOverrides: { odd }, ...graph, drawdown };
  return longShort
    ? { ...common, mode: 'longShort', maxGross: 1 + turnover, maxNet: 2 * turnover, maxTurnover: 2 * turnover }
    : { ...common, maxGross: Math.min(1, turnover + 0.4), maxTurnover: turnover };
}

function dataOf(world: World): EnvironmentData {
  const { seed, assets, halts, listedFrom, delistedAt, mergedAt, finalReturn, rates } = world;
  const exits = [
    { t: delistedAt, asset: 0, successor: -1, finalReturn },
    { t: mergedAt, asset: 1, successor: 2, finalReturn: 0.02 },
  ].sort((a, b) => a.t - b.t);
  const data = fixtureData({
    sessions: SESSIONS,
    assets,
    seed,
    volatility: 0.02,
    halts: halts.filter(([, a]) => a < assets),
    listedFrom: { 3: listedFrom },
    exits,
    volume: 3e6,
  });
  data.panel.volume.forEach((_, i) => {
    if (i % assets === assets - 1) data.panel.volume[i] = Number.NaN; // one asset whose traded value is not known
  });
  const [commission, slippage, impact, cash, borrow, spread] = rates;
  const costs = {
    commissionBps: 10 * commission,
    slippageBps: 10 * slippage,
    slippageOverrides: { A02: 25 },
    impactCoefficient: impact,
    capital: 1e6,
    cashRateAnnual: 0.1 * cash,
    borrowRateAnnual: 0.2 * borrow,
    borrowRateOverrides: { A01: 0.5 },
    financingSpreadAnnual: 0.2 * spread,
  };
  return { ...data, groups: data.groups && withOverlapping(data.groups), limits: limitsOf(world), costs };
}

/** Two neighbourhoods that share an asset, and a community; others from the second date on. */
function withOverlapping(groups: RiskGroupsHistory): RiskGroupsHistory {
  const group = (name: string, members: readonly number[]) => ({
    name,
    members: Uint8Array.from(groups.symbols, (_, a) => Number(members.includes(a))),
  });
  const overlapping = groups.dates.map((_, k) => ({
    neighbourhoods: [group('first', [0, 1 + k, 3]), group('second', [1, 2, 3])],
    communities: k === 0 ? [group('0', [2, 3])] : [],
  }));
  return { ...groups, overlapping };
}

/** Restless: what it has seen decides everything, the book and its drawdown too. */
const policy: Policy = {
  act(observation, _batch, assets, features) {
    const action = new Float32Array(assets + 1);
    for (let a = 0; a < assets; a++) {
      const row = observation.subarray(a * features, (a + 1) * features);
      action[a] = 3 * Math.sin(2 * row[0] + a) + row[features - 6] - 2 * row[features - 5];
    }
    action[assets] = 0.6 * Math.sin(observation[1]) - 0.2;
    return action;
  },
};

const seen = new Set<string>();

test('a policy stepped through the environment and through the backtest has the same portfolio to the bit, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      const data = dataOf(world);
      const assets = data.panel.symbols.length;
      const model = modelPolicy('restless', policy, data.tensor, data.normaliser);
      const backtest = await runBacktest(data, model, FROM, SESSIONS - 1);
      const reward = { lambdaVolatility: 0, lambdaTurnover: 0, lambdaDrawdown: 0 };
      const environment = new PortfolioEnvironment(data, { from: FROM, to: SESSIONS - 1, episodeDays: 90, reward });
      environment.resetAt(FROM);
      const observation = new Float32Array(assets * environment.features);
      const stepped = {
        nav: [1],
        turnover: [0],
        costs: [0],
        drawdown: [0],
        weights: new Array<number>(assets).fill(0),
      };
      for (let done = false; !done; ) {
        environment.observe(observation, 0);
        ({ done } = environment.step(policy.act(observation, 1, assets, environment.features) as Float32Array, 0));
        const { book, loop } = environment;
        stepped.nav.push(book.nav);
        stepped.turnover.push(loop.turnover);
        stepped.costs.push(loop.cost);
        stepped.drawdown.push(book.drawdown(data.limits));
        stepped.weights.push(...book.held);
        note(environment, data);
      }
      expect(stepped.nav.length).toBeGreaterThan(10);
      for (const [name, values] of Object.entries(stepped) as [keyof typeof stepped, number[]][])
        expect(Float64Array.from(values)).toEqual(backtest[name].slice(0, values.length));
      for (const limit of Object.keys(backtest.limitsHit)) seen.add(limit);
    }),
    { numRuns: 50, seed: 3 },
  );
});

function note({ book, t }: PortfolioEnvironment, { panel }: EnvironmentData): void {
  const row = t * book.held.length;
  const is = (name: string, happened: boolean): void => void (happened && seen.add(name));
  book.held.forEach((weight, a) => {
    is('held through a halt', weight !== 0 && panel.tradable[row + a] === 0);
    is('a late listing is held', a === 3 && weight !== 0 && panel.listed[a] === 0);
    is('short', weight < 0);
  });
  is('cash is owed', book.cash < 0);
  for (const exit of panel.exits) is(exit.successor < 0 ? 'delisted' : 'merged', exit.t === t);
}

test('and everything did happen', () => {
  const limits = [
    'maxWeight',
    'maxGroupWeight',
    'maxIlliquidWeight',
    'maxHubWeight',
    'maxNeighbourhoodWeight',
    'maxCommunityWeight',
    'maxGross',
    'maxNet',
    'maxTurnover',
  ];
  const more = ['salesFirst', 'drawdown', 'notTradable', 'held through a halt', 'a late listing is held'];
  expect([...seen].sort()).toEqual([...limits, ...more, 'short', 'cash is owed', 'delisted', 'merged'].sort());
});
