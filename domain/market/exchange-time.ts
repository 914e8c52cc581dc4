import type { CalendarId } from './calendar.ts';
import { dayNumber, dayOfIso, isoOfDay, weekdayOfDay } from './days.ts';

const SUNDAY = 6;
const DAY_MINUTES = 1440;

const firstSunday = (year: number, month: number): number => {
  const first = dayNumber(year, month, 1);
  return first + ((SUNDAY - weekdayOfDay(first) + 7) % 7);
};

/** First and last day of daylight saving time: Energy Policy Act of 2005 since 2007, Uniform Time Act as amended in 1986 before. */
function daylightDays(year: number): [number, number] {
  if (year >= 2007) return [firstSunday(year, 3) + 7, firstSunday(year, 11)];
  return [firstSunday(year, 4), firstSunday(year, 11) - 7];
}

/** Day and minutes after midnight on a clock in New York, of a moment in minutes since 1970 (UTC). By rule, not by the machine's table of zones. */
export function newYorkTime(utcMinutes: number): { date: string; minutes: number } {
  const standard = utcMinutes - 300;
  const year = Number(isoOfDay(Math.floor(standard / DAY_MINUTES)).slice(0, 4));
  const [from, to] = daylightDays(year);
  // The clock changes at 2:00 of its own time: standard time in spring, daylight time (1:00 standard) in autumn.
  const daylight = standard >= from * DAY_MINUTES + 120 && standard < to * DAY_MINUTES + 60;
  const local = daylight ? standard + 60 : standard;
  return {
    date: isoOfDay(Math.floor(local / DAY_MINUTES)),
    minutes: ((local % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES,
  };
}

/** `YYYY-MM-DDTHH:MMZ` of a moment in minutes since 1970 (UTC). */
export function isoOfMinutes(utcMinutes: number): string {
  const day = Math.floor(utcMinutes / DAY_MINUTES);
  const minute = utcMinutes - day * DAY_MINUTES;
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${isoOfDay(day)}T${two(Math.floor(minute / 60))}:${two(minute % 60)}Z`;
}

const [OPEN, CLOSE, EARLY_CLOSE] = [570, 960, 780];
/** Early closings of the New York Stock Exchange outside the yearly rules. */
const EARLY = new Set(['1997-12-26', '1999-12-31', '2003-12-26']);

/**
 * Opening and closing of a session in minutes after midnight of the exchange's clock. XNYS: 9:30 to 16:00; to 13:00 on the day after
 * Thanksgiving, on 24 December, and beside Independence Day: on 3 July, or, where 4 July was a Thursday before 2013, on the Friday after (NYSE rule 7.2 and
 * its yearly notices, since 1993). Other calendars have no hours: the whole day.
 */
export function sessionHours(calendar: CalendarId, date: string): { open: number; close: number } {
  if (calendar !== 'XNYS') return { open: 0, close: DAY_MINUTES };
  return { open: OPEN, close: closesEarly(date) ? EARLY_CLOSE : CLOSE };
}

function closesEarly(date: string): boolean {
  const [year, monthDay, weekday] = [Number(date.slice(0, 4)), date.slice(5), weekdayOfDay(dayOfIso(date))];
  if (year < 1993) return false;
  if (EARLY.has(date)) return true;
  if (monthDay === '12-24') return weekday < 4;
  if (monthDay === '07-03') return weekday < 4 && (weekday !== 2 || year >= 2013);
  if (monthDay === '07-05') return weekday === 4 && year < 2013;
  // The Friday after the fourth Thursday of November lies on its 23rd to 29th day.
  return weekday === 4 && monthDay >= '11-23' && monthDay <= '11-29';
}
