import { expect, test } from '@jest/globals';
import { riskGroupsAt, riskGroupsHistory } from './groups.ts';

const MEMBERS = {
  hubs: { '2020-03-31': ['B'], '2020-06-30': ['A', 'C'] },
  illiquid: { '2020-03-31': ['C'], '2020-06-30': [] },
};
const history = riskGroupsHistory(['A', 'B', 'C'], MEMBERS);
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
  expect(() => riskGroupsHistory(['A'], { hubs: { '2020-03-31': ['Z'] }, illiquid: {} })).toThrow(
    expect.objectContaining({ code: 'GROUPS_UNKNOWN_SYMBOL', facts: { symbol: 'Z' } }),
  );
});

test('overlapping groups by name, those of the snapshot; what older versions stored has none', () => {
  const named = riskGroupsHistory(['A', 'B', 'C'], {
    ...MEMBERS,
    neighbourhoods: { '2020-03-31': { B: ['A', 'B'] }, '2020-06-30': { C: ['C'], A: ['A', 'B'] } },
    communities: { '2020-03-31': { 4: ['A', 'C'] } },
  });
  expect(riskGroupsAt(named, '2020-03-30').overlapping).toBeUndefined();
  expect(riskGroupsAt(named, '2020-04-01').overlapping).toEqual({
    neighbourhoods: [{ name: 'B', members: Uint8Array.of(1, 1, 0) }],
    communities: [{ name: '4', members: Uint8Array.of(1, 0, 1) }],
  });
  expect(riskGroupsAt(named, '2020-06-30').overlapping).toEqual({
    neighbourhoods: [
      { name: 'A', members: Uint8Array.of(1, 1, 0) },
      { name: 'C', members: Uint8Array.of(0, 0, 1) },
    ],
    communities: [],
  });
  expect(riskGroupsAt(history, '2020-06-30').overlapping).toBeUndefined();
});
