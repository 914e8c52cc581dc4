import { describe, expect, test } from '@jest/globals';
import type { CorporateAction } from './bar.ts';
import { parseBarsCsv } from './bars.ts';
import { sessionsBetween } from './calendar.ts';
import { type BarRules, checkBars } from './quality.ts';
import { countReasons, refuseBadBatch, rowId } from './quarantine.ts';

const HEADER = 'symbol,date,open,high,low,close,volume';
const check = (rows: string[], rules: Partial<BarRules> = {}) =>
  checkBars([parseBarsCsv([HEADER, ...rows].join('\n'), 'bars.csv')], {
    calendar: 'XNYS',
    asOf: '2030-01-01',
    members: null,
    ...rules,
  });
const bar = (date: string, close: number, volume = 1000, symbol = 'A') =>
  `${symbol},${date},${close},${close},${close},${close},${volume}`;
const found = (rows: string[], rules: Partial<BarRules> = {}) =>
  check(rows, rules).quarantined.map(({ reason, line }) => [reason, line]);

describe('contracts', () => {
  test('good bars pass, sorted by date, then symbol', () => {
    const { bars, quarantined, rows } = check([
      bar('2024-01-03', 11),
      bar('2024-01-02', 10),
      bar('2024-01-02', 5, 9, 'B'),
    ]);
    expect(quarantined).toEqual([]);
    expect(rows).toBe(3);
    expect(bars.date).toEqual(['2024-01-02', '2024-01-02', '2024-01-03']);
    expect(bars.symbol).toEqual(['A', 'B', 'A']);
    expect(bars.close).toEqual(Float64Array.of(10, 5, 11));
  });

  test.each([
    ['A,2024-01-02,1,1,1,-1,5', 'NOT_POSITIVE'],
    ['A,2024-01-02,0,1,1,1,5', 'NOT_POSITIVE'],
    ['A,2024-01-02,2,1,3,2,5', 'HIGH_BELOW_LOW'],
    ['A,2024-01-02,2,3,1,4,5', 'OUTSIDE_RANGE'],
    ['A,2024-01-02,0.5,3,1,2,5', 'OUTSIDE_RANGE'],
    ['A,2024-01-02,2,3,1,2,-5', 'NEGATIVE_VOLUME'],
    ['A,2024-01-01,2,3,1,2,5', 'NOT_A_SESSION'],
    ['A,2024-01-06,2,3,1,2,5', 'NOT_A_SESSION'],
  ])('%s is set aside as %s', (row, reason) => {
    const { bars, quarantined } = check([bar('2024-01-03', 2), row]);
    expect(quarantined).toMatchObject([{ reason, file: 'bars.csv', line: 3, symbol: 'A' }]);
    expect(bars.symbol).toHaveLength(1);
  });

  test('prices rounded at the sixth digit are within their range', () => {
    expect(found(['A,2024-01-02,1.000001,1,0.9,1.000001,5'])).toEqual([]);
  });

  test('of identical duplicates the first is kept, of differing ones none', () => {
    expect(found([bar('2024-01-02', 10), bar('2024-01-02', 10)])).toEqual([['DUPLICATE_IDENTICAL', 3]]);
    const conflict = check([bar('2024-01-02', 10), bar('2024-01-03', 10, 5), bar('2024-01-02', 11)]);
    expect(conflict.quarantined.map(({ reason, line }) => [reason, line])).toEqual([
      ['DUPLICATE_CONFLICT', 2],
      ['DUPLICATE_CONFLICT', 4],
    ]);
    expect(conflict.bars.date).toEqual(['2024-01-03']);
  });

  test('a copy of the bar before, volume included, is stale; without volume it is a quiet day', () => {
    expect(found([bar('2024-01-02', 10, 777), bar('2024-01-03', 10, 777)])).toEqual([['STALE_COPY', 3]]);
    expect(found([bar('2024-01-02', 10, 0), bar('2024-01-03', 10, 0)])).toEqual([]);
  });

  test('so are its prices alone, of a symbol that moves; where a price stands still, or a bar is but a tick high, they may come again', () => {
    const days = sessionsBetween('XNYS', '2024-01-02', '2024-03-28');
    const set = (moves: boolean, ...prices: number[][]) => {
      const before = days.slice(0, 20).map((_, i) => [10, 10.9, 9.8, moves && i % 2 ? 10.3 : 10.5]);
      const rows = [...before, ...prices].map((each, i) => `AAA,${days[i]},${each.join(',')},${1000 + i}`);
      return found(rows);
    };
    const bars = [10.4, 10.9, 10.1, 10.2];
    expect(set(true, bars, bars, bars)).toEqual([
      ['STALE_COPY', 23],
      ['STALE_COPY', 24],
    ]);
    expect(set(false, bars, bars)).toEqual([]);
    expect(set(true, [10.4, 10.5, 10.4, 10.5], [10.4, 10.5, 10.4, 10.5])).toEqual([]);
  });

  test('a jump is set aside until a second bar confirms it', () => {
    const spike = [bar('2024-01-02', 10, 1), bar('2024-01-03', 65, 2), bar('2024-01-04', 10.5, 3)];
    expect(found(spike)).toEqual([['PRICE_JUMP', 3]]);
    const move = [
      bar('2024-01-02', 10, 1),
      bar('2024-01-03', 65, 2),
      bar('2024-01-04', 70, 3),
      bar('2024-01-05', 61, 4),
    ];
    expect(found(move)).toEqual([['PRICE_JUMP', 3]]);
    expect(check(move).bars.close).toEqual(Float64Array.of(10, 70, 61));
  });

  test('a fifth on an ordinary volume is asked about where prices are quiet, and is one move of many in a crisis', () => {
    const dates = sessionsBetween('XNYS', '2024-01-02', '2024-02-15');
    const fallAmong = (daily: number) => [
      ...dates.slice(0, 25).map((date, i) => bar(date, i % 2 ? 100 : 100 * (1 + daily), 1000 + i)),
      bar(dates[25], 80, 1040),
      bar(dates[26], 79, 1050),
    ];
    expect(found(fallAmong(0.01))).toEqual([['QUIET_JUMP', 27]]);
    expect(found(fallAmong(0.08))).toEqual([]);
  });

  test('a single jump that was believed makes the next one no ordinary move', () => {
    const dates = sessionsBetween('XNYS', '2024-01-02', '2024-02-15');
    const levels = dates.slice(0, 23).map((date, i) => bar(date, (i < 4 ? 10 : 65) * (1 + (i % 2) / 100), 1000 + i));
    const rows = [...levels, bar(dates[23], 49, 1040), bar(dates[24], 49.5, 1050)];
    expect(found(rows)).toEqual([
      ['PRICE_JUMP', 6],
      ['QUIET_JUMP', 25],
    ]);
  });

  test('a high that only one bar has, on an ordinary volume, is a bad print; in a crisis, or of a wild symbol, it is not', () => {
    const dates = sessionsBetween('XNYS', '2024-01-02', '2024-02-15');
    const printAmong = (wild: number, volume: number, high = 16) => [
      ...dates.slice(0, 25).map((date, i) => `A,${date},10,${10 * (1 + wild)},9.9,${10 + (i % 2) / 100},${1000 + i}`),
      `A,${dates[25]},10,${high},9.9,10.1,${volume}`,
      `A,${dates[26]},10,10.2,9.9,10.2,1040`,
    ];
    expect(found(printAmong(0.01, 1030))).toEqual([['EXTREME_RANGE', 27]]);
    expect(found(printAmong(0.01, 1030, 12.5))).toEqual([]);
    expect(found(printAmong(0.01, 1600))).toEqual([]);
    expect(found(printAmong(0.2, 1030))).toEqual([]);
    const [extreme] = check(printAmong(0.01, 1030, 25)).quarantined;
    expect(found(printAmong(0.01, 1030, 25), { released: new Set([rowId(extreme)]) })).toEqual([]);
  });

  test('a split explains a jump, from an actions file too', () => {
    const actions: CorporateAction[] = [{ symbol: 'A', date: '2024-01-03', dividend: 0, split: 10 }];
    const rows = [bar('2024-01-02', 100, 1), bar('2024-01-03', 10, 2)];
    expect(found(rows)).toEqual([['UNIT_SHIFT', 3]]);
    const { bars, quarantined } = check(rows, { actions });
    expect(quarantined).toEqual([]);
    expect(bars.split).toEqual(Float64Array.of(1, 10));
  });

  test('an action on a day without a bar falls on the next bar', () => {
    const actions: CorporateAction[] = [
      { symbol: 'A', date: '2024-01-03', dividend: 1, split: 1 },
      { symbol: 'A', date: '2024-01-04', dividend: 0, split: 2 },
    ];
    const { bars } = check([bar('2024-01-02', 100, 1), bar('2024-01-04', 50, 2)], { actions });
    expect(bars.dividend).toEqual(Float64Array.of(0, 0.5));
    expect(bars.split).toEqual(Float64Array.of(1, 2));
  });

  test('rows of others and rows of the future are left out, not quarantined', () => {
    const { bars, quarantined, rows } = check(
      [bar('2024-01-02', 1), bar('2024-01-03', -1), bar('2024-01-02', -1, 1, 'B')],
      {
        asOf: '2024-01-02',
        members: new Set(['A']),
      },
    );
    expect([bars.symbol.length, quarantined.length, rows]).toEqual([1, 0, 1]);
  });

  test('of a symbol that means cash are refused, unless it is no member', () => {
    const rows = [bar('2024-01-02', 1), bar('2024-01-02', 1, 1, 'cash')];
    expect(() => check(rows)).toThrow(
      expect.objectContaining({
        code: 'SYMBOL_RESERVED',
        facts: { file: 'bars.csv', line: 3, field: 'symbol', value: 'CASH' },
      }),
    );
    expect(check(rows, { members: new Set(['A']) }).bars.symbol).toEqual(['A']);
  });

  test('bars after the end of a life are set aside', () => {
    expect(
      found([bar('2024-01-02', 1, 1), bar('2024-01-03', 1, 2)], { lifeEnds: new Map([['A', '2024-01-03']]) }),
    ).toEqual([['AFTER_LIFE_END', 3]]);
  });

  test('what is known on a day does not depend on later rows', () => {
    const days = ['2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05', '2024-01-08'];
    const closes = [10, 65, 60, 10, 11];
    const rows = days.flatMap((day, t) => [bar(day, closes[t], t + 1), bar(day, 50 + t, t + 1, 'B')]);
    const all = check(rows);
    for (const asOf of days) {
      const { bars } = check(rows, { asOf });
      const kept = all.bars.date.filter((date) => date <= asOf).length;
      expect(bars.close).toEqual(all.bars.close.slice(0, kept));
    }
  });
});

describe('calendar data', () => {
  test('is the days on which most symbols have a bar', () => {
    const rows = ['2024-01-02', '2024-01-03', '2024-01-04'].flatMap((day, t) =>
      ['A', 'B', 'C'].map((symbol) => bar(day, 5 + t, t + 1, symbol)),
    );
    const { quarantined, dataDates } = check([...rows, bar('2024-01-05', 9, 4, 'B')], { calendar: 'data' });
    expect(quarantined.map(({ reason, line, symbol }) => [reason, line, symbol])).toEqual([['NOT_A_SESSION', 11, 'B']]);
    expect([...(dataDates ?? [])]).toEqual(['2024-01-02', '2024-01-03', '2024-01-04']);
  });

  test('has no weekend where weekends are the exception', () => {
    expect(
      found([bar('2024-01-04', 5, 1), bar('2024-01-05', 6, 2), bar('2024-01-06', 7, 3)], { calendar: 'data' }),
    ).toEqual([['NOT_A_SESSION', 4]]);
  });

  test('has weekends where the market trades on them', () => {
    const rows = Array.from({ length: 28 }, (_, i) =>
      bar(`2024-01-${String(i + 1).padStart(2, '0')}`, 5 + i / 10, i + 1),
    );
    expect(found(rows, { calendar: 'data' })).toEqual([]);
  });
});

describe('a bad batch', () => {
  const good = Array.from({ length: 30 }, (_, i) =>
    bar(`2024-01-${String(i + 1).padStart(2, '0')}`, 5 + i / 10, i + 1),
  );

  test('stops the line with the first bad row and the count of each reason', () => {
    const { quarantined, rows } = check([...good.slice(0, 10), 'A,2024-02-05,1,1,1,-1,5'], { calendar: '24x7' });
    expect(countReasons(quarantined)).toEqual({ NOT_POSITIVE: 1 });
    expect(() => refuseBadBatch(quarantined, rows)).toThrow(
      expect.objectContaining({
        code: 'DATA_TOO_MANY_BAD_ROWS',
        kind: 'badInput',
        facts: expect.objectContaining({
          file: 'bars.csv',
          line: 12,
          field: 'close',
          value: '-1',
          reasons: { NOT_POSITIVE: 1 },
        }),
      }),
    );
  });

  test('of few bad rows goes on without them', () => {
    const { quarantined, rows } = check([...good, 'A,2024-02-05,1,1,1,-1,5'], { calendar: '24x7' });
    expect(quarantined).toHaveLength(1);
    expect(() => refuseBadBatch(quarantined, rows)).not.toThrow();
  });
});
