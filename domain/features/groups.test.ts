import { expect, test } from '@jest/globals';
import { riskGroupsAt, riskGroupsHistory } from './groups.ts';

const history = riskGroupsHistory(
  ['A', 'B', 'C'],
  { '2020-03-31': ['B'], '2020-06-30': ['A', 'C'] },
  { '2020-03-31': ['C'], '2020-06-30': [] },
);
const at = (date: string) => {
  const { hubs, illiquid } = riskGroupsAt(history, date);
  return [[...hubs], [...illiquid]];
};

test('the latest snapshot at or before the date holds; none before the first', () => {
  expect(at('2020-03-30')).toEqual([
    [0, 0, 0],
    [0, 0, 0],
  ]);
  expect(at('2020-03-31')).toEqual([
    [0, 1, 0],
    [0, 0, 1],
  ]);
  expect(at('2020-06-29')).toEqual([
    [0, 1, 0],
    [0, 0, 1],
  ]);
  expect(at('2026-01-01')).toEqual([
    [1, 0, 1],
    [0, 0, 0],
  ]);
});

test('a member that is not in the panel is refused by name', () => {
  expect(() => riskGroupsHistory(['A'], { '2020-03-31': ['Z'] }, {})).toThrow(
    expect.objectContaining({ code: 'GROUPS_UNKNOWN_SYMBOL', facts: { symbol: 'Z' } }),
  );
});
