import { isSession, nthWeekdayOf } from './calendar.ts';
import { dayNumber, dayOfIso, weekdayOfDay } from './days.ts';

const [WEDNESDAY, THURSDAY, SUNDAY] = [2, 3, 6];
const REGULAR_OPEN = '09:30';
const REGULAR_CLOSE = '16:00';

/** Early closes that no rule gives: Fridays after an Independence Day, days after Christmas, the eve of the millennium. */
const SINGLE = new Set(['1996-07-05', '1997-12-26', '1999-12-31', '2002-07-05', '2003-12-26']);
/** Until 1992 an early close was at two. */
const TWO_O_CLOCK_UNTIL = '1993-01-01';

/**
 * The close of a session of the New York Stock Exchange, local time: 13:00 on the day after Thanksgiving, Christmas Eve, and the eve of
 * Independence Day, else 16:00. Unscheduled early closes (storms, halts: 1994-02-11, 1996-01-08, 1997-10-27, 2005-06-01) are not in it, as two
 * public calendars do not agree on them.
 */
export function closeTime(date: string): string {
  if (!isEarlyClose(date)) return REGULAR_CLOSE;
  return date < TWO_O_CLOCK_UNTIL ? '14:00' : '13:00';
}

function isEarlyClose(date: string): boolean {
  if (SINGLE.has(date)) return true;
  const [year, month, day] = [Number(date.slice(0, 4)), Number(date.slice(5, 7)), Number(date.slice(8))];
  const weekday = weekdayOfDay(dayOfIso(date));
  if (month === 11) return year >= 1992 && dayOfIso(date) === nthWeekdayOf(year, 11, THURSDAY, 4) + 1;
  if (month === 12 && day === 24) return true;
  // The eve of Independence Day since 1995; before 2013 the exchange stayed open on a Wednesday and closed early on the Friday after, if at all.
  return month === 7 && day === 3 && year >= 1995 && weekday <= THURSDAY && !(year < 2013 && weekday === WEDNESDAY);
}

/** Whether New York keeps summer time: United States law of 1986 (April to October) and, since 2007, of 2005 (March to November). */
function isSummer(date: string): boolean {
  const year = Number(date.slice(0, 4));
  const [start, end] =
    year >= 2007
      ? [nthWeekdayOf(year, 3, SUNDAY, 2), nthWeekdayOf(year, 11, SUNDAY, 1)]
      : [nthWeekdayOf(year, 4, SUNDAY, 1), lastSundayOfOctober(year)];
  const day = dayOfIso(date);
  return day >= start && day < end;
}

function lastSundayOfOctober(year: number): number {
  const last = dayNumber(year, 10, 31);
  return last - ((weekdayOfDay(last) - SUNDAY + 7) % 7);
}

/** Open and close of a session in UTC (`HH:MM`), or null on a day without one. */
export function sessionHoursUtc(date: string): { open: string; close: string } | null {
  if (!isSession('XNYS', date)) return null;
  const offset = isSummer(date) ? 4 : 5;
  const utc = (local: string): string =>
    `${String(Number(local.slice(0, 2)) + offset).padStart(2, '0')}${local.slice(2)}`;
  return { open: utc(REGULAR_OPEN), close: utc(closeTime(date)) };
}
