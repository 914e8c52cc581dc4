import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ProductError } from '../errors.ts';
import { parsePointInTimeColumns, parsePointInTimeCsv } from './point-in-time-file.ts';

const CSV = `series,symbol,eventDate,knownDate,value
equity,aaa,2020-03-31,2020-05-04,120.5
DGS10,,2020-04-30,2020-05-01,-0.25
`;

test('a file is its rows in the order in which they were known', () => {
  const expected = {
    series: ['DGS10', 'equity'],
    symbol: ['', 'AAA'],
    eventDate: ['2020-04-30', '2020-03-31'],
    knownDate: ['2020-05-01', '2020-05-04'],
    value: Float64Array.of(-0.25, 120.5),
  };
  expect(parsePointInTimeCsv(CSV, 'macro.csv')).toEqual(expected);
  expect(parsePointInTimeColumns({ ...expected, value: [-0.25, 120.5] }, 'macro.parquet')).toEqual(expected);
});

test('columns of a Parquet file may be in any case too', () => {
  const table = { SERIES: ['DFF'], eventdate: ['2020-01-01'], KnownDate: ['2020-01-02'], value: [1] };
  expect(parsePointInTimeColumns(table, 'macro.parquet')).toMatchObject({ series: ['DFF'], symbol: [''] });
});

test('two values that became known on one day refuse the file; the same value twice is one', () => {
  const row = 'equity,AAA,2020-03-31,2020-05-04';
  expect(parsePointInTimeCsv(`${CSV}${row},120.50\n`, 'f.csv').series).toHaveLength(2);
  expect(() => parsePointInTimeCsv(`${CSV}${row},121\n`, 'f.csv')).toThrow(
    expect.objectContaining({
      code: 'POINT_IN_TIME_CONFLICT',
      kind: 'badInput',
      facts: { file: 'f.csv', line: 4, field: 'value', value: 121, before: { value: 120.5, line: 2 } },
    }),
  );
});

test('a number with a thousands separator is not cut off at it', () => {
  expect(() => parsePointInTimeCsv(CSV.replace('120.5', '1,120.5'), 'f.csv')).toThrow(
    expect.objectContaining({ code: 'CSV_FIELD_COUNT' }),
  );
});

test('without a column of symbols the values are of no one asset', () => {
  const table = parsePointInTimeCsv('value,knownDate,eventDate,series\n1,2020-01-02,2020-01-01,DFF\n', 'macro.csv');
  expect(table.symbol).toEqual(['']);
});

test.each<[string, string, string, string]>([
  ['series', 'equity,aaa', 'equi ty,aaa', 'equi ty'],
  ['symbol', 'equity,aaa', 'equity,a a', 'a a'],
  ['eventDate', '2020-03-31', '2020-02-31', '2020-02-31'],
  ['knownDate', '2020-05-04', '2020-03-30', '2020-03-30'],
  ['value', '120.5', '.', '.'],
  ['value', '120.5', '', ''],
])('%s that cannot be read refuses the file, with its line', (field, from, to, value) => {
  expect(() => parsePointInTimeCsv(CSV.replace(from, to), 'fundamentals.csv')).toThrow(
    expect.objectContaining({
      code: 'POINT_IN_TIME_FIELD',
      kind: 'badInput',
      facts: { file: 'fundamentals.csv', line: 2, field, value },
    }),
  );
});

test('only product errors escape, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.nat(CSV.length - 1), fc.string({ maxLength: 4 }), fc.nat(6), (at, insert, cut) => {
      try {
        parsePointInTimeCsv(CSV.slice(0, at) + insert + CSV.slice(at + cut), 'macro.csv');
      } catch (error) {
        expect(error).toBeInstanceOf(ProductError);
      }
    }),
    { numRuns: 500 },
  );
});
