import { expect, jest, test } from '@jest/globals';
import { headerOf, parseBarsCsv } from './bars.ts';
import { csvRecords } from './csv.ts';

const records = (...rows: string[]) =>
  csvRecords(['Symbol,value,note', ...rows].join('\n'), 'v.csv', ['symbol', 'value']);

test('a row may lack what is not required, and end in empty fields', () => {
  expect(records('A,1', 'B,"1,234",x,,').map(({ fields }) => fields)).toEqual([
    { symbol: 'A', value: '1', note: '' },
    { symbol: 'B', value: '1,234', note: 'x' },
  ]);
});

test.each([
  ['A,1,234,5', 4],
  ['A', 1],
])('a row of other fields than the header refuses the file (%s)', (row, value) => {
  expect(() => records('A,1,', row)).toThrow(
    expect.objectContaining({
      code: 'CSV_FIELD_COUNT',
      kind: 'badInput',
      facts: { file: 'v.csv', line: 3, field: 'row', value, expected: 3 },
      remedy: expect.stringContaining('thousands separators'),
    }),
  );
});

test('a column that is there twice refuses the file', () => {
  expect(() => csvRecords('value,VALUE\n1,2\n', 'v.csv', ['value'])).toThrow(
    expect.objectContaining({ code: 'CSV_DUPLICATE_COLUMN', facts: expect.objectContaining({ field: 'value' }) }),
  );
});

/** How many characters the methods of strings go over or copy while something runs. */
function charactersTouched(run: () => void): number {
  let touched = 0;
  const whole = ['split', 'trim', 'replace', 'replaceAll', 'match', 'matchAll', 'includes', 'toLowerCase'] as const;
  const spies = whole.map((name) => {
    const original = String.prototype[name] as (...args: unknown[]) => unknown;
    return jest.spyOn(String.prototype, name as 'trim').mockImplementation(function (this: string, ...args: unknown[]) {
      touched += this.length;
      return original.apply(this, args) as string;
    });
  });
  const { slice, indexOf } = String.prototype;
  spies.push(
    jest.spyOn(String.prototype, 'slice').mockImplementation(function (this: string, ...args: [number?, number?]) {
      const part = slice.apply(this, args);
      touched += part.length;
      return part;
    }) as unknown as (typeof spies)[number],
    jest.spyOn(String.prototype, 'indexOf').mockImplementation(function (this: string, text: string, from = 0) {
      const at = indexOf.call(this, text, from);
      touched += (at === -1 ? this.length : at + 1) - from;
      return at;
    }) as unknown as (typeof spies)[number],
  );
  try {
    run();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return touched;
}

test.each([
  ['bars', '', (text: string) => parseBarsCsv(text, 'b.csv')],
  ['bars in quotes', '"', (text: string) => parseBarsCsv(text, 'b.csv')],
  ['a table', '', (text: string) => csvRecords(text, 'b.csv', ['symbol', 'date'])],
])('%s of twice as many rows are twice the work, not four times', (_, quote, parse) => {
  const textOf = (rows: number): string =>
    [
      'symbol,date,open,high,low,close,volume',
      ...Array.from({ length: rows }, (_, i) => `${quote}S${i % 40}${quote},2024-01-02,10,11,9,10.5,${1000 + i}`),
    ].join('\n');
  const [once, twice] = [500, 1000].map((rows) => {
    const text = textOf(rows);
    return charactersTouched(() => parse(text));
  });
  expect(once).toBeGreaterThan(textOf(500).length);
  expect(twice).toBeLessThan(2.2 * once);
});

test('lines may end in CR alone', () => {
  const text = 'symbol,note\rA,x\rB,y\r';
  expect(csvRecords(text, 'a.csv', ['symbol']).map(({ line, fields }) => [line, fields.symbol])).toEqual([
    [2, 'A'],
    [3, 'B'],
  ]);
  expect(headerOf('\uFEFFTicker,Date\rA,2024-01-02\r')).toEqual(['symbol', 'date']);
});

test('a field in quotes may go over lines, and is no row of its own; one that does not end is refused where it begins', () => {
  const text = 'symbol,name,type\r\nAAA,"Alpha\r\nInc, of ""X""",stock\r\nBBB,Beta,stock\r\n';
  expect(csvRecords(text, 'u.csv', ['symbol'])).toEqual([
    { line: 2, fields: { symbol: 'AAA', name: 'Alpha Inc, of "X"', type: 'stock' } },
    { line: 4, fields: { symbol: 'BBB', name: 'Beta', type: 'stock' } },
  ]);
  expect(() => csvRecords('symbol,name\nAAA,"Alpha\nBBB,Beta\n', 'u.csv', ['symbol'])).toThrow(
    expect.objectContaining({
      code: 'CSV_OPEN_QUOTE',
      kind: 'badInput',
      facts: { file: 'u.csv', line: 2, field: 'row' },
    }),
  );
});
