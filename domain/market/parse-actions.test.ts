import { describe, expect, test } from '@jest/globals';
import { parseActions } from './parse-actions.ts';

const HEADER = 'symbol,date,dividend,split,spinoff_value,spinoff_ratio,spinoff_symbol,new_symbol';
const parse = (...rows: string[]) => parseActions([HEADER, ...rows].join('\n'), 'actions.csv');

describe('actions.csv', () => {
  test('of four columns is read as before', () => {
    expect(parseActions('symbol,date,dividend,split\naaa,2024-01-08,0.5,\n', 'f')).toEqual([
      { symbol: 'AAA', date: '2024-01-08', dividend: 0.5, split: 1 },
    ]);
  });

  test('knows spin-offs by worth or by units, and changes of symbol', () => {
    expect(parse('A,2024-01-08,,,12.5,,,')[0].spinoff).toEqual({ value: 12.5 });
    expect(parse('A,2024-01-08,,,,0.25,kid,')[0].spinoff).toEqual({ ratio: 0.25, symbol: 'KID' });
    expect(parse('A,2024-01-08,,,,,,b')[0].newSymbol).toBe('B');
    expect(Object.keys(parse('A,2024-01-08,1,2,,,,')[0])).toEqual(['symbol', 'date', 'dividend', 'split']);
  });

  test('has each action once: paid twice is another return', () => {
    expect(parse('A,2024-01-08,1,,,,,', 'A,2024-01-08,2,,,,,')).toHaveLength(2);
    expect(() => parse('A,2024-01-08,1,,,,,', 'a,2024-01-08,1.0,1,,,,')).toThrow(
      expect.objectContaining({
        code: 'ACTIONS_TWICE',
        facts: { file: 'actions.csv', line: 3, field: 'date', value: '2024-01-08', symbol: 'A', before: 2 },
      }),
    );
  });

  test.each([
    ['A B,2024-01-08,,,,,,', 'symbol', 'A B', 'as the bars have it'],
    ['A,2024-13-08,,,,,,', 'date', '2024-13-08', 'YYYY-MM-DD'],
    ['A,2024-01-08,-1,,,,,', 'dividend', '-1', '>= 0'],
    ['A,2024-01-08,,0,,,,', 'split', '0', '> 0'],
    ['A,2024-01-08,,,-3,,,', 'spinoff_value', '-3', '> 0'],
    ['A,2024-01-08,,,3,0.5,KID,', 'spinoff_ratio', '0.5', 'not both'],
    ['A,2024-01-08,,,,0,KID,', 'spinoff_ratio', '0', '> 0'],
    ['A,2024-01-08,,,,,KID,', 'spinoff_ratio', '', 'not one of the two columns alone'],
    ['A,2024-01-08,,,,0.5,,', 'spinoff_symbol', '', 'beside spinoff_ratio'],
    ['A,2024-01-08,,,,0.5,A,', 'spinoff_symbol', 'A', 'another than their own'],
    ['A,2024-01-08,,,,,,a', 'new_symbol', 'a', 'another than the old one'],
    ['A,2024-01-08,,,,,,B$', 'new_symbol', 'B$', 'another than the old one'],
  ])('%s names the field, its value and what to write', (row, field, value, remedy) => {
    expect(() => parse(row)).toThrow(
      expect.objectContaining({
        code: 'ACTIONS_FIELD',
        kind: 'badInput',
        facts: { file: 'actions.csv', line: 2, field, value },
        remedy: expect.stringContaining(remedy),
      }),
    );
  });
});
