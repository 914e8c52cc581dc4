import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { isSession, sessionsBetween } from './calendar.ts';
import { dayOfIso, isoOfDay, weekdayOfDay } from './days.ts';
import { closeTime, sessionHoursUtc } from './trading-hours.ts';

const { calendar } = JSON.parse(readFileSync(new URL('./market-oracle.json', import.meta.url), 'utf8')) as {
  calendar: {
    sessions_per_year: Record<string, number>;
    holidays: string[];
    early_closes: [string, string][];
    early_closes_in_dispute: Record<string, Record<string, string | null>>;
    open_close_utc: Record<string, [string, string]>;
  };
};
const [FROM, TO] = ['1990-01-01', '2030-12-31'];

describe('the New York Stock Exchange', () => {
  test('has the sessions of two public calendars, 1990 to 2030', () => {
    const closed: string[] = [];
    for (let day = dayOfIso(FROM); day <= dayOfIso(TO); day++) {
      const date = isoOfDay(day);
      if (weekdayOfDay(day) < 5 && !isSession('XNYS', date)) closed.push(date);
    }
    expect(closed).toEqual(calendar.holidays);
    for (const [year, sessions] of Object.entries(calendar.sessions_per_year))
      expect([year, sessionsBetween('XNYS', `${year}-01-01`, `${year}-12-31`).length]).toEqual([year, sessions]);
  });

  test('closes early on every day on which both calendars do, at their hour, and on none else but the days in dispute', () => {
    const early = sessionsBetween('XNYS', FROM, TO).flatMap((date): [string, string][] =>
      closeTime(date) === '16:00' ? [] : [[date, closeTime(date)]],
    );
    const disputed = (date: string): boolean => date in calendar.early_closes_in_dispute;
    expect(early.filter(([date]) => !disputed(date))).toEqual(calendar.early_closes);
    for (const [date, hour] of early.filter(([each]) => disputed(each)))
      expect(Object.values(calendar.early_closes_in_dispute[date])).toContain(hour);
  });

  test('opens and closes at these hours of UTC', () => {
    for (const [date, [open, close]] of Object.entries(calendar.open_close_utc))
      expect([date, sessionHoursUtc(date)]).toEqual([date, { open: open.slice(0, 5), close: close.slice(0, 5) }]);
    expect(sessionHoursUtc('2024-07-04')).toBeNull();
  });
});
