import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { backAdjust } from './back-adjust.ts';
import type { BarTable } from './bar.ts';
import { buildPanel } from './build-panel.ts';

interface Adjustment {
  bars: { date: string; close: number; volume: number; dividend: number; split: number }[];
  expected: Record<string, (number | null)[]>;
}
const oracle = JSON.parse(readFileSync(new URL('./market-oracle.json', import.meta.url), 'utf8')) as {
  adjustment: Adjustment;
};
const { bars, expected } = oracle.adjustment;
const column = (name: 'close' | 'volume' | 'dividend' | 'split') => Float64Array.from(bars, (bar) => bar[name]);
const raw = { close: column('close'), volume: column('volume'), dividend: column('dividend'), split: column('split') };
const adjusted = backAdjust(raw);

const near = (actual: ArrayLike<number>, wanted: readonly (number | null)[]) => {
  expect(actual).toHaveLength(wanted.length);
  wanted.forEach((value, t) => {
    if (value !== null) expect(Math.abs(actual[t] - value)).toBeLessThanOrEqual(1e-10 * Math.abs(value));
  });
};

describe('back adjustment', () => {
  test.each([
    ['factor', 'factor'],
    ['close', 'adjusted_close'],
    ['splitClose', 'split_adjusted_close'],
    ['volume', 'adjusted_volume'],
  ] as const)('%s is the oracle’s', (name, key) => near(adjusted[name], expected[key]));

  test('the last bar is as traded, and a series without actions is itself', () => {
    expect(adjusted.close.at(-1)).toBe(bars.at(-1)?.close);
    const none = new Float64Array(3);
    const plain = { close: [1, 2, 3], volume: [5, 6, 7], dividend: none, split: [1, 1, 1] };
    expect(Array.from(backAdjust(plain).close)).toEqual([1, 2, 3]);
    expect(backAdjust({ close: [], volume: [], dividend: [], split: [] }).close).toHaveLength(0);
  });

  test('the panel takes the total return, which is another figure than the adjusted return', () => {
    const table: BarTable = {
      symbol: bars.map(() => 'A'),
      date: bars.map(({ date }) => date),
      open: raw.close,
      high: raw.close,
      low: raw.close,
      ...raw,
    };
    const instrument = {
      symbol: 'A',
      name: 'A',
      kind: 'equity' as const,
      group: 'g',
      firstDate: bars[0].date,
      lastDate: bars[14].date,
      events: [],
      reference: {},
    };
    const { returns } = buildPanel(table, [instrument], bars[14].date);
    expected.simple_total_return.forEach((value, t) => {
      if (value !== null) expect(returns[t]).toBeCloseTo(value, 12);
    });
    expected.adjusted_return.forEach((value, t) => {
      if (value !== null) expect(adjusted.close[t] / adjusted.close[t - 1] - 1).toBeCloseTo(value, 12);
    });
    expect(Math.abs(returns[10] - expected.adjusted_return[10]!)).toBeGreaterThan(0.005);
  });
});
