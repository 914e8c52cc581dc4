import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BarTable } from './bar.ts';
import { asOf, type PointInTimeTable, pointInTimeTable } from './point-in-time.ts';
import { reviseBars, reviseTable } from './revisions.ts';

const barsOf = (rows: [symbol: string, date: string, close: number][]): BarTable => {
  const close = Float64Array.from(rows, ([, , price]) => price);
  return {
    symbol: rows.map(([symbol]) => symbol),
    date: rows.map(([, date]) => date),
    open: close,
    high: close,
    low: close,
    close,
    volume: close.map(() => Number.NaN),
  };
};

test('a bar that changed, one that went and one that came late are revisions; newer days are none', () => {
  const before = barsOf([
    ['A', '2024-01-02', 1],
    ['B', '2024-01-02', 2],
  ]);
  const now = barsOf([
    ['A', '2024-01-02', 1.5],
    ['C', '2024-01-02', 3],
    ['A', '2024-01-03', 9],
  ]);
  const found = reviseBars(before, now, '2024-01-02', '2024-01-03').map(({ symbol, field, before: a, after }) => [
    symbol,
    field,
    a,
    after,
  ]);
  expect(found).toEqual([
    ['A', 'open', 1, 1.5],
    ['A', 'high', 1, 1.5],
    ['A', 'low', 1, 1.5],
    ['A', 'close', 1, 1.5],
    ['B', 'bar', 2, Number.NaN],
    ['C', 'bar', Number.NaN, 3],
  ]);
  expect(reviseBars(before, before, '2024-01-02', '2024-01-03')).toEqual([]);
});

const day = (n: number): string => new Date(Date.UTC(2020, 0, 1 + n)).toISOString().slice(0, 10);
const tables = fc
  .array(
    fc.record({
      series: fc.constantFrom('a', 'b'),
      event: fc.nat(20),
      lag: fc.nat(20),
      value: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 30 },
  )
  .map((rows) =>
    pointInTimeTable({
      series: rows.map(({ series }) => series),
      symbol: rows.map(() => ''),
      eventDate: rows.map(({ event }) => day(event)),
      knownDate: rows.map(({ event, lag }) => day(event + lag)),
      value: Float64Array.from(rows, ({ value }) => value),
    }),
  );

test('whatever a source states anew, what was known stays byte for byte, and its newest value is the one that is read', () => {
  const newest = (table: PointInTimeTable): Map<string, number> =>
    new Map([...table.value.keys()].map((row) => [`${table.series[row]} ${table.eventDate[row]}`, table.value[row]]));
  fc.assert(
    fc.property(tables, tables, fc.nat(40), (all, now, t) => {
      const before = asOf(all, day(t));
      const { table, revisions } = reviseTable(before, now, day(t), day(t + 1));
      expect(asOf(table as PointInTimeTable, day(t))).toEqual(before);
      expect(revisions.every(({ knownDate }) => knownDate === day(t + 1))).toBe(true);
      const known = asOf(now, day(t));
      for (const [key, value] of newest(known)) {
        const later = asOf(now, day(t + 1)).value.length > known.value.length;
        if (!later) expect(newest(asOf(table as PointInTimeTable, day(t + 1))).get(key)).toBe(value);
      }
      expect(reviseTable(before, before, day(t), day(t + 1))).toEqual({ table: before, revisions: [] });
    }),
    { numRuns: 200 },
  );
});

const valuesOf = (rows: readonly [event: number, known: number, value: number][]): PointInTimeTable =>
  pointInTimeTable({
    series: rows.map(() => 'equity'),
    symbol: rows.map(() => 'A'),
    eventDate: rows.map(([event]) => day(event)),
    knownDate: rows.map(([, known]) => day(known)),
    value: Float64Array.from(rows, ([, , value]) => value),
  });

test('a figure that came late with its restatement is noted once, not on every day that follows', () => {
  const now = valuesOf([
    [0, 9, 1],
    [1, 10, 5],
    [1, 12, 6],
  ]);
  const first = reviseTable(valuesOf([[0, 9, 1]]), now, day(30), day(31));
  expect(first.revisions.map(({ before, after }) => [before, after])).toEqual([[Number.NaN, 6]]);
  expect(reviseTable(first.table, now, day(31), day(32))).toEqual({ table: first.table, revisions: [] });
});

test('a correction that is taken back is read no longer', () => {
  const [wrong, right] = [valuesOf([[0, 9, 2]]), valuesOf([[0, 9, 1]])];
  const corrected = reviseTable(right, wrong, day(30), day(31)).table;
  const back = reviseTable(corrected, right, day(31), day(32));
  expect([...(back.table?.value ?? [])]).toEqual([1, 2, 1]);
  expect(reviseTable(back.table, right, day(32), day(33)).revisions).toEqual([]);
});

test('an older value that is corrected does not cover the newer one of the days between two sessions', () => {
  const now = valuesOf([
    [0, 9, 2],
    [0, 32, 3],
  ]);
  const { table, revisions } = reviseTable(valuesOf([[0, 9, 1]]), now, day(30), day(33));
  expect([...(table?.value ?? [])]).toEqual([1, 3]);
  expect(revisions).toEqual([]);
});
