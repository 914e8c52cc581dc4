import { expect, test } from '@jest/globals';
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
