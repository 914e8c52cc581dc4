import { describe, expect, test } from '@jest/globals';
import { type BacktestResult, type MarketData, runBacktest } from '../backtest/backtest.ts';
import { figuresOf } from '../backtest/figures.ts';
import { NO_COSTS } from '../portfolio/costs.ts';
import { type FixtureOptions, fixtureMarket } from '../portfolio/fixture-market.ts';
import { type Limits, NO_LIMITS } from '../risk/limits.ts';
import { baselinePolicies, baselinePolicy, TARGET_VOLATILITY } from './baselines.ts';

const NAMES = [
  'equalWeight',
  'inverseVolatility',
  'volTargetEqualWeight',
  'minVariance',
  'hrp',
  'maxSharpe',
  'buyAndHold',
];
const SESSIONS = 420;

const run = (
  name: string,
  options: Partial<FixtureOptions> = {},
  changes: Partial<MarketData> = {},
  from = 0,
): Promise<BacktestResult> => {
  const policy = baselinePolicy(name);
  if (!policy) throw new Error(name);
  return runBacktest(
    {
      panel: fixtureMarket({ sessions: SESSIONS, assets: 5, seed: 8, ...options }),
      groups: null,
      limits: NO_LIMITS,
      costs: NO_COSTS,
      ...changes,
    },
    policy,
    from,
    SESSIONS - 1,
    { project: false },
  );
};
const rowOf = (result: BacktestResult, t: number): number[] => Array.from(result.weights.slice(t * 5, (t + 1) * 5));

describe('the seven baselines', () => {
  test('have their names', () => {
    expect(baselinePolicies().map(({ name }) => name)).toEqual(NAMES);
    expect(baselinePolicy('other')).toBeUndefined();
  });

  test.each(NAMES)('%s is a portfolio every day, and a changed future never changes it', async (name) => {
    const changed = fixtureMarket({ sessions: SESSIONS, assets: 5, seed: 8 });
    for (let i = 400 * 5; i < changed.returns.length; i += 1) changed.returns[i] *= -3;
    const [result, other] = [await run(name), await run(name, {}, { panel: changed })];
    expect(other.weights.slice(0, 400 * 5)).toEqual(result.weights.slice(0, 400 * 5));
    for (let t = 0; t < SESSIONS; t += 1) {
      expect(result.exposure[t]).toBeLessThanOrEqual(1 + 1e-9);
      for (const w of rowOf(result, t)) expect(w).toBeGreaterThanOrEqual(0);
    }
    expect(result.exposure[400]).toBeGreaterThan(0.3);
  });

  test.each(NAMES.filter((name) => name !== 'buyAndHold'))(
    '%s decides the same wherever the backtest starts',
    async (name) => {
      const early = await run(name, {}, {}, 300);
      const late = await run(name, {}, {}, 330);
      // two sessions after the later start both hold the same target, drifted over the same days
      rowOf(late, 10).forEach((w, a) => {
        expect(w).toBeCloseTo(rowOf(early, 40)[a], 12);
      });
    },
  );

  test('trade on the first session of a month only, and drift between', async () => {
    const result = await run('equalWeight');
    const months = result.dates.map((date, k) => k >= 2 && date.slice(0, 7) !== result.dates[k - 1].slice(0, 7));
    for (let k = 3; k < SESSIONS; k += 1) expect(result.turnover[k] > 1e-12).toBe(months[k - 1]);
  });

  test('buy and hold buys once', async () => {
    const result = await run('buyAndHold', {}, {}, 100);
    expect(result.turnover[1]).toBeCloseTo(1, 12);
    expect(Math.max(...result.turnover.slice(2))).toBeLessThan(1e-12);
  });

  test('estimates wait for 252 sessions of history, and cash is held until then', async () => {
    const result = await run('minVariance');
    const first = result.exposure.findIndex((x) => x > 0);
    expect(first).toBeGreaterThan(252);
    expect(first).toBeLessThan(252 + 25);
  });

  test('the volatility target brings a wild market to 8 % a year', async () => {
    const result = await run('volTargetEqualWeight', { volatility: 0.03, sessions: SESSIONS });
    const { volatility } = figuresOf(result, result.dates[100]);
    expect(volatility).toBeGreaterThan(0.8 * TARGET_VOLATILITY);
    expect(volatility).toBeLessThan(1.3 * TARGET_VOLATILITY);
  });

  test.each(NAMES)('%s lives through late listings, halts and an exit', async (name) => {
    const halts = Array.from({ length: 30 }, (_, i) => [330 + i, 1] as const);
    const options = { listedFrom: { 3: 200 }, halts, exits: [{ t: 380, asset: 4, successor: 0, finalReturn: 0.01 }] };
    const result = await run(name, options, {}, 0);
    for (let t = 0; t < SESSIONS; t += 1) {
      if (t < 200) expect(rowOf(result, t)[3]).toBe(0);
      if (t >= 380) expect(rowOf(result, t)[4]).toBe(0);
      expect(Number.isFinite(result.nav[t])).toBe(true);
    }
    // nothing of a halted asset is bought or sold
    for (let t = 331; t < 360; t += 1) {
      const growth = result.nav[t] / result.nav[t - 1];
      if (rowOf(result, t)[1] > 0) expect(rowOf(result, t)[1]).toBeCloseTo(rowOf(result, t - 1)[1] / growth, 12);
    }
    expect(Math.max(...result.exposure)).toBeGreaterThan(0.7);
  });

  test('let drift the unscaled portfolio: drawdown control does not decay exposure day after day', async () => {
    const limits: Limits = { ...NO_LIMITS, drawdown: { budget: 0.5, hardLimit: 0.5, resetAfterDays: null } };
    const panel = fixtureMarket({ sessions: SESSIONS, assets: 5, seed: 8 });
    panel.returns.fill(0);
    panel.returns.fill(-0.1, 5 * 5, 6 * 5);
    const result = await runBacktest(
      { panel, groups: null, limits, costs: NO_COSTS },
      baselinePolicies()[0],
      0,
      SESSIONS - 1,
    );
    // a fall of 10 % of a budget of 50 % leaves exposure at 80 %, for good
    expect(result.exposure[10]).toBeCloseTo(0.8, 12);
    expect(result.exposure[419]).toBeCloseTo(0.8, 12);
  });
});
