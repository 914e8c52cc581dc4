import { expect, test } from '@jest/globals';
import { sessionsBetween } from './calendar.ts';
import { gapLines, gapsIn } from './gaps.ts';

const days = sessionsBetween('XNYS', '2015-02-02', '2015-04-30');
const table = (has: (symbol: string, day: string) => boolean) => {
  const rows = days.flatMap((date) =>
    ['A', 'B'].filter((symbol) => has(symbol, date)).map((symbol) => ({ symbol, date })),
  );
  return { symbol: rows.map(({ symbol }) => symbol), date: rows.map(({ date }) => date) };
};
const isMissing = (day: string): boolean => day >= '2015-03-02' && day <= '2015-03-13';

test('whole weeks that are missing, of all symbols or of one, are told; a calendar made of the data has none of the first kind', () => {
  const all = gapsIn(
    table((_, day) => !isMissing(day)),
    'XNYS',
  );
  expect([all.sessions.length, all.sessions[0], all.symbols]).toEqual([10, '2015-03-02', []]);
  expect(gapLines(all)[0]).toContain('on 10 sessions of the calendar: 2015-03-02, 2015-03-03');
  expect(
    gapsIn(
      table((_, day) => !isMissing(day)),
      'data',
    ),
  ).toEqual({ sessions: [], symbols: [] });
  const one = gapsIn(
    table((symbol, day) => symbol === 'A' || !isMissing(day)),
    'data',
  );
  expect(gapLines(one)).toEqual([
    'other symbols have bars, and there is none of B from 2015-03-02 to 2015-03-13 (10 sessions)',
  ]);
});

test('a few days, what lies before the first bar or after the last, and nothing at all are no gap', () => {
  const none = { sessions: [], symbols: [] };
  expect(
    gapsIn(
      table((symbol, day) => symbol === 'A' || day !== '2015-03-02'),
      'XNYS',
    ),
  ).toEqual(none);
  expect(
    gapsIn(
      table((symbol, day) => symbol === 'A' || isMissing(day)),
      'XNYS',
    ),
  ).toEqual(none);
  expect(gapsIn({ symbol: [], date: [] }, 'XNYS')).toEqual(none);
  expect(gapLines(none)).toEqual([]);
});
