import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { BarTable } from './bar.ts';
import { buildPanel } from './build-panel.ts';
import { csvRecords } from './csv.ts';
import type { Instrument } from './instrument.ts';
import { parseMembership, withMembership } from './membership.ts';

const DAYS = ['2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05', '2024-01-08', '2024-01-09'];
const bars: BarTable = (() => {
  const rows = DAYS.flatMap((date, t) => ['A', 'B'].map((symbol, s) => ({ symbol, date, close: 10 + t + 10 * s })));
  const close = Float64Array.from(rows, (row) => row.close);
  const [symbol, date] = [rows.map((row) => row.symbol), rows.map((row) => row.date)];
  return { symbol, date, open: close, high: close, low: close, close, volume: close };
})();
const instrument = (symbol: string, events: Instrument['events'] = []): Instrument => ({
  symbol,
  name: symbol,
  kind: 'equity',
  group: 'g',
  firstDate: '2024-01-02',
  lastDate: '2024-01-09',
  events,
  reference: {},
});
const panelOf = (csv: string, asOf: string, events: Instrument['events'] = []) => {
  const memberships = parseMembership(`symbol,index,from,to\n${csv}`, 'membership.csv');
  return buildPanel(bars, withMembership([instrument('A'), instrument('B', events)], memberships, asOf), asOf);
};
const row = (panel: ReturnType<typeof panelOf>, name: 'listed' | 'tradable' | 'returns', asset: number) =>
  panel.dates.map((_, t) => panel[name][t * panel.symbols.length + asset]);

describe('index membership', () => {
  test('an instrument is listed from its join to its leave, again after it comes back, and a leave pays cash at the last close', () => {
    const panel = panelOf('A,X,2020-01-01,\nB,X,2024-01-03,2024-01-05\nB,X,2024-01-08,', '2024-01-09');
    expect(row(panel, 'listed', 0)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(row(panel, 'listed', 1)).toEqual([0, 1, 1, 0, 1, 1]);
    expect(row(panel, 'tradable', 1)).toEqual([0, 1, 1, 0, 1, 1]);
    // No return across the gap: 23 to 24 is earned on the last session only.
    expect(row(panel, 'returns', 1)).toEqual([0, 0, 22 / 21 - 1, 0, 0, 25 / 24 - 1]);
    expect(panel.exits).toEqual([{ t: 3, asset: 1, successor: -1, finalReturn: 0 }]);
  });

  test('a leave that is to come, and a join that is to come, are not known', () => {
    const csv = 'A,X,2020-01-01,\nB,X,2020-01-01,2024-01-08';
    expect(panelOf(csv, '2024-01-05').exits).toEqual([]);
    expect(panelOf(csv, '2024-01-08').exits).toEqual([{ t: 4, asset: 1, successor: -1, finalReturn: 0 }]);
    expect(panelOf('A,X,2020-01-01,\nB,X,2024-01-08,', '2024-01-05').symbols).toEqual(['A']);
  });

  test('a split of a day on which it was no member is kept: it counts the shares of a report from before the join', () => {
    const actions = { dividend: bars.close.map(() => 0), split: bars.close.map((_, i) => (i === 3 ? 4 : 1)) };
    const memberships = parseMembership('symbol,index,from,to\nA,X,2020-01-01,\nB,X,2024-01-05,', 'membership.csv');
    const members = withMembership([instrument('A'), instrument('B')], memberships, '2024-01-09');
    const panel = buildPanel({ ...bars, ...actions }, members, '2024-01-09');
    expect(panel.dates.map((_, t) => panel.split?.[t * 2 + 1])).toEqual([1, 4, 1, 1, 1, 1]);
    expect(row(panel, 'returns', 1)).toEqual([0, 0, 0, 0, 24 / 23 - 1, 25 / 24 - 1]);
  });

  test('of two indices is the union; a symbol without a line belongs to nothing', () => {
    const panel = panelOf('B,X,2024-01-03,2024-01-05\nB,Y,2024-01-04,2024-01-09', '2024-01-09');
    expect(panel.symbols).toEqual(['B']);
    expect(row(panel, 'listed', 0)).toEqual([0, 1, 1, 1, 1, 0]);
  });

  test('an end of life within a stay goes before the leave', () => {
    const events: Instrument['events'] = [{ date: '2024-01-04', kind: 'delisting', successor: null, value: 42 }];
    const panel = panelOf('A,X,2020-01-01,\nB,X,2020-01-01,2024-01-08', '2024-01-09', events);
    expect(panel.exits).toEqual([{ t: 2, asset: 1, successor: -1, finalReturn: 42 / 21 - 1 }]);
  });

  test.each<[string, string]>([
    ['from', 'A,X,2024-13-01,'],
    ['to', 'A,X,2024-01-02,2024-01-02'],
    ['symbol', 'a b,X,2024-01-02,'],
    ['from', 'A,X,2024-01-02,\nA,X,2024-02-02,'],
  ])('a bad %s is named with its line', (field, csv) => {
    expect(() => parseMembership(`symbol,index,from,to\n${csv}`, 'm.csv')).toThrow(
      expect.objectContaining({ code: 'MEMBERSHIP_FIELD', facts: expect.objectContaining({ field, file: 'm.csv' }) }),
    );
  });
});

const REAL = fileURLToPath(new URL('../../../shared/data/sp500_membership_intervals.csv', import.meta.url));
(existsSync(REAL) ? test : test.skip)(
  'the real intervals of a large index are read, about 500 members on any day',
  () => {
    const rows = csvRecords(readFileSync(REAL, 'utf8'), 'sp500', ['ticker', 'start_date', 'end_date']);
    const csv = rows.map(({ fields }) => `${fields.ticker},SPX,${fields.start_date},${fields.end_date}`).join('\n');
    const memberships = parseMembership(`symbol,index,from,to\n${csv}`, 'sp500');
    for (const day of ['2000-06-01', '2010-06-01', '2020-06-01']) {
      const members = memberships.filter(({ from, to }) => from <= day && (to === null || to > day)).length;
      expect(members).toBeGreaterThan(480);
      expect(members).toBeLessThan(515);
    }
  },
);
