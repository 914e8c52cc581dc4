import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../simulation/random.ts';
import { PortfolioBook } from './book.ts';
import { type Costs, NO_COSTS } from './costs.ts';
import { fixtureMarket } from './fixture-market.ts';
import { oneWayTurnover, tradeCost } from './trade-cost.ts';

const paid: Costs = { ...NO_COSTS, commissionBps: 1, slippageBps: 4, slippageOverrides: { A01: 9 } };
const noReset = { drawdown: { resetAfterDays: null } };

/** Units and money, the slow way: what the book's fractions must equal. */
function ledgerNav(panel: ReturnType<typeof fixtureMarket>, targets: Float64Array[], costs: Costs): number {
  const assets = panel.symbols.length;
  let cash = 1;
  const money = new Float64Array(assets);
  targets.forEach((target, t) => {
    for (let a = 0; a < assets; a += 1) money[a] *= 1 + panel.returns[t * assets + a];
    const nav = cash + money.reduce((sum, m) => sum + m, 0);
    let cost = 0;
    for (let a = 0; a < assets; a += 1) {
      const rate = (costs.commissionBps + (costs.slippageOverrides[panel.symbols[a]] ?? costs.slippageBps)) / 1e4;
      cost += Math.abs(target[a] - money[a] / nav) * rate;
    }
    const after = nav * (1 - cost);
    for (let a = 0; a < assets; a += 1) money[a] = target[a] * after;
    cash = after - money.reduce((sum, m) => sum + m, 0);
  });
  return cash + money.reduce((sum, m) => sum + m, 0);
}

describe('the book', () => {
  test('agrees with a ledger of money over random trades, costs by asset', () => {
    const panel = fixtureMarket({ sessions: 200, assets: 4 });
    const random = createRandom(3);
    const targets = panel.dates.map(() => Float64Array.from({ length: 4 }, () => random.uniform() / 4));
    const book = PortfolioBook.start(4);
    targets.forEach((target, t) => {
      if (t > 0) book.markTo(panel, t);
      book.fill(panel, t, target, paid);
    });
    expect(book.nav).toBeCloseTo(ledgerNav(panel, targets, paid), 12);
    expect(book.cash + book.held.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 14);
  });

  test('drifts with returns and earns interest on cash, act/252', () => {
    const panel = fixtureMarket({ sessions: 3, assets: 2 });
    panel.returns.set([0, 0, 0.1, -0.05, 0, 0]);
    const book = PortfolioBook.start(2);
    book.fill(panel, 0, Float64Array.of(0.5, 0.3), NO_COSTS);
    expect(book.growth(panel, 1, { cashRateAnnual: 0.0252 })).toBeCloseTo(1 + 0.05 - 0.015 + 0.2 * 0.0001, 15);
    book.markTo(panel, 1, { cashRateAnnual: 0.0252 });
    const nav = 1 + 0.05 - 0.015 + 0.2 * 0.0001;
    expect(book.nav).toBeCloseTo(nav, 15);
    expect(book.held[0]).toBeCloseTo(0.55 / nav, 15);
    expect(book.cash).toBeCloseTo((0.2 * 1.0001) / nav, 15);
  });

  test('counts turnover one-way against drifted weights, cash included', () => {
    const panel = fixtureMarket({ sessions: 2, assets: 2 });
    const book = PortfolioBook.start(2);
    expect(book.fill(panel, 0, Float64Array.of(1, 0), paid)).toEqual({ turnover: 1, cost: 0.0005 });
    const swap = book.fill(panel, 0, Float64Array.of(0, 1), paid);
    expect(swap.turnover).toBe(1);
    expect(swap.cost).toBeCloseTo(0.0005 + 0.001, 15);
    expect(oneWayTurnover([0.5, 0.5], [0.2, 0.6])).toBeCloseTo(0.3, 15);
    expect(tradeCost(panel, 0, [0, 0], [0.5, 0.5], paid)).toBeCloseTo(0.5 * 0.0005 + 0.5 * 0.001, 15);
  });

  test('charges square-root impact where volume is known, and none where it is not', () => {
    const costs = { ...NO_COSTS, impactCoefficient: 1, capital: 1_000_000 };
    const known = fixtureMarket({ sessions: 30, assets: 1, volume: 10_000_000 });
    const t = 29;
    let squares = 0;
    for (let s = t - 20; s <= t; s += 1) squares += known.returns[s] ** 2;
    const sigma = Math.sqrt(squares / 21);
    expect(tradeCost(known, t, [0], [0.4], costs)).toBeCloseTo(0.4 * sigma * Math.sqrt(0.04), 15);
    expect(tradeCost(fixtureMarket({ sessions: 30, assets: 1 }), t, [0], [0.4], costs)).toBe(0);
  });

  test('keeps a halted asset at its units and shrinks purchases that would need its money', () => {
    const panel = fixtureMarket({ sessions: 4, assets: 3, halts: [[2, 0]] });
    const book = PortfolioBook.start(3);
    book.fill(panel, 0, Float64Array.of(0.6, 0.2, 0.1), NO_COSTS);
    book.markTo(panel, 1);
    book.markTo(panel, 2);
    const halted = book.held[0];
    const before = Float64Array.from(book.held);
    book.fill(panel, 2, Float64Array.of(0, 0.5, 0.5), NO_COSTS);
    expect(book.held[0]).toBe(halted);
    expect(book.cash).toBeCloseTo(0, 12);
    const shrink = (book.held[1] - before[1]) / (0.5 - before[1]);
    expect((book.held[2] - before[2]) / (0.5 - before[2])).toBeCloseTo(shrink, 12);
    expect(shrink).toBeLessThan(1);
  });

  test('moves an exit into its successor or into cash, free of cost, at the final value', () => {
    const exits = [
      { t: 1, asset: 0, successor: 1, finalReturn: 0.02 },
      { t: 1, asset: 2, successor: -1, finalReturn: -0.5 },
    ];
    const panel = fixtureMarket({ sessions: 3, assets: 3, exits });
    panel.returns[3 + 1] = 0.1;
    const book = PortfolioBook.start(3);
    book.fill(panel, 0, Float64Array.of(0.4, 0.2, 0.2), NO_COSTS);
    book.markTo(panel, 1);
    const nav = 0.4 * 1.02 + 0.2 * 1.1 + 0.2 * 0.5 + 0.2;
    expect(book.nav).toBeCloseTo(nav, 15);
    expect(Array.from(book.held)).toEqual([0, expect.closeTo((0.4 * 1.02 + 0.22) / nav, 14), 0]);
    expect(book.cash).toBeCloseTo((0.2 + 0.1) / nav, 14);
  });

  test('counts drawdown from the high-water mark after costs', () => {
    const panel = fixtureMarket({ sessions: 3, assets: 1 });
    panel.returns.set([0, 0.1, -0.2]);
    const book = PortfolioBook.start(1);
    book.fill(panel, 0, Float64Array.of(1), paid);
    expect(book.drawdown(noReset)).toBeCloseTo(0.0005, 15);
    book.markTo(panel, 1);
    book.fill(panel, 1, Float64Array.of(1), paid);
    expect(book.drawdown(noReset)).toBe(0);
    expect(book.daysSinceHigh).toBe(0);
    book.markTo(panel, 2);
    book.fill(panel, 2, Float64Array.of(1), paid);
    expect(book.drawdown(noReset)).toBeCloseTo(0.2, 12);
    expect(book.daysSinceHigh).toBe(1);
  });

  test('restarts the mark once resetAfterDays sessions have passed without a high, and asking again changes nothing', () => {
    const panel = fixtureMarket({ sessions: 8, assets: 1 });
    panel.returns.set([0, -0.1, 0, 0, 0, 0, 0, 0]);
    const book = PortfolioBook.start(1);
    book.fill(panel, 0, Float64Array.of(1), NO_COSTS);
    const seen: number[] = [];
    for (let t = 1; t < 6; t += 1) {
      book.markTo(panel, t);
      book.fill(panel, t, book.held, NO_COSTS);
      seen.push(book.drawdown({ drawdown: { resetAfterDays: 3 } }));
      expect(book.drawdown({ drawdown: { resetAfterDays: 3 } })).toBe(seen.at(-1));
    }
    expect(seen.map((d) => Number(d.toFixed(12)))).toEqual([0.1, 0.1, 0, 0, 0]);
    expect(book.highWaterMark).toBeCloseTo(0.9, 15);
  });

  test('resumes from its state to the same bits', () => {
    const panel = fixtureMarket({ sessions: 60, assets: 3 });
    const run = (restart: boolean): PortfolioBook => {
      let book = PortfolioBook.start(3);
      for (let t = 1; t < 60; t += 1) {
        if (restart && t === 30)
          book = PortfolioBook.restore(JSON.parse(JSON.stringify({ ...book.state(), held: Array.from(book.held) })));
        book.markTo(panel, t);
        book.fill(panel, t, Float64Array.of(0.1, 0.2, 0.3 + t / 1000), paid);
        book.drawdown(noReset);
      }
      return book;
    };
    expect(run(true).state()).toEqual(run(false).state());
  });

  test('names the asset and the day of a return that is not a number', () => {
    const panel = fixtureMarket({ sessions: 3, assets: 2 });
    panel.returns[2 * 2 + 1] = Number.NaN;
    const book = PortfolioBook.start(2);
    book.fill(panel, 0, Float64Array.of(0.5, 0.5), NO_COSTS);
    book.markTo(panel, 1);
    expect(() => book.markTo(panel, 2)).toThrow(
      expect.objectContaining({
        code: 'BOOK_NOT_FINITE',
        facts: expect.objectContaining({ asset: 'A01', date: panel.dates[2] }),
      }),
    );
  });
});
