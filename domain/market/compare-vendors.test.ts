import { describe, expect, test } from '@jest/globals';
import { type BarTable, selectBars } from './bar.ts';
import { compareVendors } from './compare-vendors.ts';

const DAYS = ['2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05', '2024-01-08', '2024-01-09'];
const tableOf = (closes: readonly number[], actions: Partial<BarTable> = {}): BarTable => {
  const close = Float64Array.from(closes);
  const symbol = closes.map(() => 'A');
  return {
    symbol,
    date: DAYS.slice(0, closes.length),
    open: close,
    high: close,
    low: close,
    close,
    volume: close,
    ...actions,
  };
};
const truth = [100, 101, 103, 104, 103, 105];

describe('two vendors', () => {
  test('that agree have no day to report; days of one alone are counted', () => {
    const found = compareVendors(tableOf(truth), tableOf(truth.slice(0, 4)));
    expect(found).toMatchObject({ compared: 3, onlyInA: 2, onlyInB: 0, disagreements: [] });
    expect(found.bySize.every(({ days }) => days === 0)).toBe(true);
  });

  test('with a bad print in one disagree on two days, which undo each other; a stale print is named so', () => {
    const bad = compareVendors(tableOf(truth), tableOf([100, 101, 110, 104, 103, 105]));
    expect(bad.disagreements.map(({ date, pattern }) => [date, pattern])).toEqual([
      ['2024-01-04', 'reverts'],
      ['2024-01-05', 'reverts'],
    ]);
    expect(bad.bySize).toEqual([
      { points: 10, days: 0, shareBps: 0 },
      { points: 5, days: 2, shareBps: 4000 },
      { points: 2, days: 2, shareBps: 4000 },
      { points: 1, days: 2, shareBps: 4000 },
      { points: 0.5, days: 2, shareBps: 4000 },
    ]);
    expect([bad.byYear, bad.bySymbol]).toEqual([{ 2024: 2 }, { A: 2 }]);
    const moving = [100, 101, 106, 104, 103, 105];
    const stale = compareVendors(tableOf(moving), tableOf([100, 101, 101, 104, 103, 105]));
    expect(stale.disagreements[0]).toMatchObject({ date: '2024-01-04', pattern: 'stale' });
  });

  test('of which one lacks a day are not compared on the day after it', () => {
    const whole = tableOf(truth);
    const found = compareVendors(whole, selectBars(whole, [0, 1, 3, 4, 5]));
    expect(found).toMatchObject({ compared: 3, unequalSpans: 1, onlyInA: 1, onlyInB: 0, disagreements: [] });
  });

  test('of which one takes a spin-off for a loss disagree once, and the action is named', () => {
    const prices = [100, 101, 80, 81, 82, 83];
    const dividend = Float64Array.of(0, 0, 22, 0, 0, 0);
    const split = new Float64Array(6).fill(1);
    const found = compareVendors(tableOf(prices, { dividend, split }), tableOf(prices));
    expect(found.disagreements).toEqual([
      { symbol: 'A', date: '2024-01-04', a: 102 / 101 - 1, b: 80 / 101 - 1, pattern: 'action' },
    ]);
  });

  test('adjusted prices of one and prices with actions of the other are the same returns', () => {
    const split = Float64Array.of(1, 1, 2, 1, 1, 1);
    const raw = tableOf([100, 101, 51.5, 52, 51.5, 52.5], { dividend: new Float64Array(6), split });
    expect(compareVendors(raw, tableOf(truth)).bySize.every(({ days }) => days === 0)).toBe(true);
  });
});
