import { describe, expect, test } from '@jest/globals';
import { headerOf, missingBarColumns, parseBarsCsv, parseBarsTable } from './bars.ts';

const HEADER = 'symbol,date,open,high,low,close,volume';
const csv = (...rows: string[]) => `${[HEADER, ...rows].join('\n')}\n`;
const reasons = (text: string) =>
  parseBarsCsv(text, 'bars.csv').rejected.map(({ reason, line, field, value }) => ({ reason, line, field, value }));

describe('a file of bars', () => {
  test('is read by header name, in any order, with CRLF, a byte order mark and quotes', () => {
    const text =
      '\uFEFFClose,"Date",Volume,Ticker,HIGH,low,open\r\n11,2024-01-02,1000,aapl,12,9,10\r\n"12",2024-01-03,1100,aapl,13,10,11\r\n';
    const bars = parseBarsCsv(text, 'bars.csv');
    expect(bars).toMatchObject({
      symbol: ['AAPL', 'AAPL'],
      date: ['2024-01-02', '2024-01-03'],
      open: [10, 11],
      high: [12, 13],
      low: [9, 10],
      close: [11, 12],
      volume: [1000, 1100],
      dividend: null,
      line: [2, 3],
      rejected: [],
    });
  });

  test('may carry dividends and splits', () => {
    const bars = parseBarsCsv(
      'symbol,date,open,high,low,close,volume,dividend,split\nA,2024-01-02,1,1,1,1,5,0.5,2\n',
      'b.csv',
    );
    expect(bars.dividend).toEqual([0.5]);
    expect(bars.split).toEqual([2]);
  });

  test.each([
    ['dividend', '0.5', { dividend: [0.5], split: [1] }],
    ['split', '2', { dividend: [0], split: [2] }],
  ])('may carry %s alone', (name, value, expected) => {
    const header = `symbol,date,open,high,low,close,volume,${name}`;
    expect(parseBarsCsv(`${header}\nA,2024-01-02,1,1,1,1,5,${value}\n`, 'b.csv')).toMatchObject(expected);
  });

  test('has its header on the first line that is not blank', () => {
    expect(missingBarColumns(headerOf('\uFEFF\n\nSymbol,Date,Open,High,Low,Close,Volume\n'))).toEqual([]);
  });

  test('lacking a column is an error that names file, line and column', () => {
    expect(() => parseBarsCsv('symbol,date,open,high,low,volume\n', 'bars.csv')).toThrow(
      expect.objectContaining({
        code: 'CSV_MISSING_COLUMN',
        kind: 'badInput',
        facts: expect.objectContaining({ file: 'bars.csv', line: 1, field: 'close' }),
        remedy: expect.stringContaining('symbol,date,open'),
      }),
    );
  });

  test.each(['', '\n\n', `${HEADER}\n`])('without a row (%j) is an error', (text) => {
    expect(() => parseBarsCsv(text, 'bars.csv')).toThrow(
      expect.objectContaining({
        code: 'CSV_EMPTY',
        kind: 'badInput',
        facts: expect.objectContaining({ file: 'bars.csv' }),
      }),
    );
  });

  test.each([
    ['A,2024-01-02,1,1,1,NaN,5', 'NOT_A_NUMBER', 'close', 'NaN'],
    ['A,2024-01-02,1,1,1,Infinity,5', 'NOT_A_NUMBER', 'close', 'Infinity'],
    ['A,2024-01-02,1,1,1,0x10,5', 'NOT_A_NUMBER', 'close', '0x10'],
    ['A,2024-01-02,1,1,1,"1,5",5', 'NOT_A_NUMBER', 'close', '1,5'],
    ['A,2024-01-02,1,1,1,,5', 'MISSING_VALUE', 'close', ''],
    ['A,2024-01-02,1,1', 'WRONG_FIELD_COUNT', 'row', '4 fields, the header has 7'],
    ['A,2024-02-30,1,1,1,1,5', 'BAD_DATE', 'date', '2024-02-30'],
    ['A,02/01/2024,1,1,1,1,5', 'BAD_DATE', 'date', '02/01/2024'],
    ['A,,1,1,1,1,5', 'MISSING_VALUE', 'date', ''],
    [',2024-01-02,1,1,1,1,5', 'MISSING_VALUE', 'symbol', ''],
    ['A B,2024-01-02,1,1,1,1,5', 'BAD_SYMBOL', 'symbol', 'A B'],
  ])('with the row %s rejects it as %s', (row, reason, field, value) => {
    expect(reasons(csv('A,2024-01-03,1,1,1,1,5', row))).toEqual([{ reason, line: 3, field, value }]);
  });

  test.each(['1e3', '5e-05', '+1.5', '.5', '1.'])('accepts the number %s', (text) => {
    expect(parseBarsCsv(csv(`A,2024-01-02,1,1,1,${text},5`), 'b.csv').close).toEqual([Number(text)]);
  });
});

describe('dates', () => {
  test('of one zone are days as written', () => {
    const rows = ['A,2024-01-02T00:00:00-05:00,1,1,1,1,5', 'A,2024-01-03 00:00:00-0500,1,1,1,1,5'];
    expect(parseBarsCsv(csv(...rows), 'b.csv').date).toEqual(['2024-01-02', '2024-01-03']);
  });

  test('of one clock in summer and winter time are days as written', () => {
    const rows = ['A,2024-03-08 00:00:00-05:00,1,1,1,1,5', 'A,2024-03-11 00:00:00-04:00,1,1,1,1,5'];
    expect(parseBarsCsv(csv(...rows), 'b.csv').date).toEqual(['2024-03-08', '2024-03-11']);
  });

  test.each([
    ['2024-01-02T00:00:00-05:00', '2024-01-03T00:00:00-04:00'],
    ['2024-07-02T00:00:00+01:00', '2024-08-01T00:00:00Z'],
    ['2024-01-02T00:00:00Z', '2024-01-03T00:00:00-05:00'],
    ['2024-01-02', '2024-01-03T00:00:00Z'],
    ['2024-01-02 00:00:00', '2024-01-03 00:00:00+01:00'],
  ])('of two zones (%s, %s) are an error that names the line', (first, second) => {
    expect(() => parseBarsCsv(csv(`A,${first},1,1,1,1,5`, `A,${second},1,1,1,1,5`), 'b.csv')).toThrow(
      expect.objectContaining({
        code: 'BARS_MIXED_TIME_ZONES',
        kind: 'badInput',
        facts: expect.objectContaining({ file: 'b.csv', line: 3, field: 'date', value: second }),
      }),
    );
  });
});

describe('a table of bars', () => {
  const table = {
    close: Float64Array.of(1, Number.NaN),
    symbol: ['A', 'A'],
    date: ['2024-01-02', '2024-01-03'],
    open: Float64Array.of(1, 1),
    high: Float64Array.of(1, 1),
    low: [1, null],
    volume: Int32Array.of(5, 6),
  };

  test('is read by column name; NaN and null are rejected, never filled', () => {
    const bars = parseBarsTable(table, 'bars.parquet');
    expect(bars.close).toEqual([1]);
    expect(bars.rejected).toEqual([
      {
        reason: 'MISSING_VALUE',
        file: 'bars.parquet',
        line: 3,
        symbol: 'A',
        date: '2024-01-03',
        field: 'low',
        value: '',
      },
    ]);
  });

  test('with a column twice is an error, as in a CSV file', () => {
    expect(() => parseBarsTable({ ...table, Close: table.close }, 'bars.parquet')).toThrow(
      expect.objectContaining({ code: 'CSV_DUPLICATE_COLUMN' }),
    );
  });

  test('lacking a column is an error', () => {
    const { close: _, ...rest } = table;
    expect(() => parseBarsTable(rest, 'bars.parquet')).toThrow(expect.objectContaining({ code: 'CSV_MISSING_COLUMN' }));
  });
});
