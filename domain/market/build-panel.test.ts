import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { BarTable } from './bar.ts';
import { barOrder, selectBars } from './bar.ts';
import { buildPanel } from './build-panel.ts';
import { type Instrument, type LifeEvent, lifeEventSchema } from './instrument.ts';

type Row = { symbol: string; date: string; close: number; volume?: number; dividend?: number; split?: number };

function table(rows: Row[], actions = true): BarTable {
  const column = (pick: (row: Row) => number) => Float64Array.from(rows, pick);
  const close = column((row) => row.close);
  const bars: BarTable = {
    symbol: rows.map((row) => row.symbol),
    date: rows.map((row) => row.date),
    open: close,
    high: close,
    low: close,
    close,
    volume: column((row) => row.volume ?? Number.NaN),
  };
  if (actions) {
    bars.dividend = column((row) => row.dividend ?? 0);
    bars.split = column((row) => row.split ?? 1);
  }
  return selectBars(bars, barOrder(bars.symbol, bars.date));
}

const instrument = (symbol: string, events: LifeEvent[] = []): Instrument => ({
  symbol,
  name: symbol,
  kind: 'equity',
  group: 'g',
  firstDate: '2024-01-01',
  lastDate: '2024-12-31',
  events,
  reference: {},
});

const DAYS = ['2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05', '2024-01-08'];
const series = (symbol: string, closes: (number | null)[]): Row[] =>
  closes.flatMap((close, t) => (close === null ? [] : [{ symbol, date: DAYS[t], close }]));

describe('returns', () => {
  test('are the total returns of the reference, dividends and splits on their ex-dates', () => {
    const { adjustment } = JSON.parse(readFileSync(new URL('./oracles/market.json', import.meta.url), 'utf8')) as {
      adjustment: { bars: Omit<Row, 'symbol'>[]; expected: { simple_total_return: (number | null)[] } };
    };
    const bars = table(adjustment.bars.map((bar) => ({ symbol: 'X', ...bar })));
    const panel = buildPanel(bars, [instrument('X')], '2020-12-31');
    expect(panel.dates).toEqual(adjustment.bars.map(({ date }) => date));
    adjustment.expected.simple_total_return.forEach((expected, t) => {
      expect(panel.returns[t]).toBeCloseTo(expected ?? 0, 12);
    });
    expect(panel.volume[1]).toBe(102.5 * 1200);
  });

  test('of a halt fall on the first bar after it', () => {
    const bars = table([...series('A', [100, null, null, 80, 88]), ...series('B', [10, 10, 10, 10, 10])]);
    const panel = buildPanel(bars, [instrument('A'), instrument('B')], '2024-12-31');
    const a = (t: number) => t * 2;
    expect([0, 1, 2, 3, 4].map((t) => panel.returns[a(t)])).toEqual([
      0, 0, 0, -0.19999999999999996, 0.10000000000000009,
    ]);
    expect([0, 1, 2, 3, 4].map((t) => panel.tradable[a(t)])).toEqual([1, 0, 0, 1, 1]);
    expect([0, 1, 2, 3, 4].map((t) => panel.listed[a(t)])).toEqual([1, 1, 1, 1, 1]);
    expect(panel.close[a(1)]).toBeNaN();
  });
});

describe('lives', () => {
  test('begin with the first bar; a halt without an event never ends', () => {
    const bars = table([...series('A', [null, 5, 6, null, null]), ...series('B', [10, 10, 10, 10, 10])]);
    const panel = buildPanel(bars, [instrument('B'), instrument('A')], '2024-12-31');
    expect(panel.symbols).toEqual(['A', 'B']);
    expect([0, 1, 2, 3, 4].map((t) => panel.listed[t * 2])).toEqual([0, 1, 1, 1, 1]);
    expect(panel.returns[1 * 2]).toBe(0);
    expect(panel.exits).toEqual([]);
  });

  test('end in the successor at the stated rate: value is conserved to the unit', () => {
    const merger: LifeEvent = { date: '2024-01-05', kind: 'merger', successor: 'B', value: 0.25 };
    const bars = table([...series('A', [10, 11, 12, null, null]), ...series('B', [40, 41, 44, 50, 55])]);
    const panel = buildPanel(bars, [instrument('A', [merger]), instrument('B')], '2024-12-31');
    expect(panel.exits).toEqual([{ t: 3, asset: 0, successor: 1, finalReturn: (0.25 * 50) / 12 - 1 }]);
    expect([0, 1, 2, 3, 4].map((t) => panel.listed[t * 2])).toEqual([1, 1, 1, 0, 0]);
    const units = 100;
    const before = units * 12;
    expect(before * (1 + panel.exits[0].finalReturn)).toBeCloseTo(units * 0.25 * 50, 10);
  });

  test('wait for the successor to trade', () => {
    const change: LifeEvent = { date: '2024-01-04', kind: 'redenomination', successor: 'B', value: 2 };
    const bars = table([
      ...series('A', [10, 11, null, null, null]),
      ...series('B', [null, null, null, 6, 6]),
      ...series('C', [1, 1, 1, 1, 1]),
    ]);
    const panel = buildPanel(bars, [instrument('A', [change]), instrument('B'), instrument('C')], '2024-12-31');
    expect(panel.exits).toEqual([{ t: 3, asset: 0, successor: 1, finalReturn: 12 / 11 - 1 }]);
    expect(panel.listed[2 * 3]).toBe(1);
  });

  test.each([
    ['the last price when nothing is stated', null, 0],
    ['the stated cash', 2, 2 / 12 - 1],
    ['nothing', 0, -1],
  ])('end in cash at %s', (_, value, finalReturn) => {
    const delisting = lifeEventSchema.parse({ date: '2024-01-05', kind: 'delisting', successor: null, value });
    const bars = table([...series('A', [10, 11, 12, 13, null]), ...series('B', [40, 41, 44, 50, 55])]);
    const panel = buildPanel(bars, [instrument('A', [delisting]), instrument('B')], '2024-12-31');
    expect(panel.exits).toEqual([{ t: 3, asset: 0, successor: -1, finalReturn }]);
    expect(panel.close[3 * 2]).toBeNaN();
  });

  test.each<[string, LifeEvent, { successor: number; finalReturn: number }]>([
    ['units', { date: '2024-01-05', kind: 'merger', successor: 'C', value: 2 }, { successor: 2, finalReturn: 20 / 12 }],
    [
      'cash',
      { date: '2024-01-04', kind: 'merger', successor: null, value: 44 },
      { successor: -1, finalReturn: 11 / 12 },
    ],
  ])('give what a successor’s own holders get where it has ended too: %s', (_, end, { successor, finalReturn }) => {
    const merger: LifeEvent = { date: '2024-01-05', kind: 'merger', successor: 'B', value: 0.25 };
    const bars = table([...series('A', [12, 12, 12]), ...series('B', [40, 40]), ...series('C', [40, 40, 40, 40])]);
    const panel = buildPanel(bars, [instrument('A', [merger]), instrument('B', [end]), instrument('C')], '2024-12-31');
    expect(panel.exits.find(({ asset }) => asset === 0)).toEqual({
      t: 3,
      asset: 0,
      successor,
      finalReturn: expect.closeTo(finalReturn - 1, 14),
    });
  });

  test('of two that end in each other are never over', () => {
    const into = (successor: string): LifeEvent => ({ date: '2024-01-05', kind: 'merger', successor, value: 1 });
    const bars = table([...series('A', [1, 1, 1]), ...series('B', [1, 1, 1]), ...series('C', [1, 1, 1, 1])]);
    const instruments = [instrument('A', [into('B')]), instrument('B', [into('A')]), instrument('C')];
    expect(buildPanel(bars, instruments, '2024-12-31').exits).toEqual([]);
  });

  test('end in cash at the last price when the successor is not in the universe', () => {
    const merger: LifeEvent = { date: '2024-01-05', kind: 'merger', successor: 'Z', value: 3 };
    const bars = table([...series('A', [10, 11, 12, null, null]), ...series('B', [40, 41, 44, 50, 55])]);
    expect(buildPanel(bars, [instrument('A', [merger]), instrument('B')], '2024-12-31').exits).toEqual([
      { t: 3, asset: 0, successor: -1, finalReturn: 0 },
    ]);
  });
});

describe('point in time', () => {
  const merger: LifeEvent = { date: '2024-01-05', kind: 'merger', successor: 'B', value: 0.25 };
  const bars = table([
    ...series('A', [10, 11, 12, null, null]),
    ...series('B', [40, 41, 44, 50, 55]),
    ...series('C', [null, null, null, null, 7]),
  ]);
  const instruments = [instrument('A', [merger]), instrument('B'), instrument('C')];

  test('nothing after asOf is known: not a bar, not an event, not an asset', () => {
    const panel = buildPanel(bars, instruments, '2024-01-04');
    expect(panel.dates).toEqual(DAYS.slice(0, 3));
    expect(panel.symbols).toEqual(['A', 'B']);
    expect(panel.exits).toEqual([]);
  });

  test('the past is the same whatever comes after it', () => {
    const whole = buildPanel(bars, instruments, '2024-01-08');
    const part = buildPanel(bars, instruments, '2024-01-05');
    const of = (panel: typeof whole, symbol: string, column: 'close' | 'returns') =>
      DAYS.slice(0, 4).map((_, t) => panel[column][t * panel.symbols.length + panel.symbols.indexOf(symbol)]);
    for (const symbol of part.symbols) {
      expect(of(part, symbol, 'close')).toEqual(of(whole, symbol, 'close'));
      expect(of(part, symbol, 'returns')).toEqual(of(whole, symbol, 'returns'));
    }
  });
});
