import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { asOf, type PointInTimeTable, pointInTimeTable, rowsKnownOn } from './point-in-time.ts';

const day = (n: number): string => new Date(Date.UTC(2020, 0, 1 + n)).toISOString().slice(0, 10);
const tables = fc
  .array(
    fc.record({
      series: fc.constantFrom('netIncome', 'equity', 'DGS10'),
      symbol: fc.constantFrom('', 'AAA', 'BBB'),
      event: fc.nat(200),
      lag: fc.nat(60),
      value: fc.double({ noNaN: true, noDefaultInfinity: true }),
    }),
  )
  .map((rows) =>
    pointInTimeTable({
      series: rows.map(({ series }) => series),
      symbol: rows.map(({ symbol }) => symbol),
      eventDate: rows.map(({ event }) => day(event)),
      knownDate: rows.map(({ event, lag }) => day(event + lag)),
      value: Float64Array.from(rows, ({ value }) => value),
    }),
  );

test('what is read as of a day is what was known then, all of it, and reading twice is reading once', () => {
  fc.assert(
    fc.property(tables, fc.nat(300), (table, n) => {
      const known = asOf(table, day(n));
      expect(known.value).toHaveLength(table.knownDate.filter((date) => date <= day(n)).length);
      expect(known.knownDate.every((date) => date <= day(n))).toBe(true);
      expect(asOf(known, day(n))).toEqual(known);
      expect(rowsKnownOn(known, day(n))).toBe(known.value.length);
    }),
  );
});

test.each<[string, Partial<PointInTimeTable>]>([
  ['known before its event', { knownDate: ['2019-12-31'] }],
  ['not finite', { value: Float64Array.of(Number.NaN) }],
])('a value that is %s is refused and named', (_, change) => {
  const row = { series: ['equity'], symbol: ['AAA'], eventDate: ['2020-01-01'], knownDate: ['2020-02-01'] };
  expect(() => pointInTimeTable({ ...row, value: Float64Array.of(1), ...change })).toThrow(
    expect.objectContaining({ code: 'POINT_IN_TIME', facts: expect.objectContaining({ symbol: 'AAA' }) }),
  );
});
