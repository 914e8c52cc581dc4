import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { isSession, nextSession, previousSession, sessionsBetween } from './calendar.ts';
import { dayOfIso, easterSunday, isIsoDate, isoOfDay, weekdayOfDay } from './days.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url));
const oracle = JSON.parse(read('./oracles/market.json').toString()).calendar as {
  sessions: number;
  sessions_per_year: Record<string, number>;
  holidays: [string, string][];
};
const fixings = gunzipSync(read('../../data/ecb_fx_reference_rates.csv.gz'))
  .toString()
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.slice(0, 10))
  .sort();

describe('TARGET', () => {
  test('has a session on exactly the dates on which the ECB fixed its rates, 1999-2026', () => {
    expect(fixings).toHaveLength(7126);
    expect(sessionsBetween('TARGET', fixings[0], fixings[fixings.length - 1])).toEqual(fixings);
  });

  test.each([
    ['1999-04-02', true, 'Good Friday of 1999'],
    ['1999-12-31', false, 'change of the millennium'],
    ['2000-04-21', false, 'Good Friday since 2000'],
    ['2001-12-31', false, 'cash changeover'],
    ['2027-05-01', false, 'a Saturday and 1 May'],
    ['2026-12-24', true, 'Christmas Eve'],
  ])('%s: %s (%s)', (date, open) => {
    expect(isSession('TARGET', date)).toBe(open);
  });

  test('refuses dates before its rules are known', () => {
    expect(() => isSession('TARGET', '1998-12-31')).toThrow(
      expect.objectContaining({ code: 'CALENDAR_TOO_EARLY', kind: 'badInput' }),
    );
  });
});

describe('XNYS', () => {
  const sessions = sessionsBetween('XNYS', '1990-01-01', '2030-12-31');

  test('has the sessions of both reference libraries, 1990-2030', () => {
    expect(sessions).toHaveLength(oracle.sessions);
    const perYear = Object.fromEntries(
      Object.keys(oracle.sessions_per_year).map((year) => [
        year,
        sessions.filter((date) => date.startsWith(year)).length,
      ]),
    );
    expect(perYear).toEqual(oracle.sessions_per_year);
  });

  test('is closed on their holidays and open on every other weekday', () => {
    const holidays = new Set(oracle.holidays.map(([date]) => date));
    const expected: string[] = [];
    for (let day = dayOfIso('1990-01-01'); day <= dayOfIso('2030-12-31'); day++) {
      if (weekdayOfDay(day) < 5 && !holidays.has(isoOfDay(day))) expected.push(isoOfDay(day));
    }
    expect(sessions).toEqual(expected);
  });
});

describe('steps', () => {
  test('go over weekends and holidays', () => {
    expect(nextSession('TARGET', '2026-10-30')).toBe('2026-11-02');
    expect(nextSession('TARGET', '2025-12-24')).toBe('2025-12-29');
    expect(previousSession('XNYS', '2001-09-17')).toBe('2001-09-10');
    expect(nextSession('24x7', '2024-02-28')).toBe('2024-02-29');
  });

  test('of calendar data are those of the data', () => {
    const dates = new Set(['2024-01-05', '2024-01-02', '2024-01-03']);
    expect(isSession('data', '2024-01-04', dates)).toBe(false);
    expect(nextSession('data', '2024-01-03', dates)).toBe('2024-01-05');
    expect(previousSession('data', '2024-01-03', dates)).toBe('2024-01-02');
    expect(nextSession('data', '2024-01-05', dates)).toBeNull();
    expect(sessionsBetween('data', '2024-01-01', '2024-01-04', dates)).toEqual(['2024-01-02', '2024-01-03']);
    expect(() => isSession('data', '2024-01-04')).toThrow(expect.objectContaining({ code: 'CALENDAR_NEEDS_DATA' }));
  });
});

describe('days', () => {
  test('agree with the platform over four centuries', () => {
    const wrong: string[] = [];
    for (let day = dayOfIso('1800-01-01'); day < dayOfIso('2200-01-01'); day++) {
      const date = new Date(day * 86_400_000);
      const same =
        isoOfDay(day) === date.toISOString().slice(0, 10) && weekdayOfDay(day) === (date.getUTCDay() + 6) % 7;
      if (!same) wrong.push(isoOfDay(day));
    }
    expect(wrong).toEqual([]);
  });

  test.each(['2024-02-30', '2023-02-29', '2024-13-01', '2024-1-1', '20240101', '', 'N/A'])('%s is no date', (text) => {
    expect(isIsoDate(text)).toBe(false);
  });

  test.each([
    [1999, '1999-04-04'],
    [2000, '2000-04-23'],
    [2008, '2008-03-23'],
    [2011, '2011-04-24'],
    [2038, '2038-04-25'],
  ])('Easter of %s is %s', (year, date) => {
    expect(isoOfDay(easterSunday(year))).toBe(date);
  });
});
