import { describe, expect, test } from '@jest/globals';
import { fixtureCosts, fixtureLimits } from '../environment/fixture-data.ts';
import { NO_COSTS } from '../portfolio/costs.ts';
import { fixtureMarket } from '../portfolio/fixture-market.ts';
import { blendPolicies, type MarketData, runBacktest, type TargetPolicy } from './backtest.ts';
import { figuresOf, returnsBetween } from './figures.ts';

const constant = (name: string, weights: number[]): TargetPolicy => ({
  name,
  decide: () => Float64Array.from(weights),
});
const market = (changes: Partial<MarketData> = {}): MarketData => ({
  panel: fixtureMarket({ sessions: 80, assets: 3 }),
  groups: null,
  limits: fixtureLimits,
  costs: NO_COSTS,
  ...changes,
});

describe('runBacktest', () => {
  test('decides at t, fills at t + 1, earns from there on', async () => {
    const data = market();
    data.panel.returns.fill(0);
    data.panel.returns.set([0.5, 0.5, 0.5], 11 * 3);
    data.panel.returns.set([0.1, 0, 0], 12 * 3);
    const asked: number[] = [];
    const policy: TargetPolicy = {
      name: 'once',
      decide(t) {
        asked.push(t);
        return Float64Array.of(t === 10 ? 0.4 : 0, 0, 0);
      },
    };
    const result = await runBacktest(data, policy, 10, 14);
    expect(asked).toEqual([10, 11, 12, 13]);
    expect(result.dates).toEqual(data.panel.dates.slice(10, 15));
    // decided at 10, filled at 11 after the move of 11, sold at 12 after the move of 12
    expect(Array.from(result.nav)).toEqual([
      1,
      1,
      expect.closeTo(1.04, 14),
      expect.closeTo(1.04, 14),
      expect.closeTo(1.04, 14),
    ]);
    expect(Array.from(result.exposure)).toEqual([0, expect.closeTo(0.4, 14), 0, 0, 0]);
    expect(Array.from(result.turnover)).toEqual([0, expect.closeTo(0.4, 14), expect.closeTo(0.44 / 1.04, 14), 0, 0]);
  });

  test('gives the same bits for a policy that answers later', async () => {
    const data = market({ costs: fixtureCosts });
    const now = constant('p', [0.3, 0.3, 0.2]);
    const later: TargetPolicy = { name: 'p', decide: async () => Float64Array.of(0.3, 0.3, 0.2) };
    expect(await runBacktest(data, later, 0, 79)).toEqual(await runBacktest(data, now, 0, 79));
  });

  test('charges extra cost and can leave targets as they are', async () => {
    const data = market();
    const policy = constant('p', [0.9, 0, 0]);
    const raw = await runBacktest(data, policy, 0, 79, { project: false });
    expect(raw.weights[3]).toBe(0.9);
    const dear = await runBacktest(data, policy, 0, 79, { project: false, extraCostBps: 100 });
    expect(dear.costs[1]).toBeCloseTo(0.009, 15);
    expect(dear.nav[79]).toBeLessThan(raw.nav[79]);
  });

  test('checks every decision on request and counts the limits that were hit', async () => {
    const data = market();
    const policy = constant('p', [0.9, 0, 0]);
    const kept = await runBacktest(data, policy, 0, 79, { checkLimits: true });
    expect(kept.breaches).toEqual([]);
    expect(kept.limitsHit.maxWeight).toBe(79);
    const broken = await runBacktest(data, policy, 0, 79, { checkLimits: true, project: false });
    expect(broken.breaches).toHaveLength(79);
    expect(broken.breaches?.[0]).toEqual({
      date: data.panel.dates[0],
      reasons: expect.arrayContaining([expect.stringContaining('A00: weight 90.00 %')]),
    });
  });

  test.each([10, null])(
    'a book that is ruined stays at nothing, with finite figures (high-water mark reset: %s)',
    async (resetAfterDays) => {
      const data = market({
        limits: {
          ...fixtureLimits,
          mode: 'longShort',
          maxWeight: 1,
          maxGroupWeight: 1,
          maxGross: 2,
          maxNet: 1.5,
          maxTurnover: 4,
          drawdown: { budget: 1, hardLimit: 1, resetAfterDays },
        },
      });
      data.panel.returns.set([3, 0, 0], 20 * 3);
      const result = await runBacktest(data, constant('short', [-0.9, 0, 0]), 0, 79);
      expect(result.nav[19]).toBeGreaterThan(0);
      expect(new Set(result.nav.slice(20))).toEqual(new Set([0]));
      expect([result.returns[20], result.drawdown[79], result.exposure[79]]).toEqual([-1, 1, 0]);
      for (const value of [...result.returns, ...result.turnover, ...result.costs, ...result.weights])
        expect(Number.isFinite(value)).toBe(true);
      expect(figuresOf(result).maxDrawdown).toBe(-1);
    },
  );

  test('a book whose only asset is delisted worthless has lost all, which is not an error', async () => {
    const panel = fixtureMarket({
      sessions: 80,
      assets: 3,
      exits: [{ t: 20, asset: 0, successor: -1, finalReturn: -1 }],
    });
    const data = market({ panel, limits: { ...fixtureLimits, maxWeight: 1, maxGroupWeight: 1, maxTurnover: 1 } });
    const result = await runBacktest(data, constant('all in', [1, 0, 0]), 18, 40, { project: false });
    expect(result.nav[1]).toBe(1);
    expect([...result.nav.slice(2)]).toEqual(new Array(21).fill(0));
  });

  test('refuses a range outside the data', async () => {
    for (const [from, to] of [
      [-1, 5],
      [0, 80],
      [5, 5],
      [0.5, 3],
    ]) {
      await expect(runBacktest(market(), constant('p', [0, 0, 0]), from, to)).rejects.toMatchObject({
        code: 'BACKTEST_RANGE',
        kind: 'badInput',
      });
    }
  });

  test('blends capital: ten per cent of the challenger, and trades only what both may trade', async () => {
    const data = market();
    const champion = constant('champion', [0.4, 0, 0]);
    const challenger: TargetPolicy = { ...constant('challenger', [0, 0.4, 0]), usable: () => Uint8Array.of(1, 1, 0) };
    const blend = blendPolicies(champion, challenger, 0.1);
    const result = await runBacktest(data, blend, 0, 1);
    expect(Array.from(result.weights.slice(3, 6))).toEqual([expect.closeTo(0.36, 14), expect.closeTo(0.04, 14), 0]);
    expect(blend.usable?.(0, data.panel)).toEqual(Uint8Array.of(1, 1, 0));
    const later: TargetPolicy = { ...champion, decide: async () => Float64Array.of(0.4, 0, 0) };
    expect((await runBacktest(data, blendPolicies(later, challenger, 0.1), 0, 1)).weights).toEqual(result.weights);
  });
});

describe('figuresOf', () => {
  test('reads the sessions between two dates, the start left out', async () => {
    const data = market({ costs: fixtureCosts });
    const result = await runBacktest(data, constant('p', [0.3, 0.3, 0.2]), 0, 79);
    expect(returnsBetween(result)).toHaveLength(79);
    const [from, to] = [data.panel.dates[10], data.panel.dates[20]];
    expect(Array.from(returnsBetween(result, from, to))).toEqual(Array.from(result.returns.slice(10, 21)));
    const figures = figuresOf(result, from, to);
    expect(figures.turnover).toBeCloseTo((252 / 11) * result.turnover.slice(10, 21).reduce((s, x) => s + x, 0), 12);
    expect(figures.costBps).toBeCloseTo((252e4 / 11) * result.costs.slice(10, 21).reduce((s, x) => s + x, 0), 9);
    expect(figures.maxDrawdown).toBeLessThanOrEqual(0);
    expect((1 + (figures.annualReturn as number)) ** (11 / 252)).toBeCloseTo(result.nav[20] / result.nav[9], 12);
  });

  test('has no Sharpe for all cash, never 1e16', async () => {
    const result = await runBacktest(market(), constant('cash', [0, 0, 0]), 0, 79);
    expect(figuresOf(result)).toEqual({
      sharpe: null,
      annualReturn: 0,
      volatility: 0,
      maxDrawdown: 0,
      turnover: 0,
      costBps: 0,
    });
  });
});
