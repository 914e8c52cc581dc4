import { badInput } from '../errors.ts';
import { dayNumber, dayOfIso, easterSunday, isoOfDay, weekdayOfDay } from './days.ts';

/**
 * TARGET: the euro's settlement days, on which the ECB fixes its reference rates. XNYS: the New York Stock Exchange.
 * 24x7: every day. data: the days on which most symbols have a bar.
 */
export type CalendarId = 'TARGET' | 'XNYS' | '24x7' | 'data';

const SATURDAY = 5;
const SUNDAY = 6;
const [MONDAY, THURSDAY] = [0, 3];

type HolidayRule = (year: number) => number[];

/**
 * TARGET closing days: ECB press releases of 1999-07-15, 1999-03-31, 2000-05-25 and 2000-12-14. Since 2000: New Year, Good Friday,
 * Easter Monday, 1 May, 25 and 26 December. 1999 had New Year and Christmas only, and 31 December of 1999 and 2001 were closed for the change
 * of the millennium and for the cash changeover.
 */
const targetHolidays: HolidayRule = (year) => {
  const days = [dayNumber(year, 1, 1), dayNumber(year, 12, 25)];
  if (year >= 2000) {
    const easter = easterSunday(year);
    days.push(easter - 2, easter + 1, dayNumber(year, 5, 1), dayNumber(year, 12, 26));
  }
  if (year === 1999 || year === 2001) days.push(dayNumber(year, 12, 31));
  return days;
};

/** Unscheduled closings of the New York Stock Exchange since 1990: days of mourning, 11 September 2001, hurricane Sandy. */
const XNYS_CLOSINGS = [
  '1994-04-27',
  '2001-09-11',
  '2001-09-12',
  '2001-09-13',
  '2001-09-14',
  '2004-06-11',
  '2007-01-02',
  '2012-10-29',
  '2012-10-30',
  '2018-12-05',
  '2025-01-09',
].map(dayOfIso);

/** NYSE rule 7.2: the holidays in force since 1990; Martin Luther King day since 1998, Juneteenth since 2022. */
const xnysHolidays: HolidayRule = (year) => {
  const newYear = dayNumber(year, 1, 1);
  const days = [
    // A Saturday is not observed on the Friday before: that day closes the accounting year.
    weekdayOfDay(newYear) === SUNDAY ? newYear + 1 : newYear,
    nthWeekdayOf(year, 2, MONDAY, 3),
    easterSunday(year) - 2,
    lastMonday(year, 5),
    observed(dayNumber(year, 7, 4)),
    nthWeekdayOf(year, 9, MONDAY, 1),
    nthWeekdayOf(year, 11, THURSDAY, 4),
    observed(dayNumber(year, 12, 25)),
  ];
  if (year >= 1998) days.push(nthWeekdayOf(year, 1, MONDAY, 3));
  if (year >= 2022) days.push(observed(dayNumber(year, 6, 19)));
  return [...days, ...XNYS_CLOSINGS];
};

/** Saturday is observed on Friday, Sunday on Monday. */
function observed(day: number): number {
  const weekday = weekdayOfDay(day);
  return weekday === SATURDAY ? day - 1 : weekday === SUNDAY ? day + 1 : day;
}

/** Day number of the nth weekday (0 Monday .. 6 Sunday) of a month. */
export function nthWeekdayOf(year: number, month: number, weekday: number, n: number): number {
  const first = dayNumber(year, month, 1);
  return first + ((weekday - weekdayOfDay(first) + 7) % 7) + 7 * (n - 1);
}

function lastMonday(year: number, month: number): number {
  const last = dayNumber(year, month + 1, 1) - 1;
  return last - ((weekdayOfDay(last) - MONDAY + 7) % 7);
}

const RULES: Record<'TARGET' | 'XNYS', HolidayRule> = { TARGET: targetHolidays, XNYS: xnysHolidays };
const holidaysByYear = { TARGET: new Map<number, Set<number>>(), XNYS: new Map<number, Set<number>>() };

function holidaysOf(calendar: 'TARGET' | 'XNYS', year: number): Set<number> {
  let days = holidaysByYear[calendar].get(year);
  if (!days) {
    days = new Set(RULES[calendar](year));
    holidaysByYear[calendar].set(year, days);
  }
  return days;
}

/** First date for which the rules of a calendar are known. */
export const CALENDAR_FROM: Record<CalendarId, string> = {
  TARGET: '1999-01-01',
  XNYS: '1990-01-01',
  '24x7': '0001-01-01',
  data: '0001-01-01',
};

/**
 * Whether the date is a trading session. Calendar `data` needs the dates that the data has.
 *
 * @throws ProductError CALENDAR_TOO_EARLY before the first year whose rules are known; CALENDAR_NEEDS_DATA.
 */
export function isSession(calendar: CalendarId, date: string, dataDates?: ReadonlySet<string>): boolean {
  if (calendar === '24x7') return true;
  if (calendar === 'data') {
    if (!dataDates) throw badInput('CALENDAR_NEEDS_DATA', 'Calendar "data" needs the dates of the data');
    return dataDates.has(date);
  }
  if (date < CALENDAR_FROM[calendar]) {
    throw badInput(
      'CALENDAR_TOO_EARLY',
      `The rules of calendar ${calendar} are known from ${CALENDAR_FROM[calendar]} on`,
      {
        facts: { date },
        remedy: 'Use calendar "data" for older bars.',
      },
    );
  }
  const known = sessionsKnown[calendar];
  let session = known.get(date);
  if (session === undefined) {
    const day = dayOfIso(date);
    session = weekdayOfDay(day) < SATURDAY && !holidaysOf(calendar, Number(date.slice(0, 4))).has(day);
    known.set(date, session);
  }
  return session;
}

/** Asked once a row of a file: a file has many rows and few days. */
const sessionsKnown = { TARGET: new Map<string, boolean>(), XNYS: new Map<string, boolean>() };

/** The first session after the date; null when calendar `data` has none. */
export function nextSession(calendar: CalendarId, date: string, dataDates?: ReadonlySet<string>): string | null {
  return stepSession(calendar, date, 1, dataDates);
}

/** The last session before the date; null when there is none that the calendar knows. */
export function previousSession(calendar: CalendarId, date: string, dataDates?: ReadonlySet<string>): string | null {
  return stepSession(calendar, date, -1, dataDates);
}

/** No calendar closes for longer than this (XNYS in September 2001: 6 days). Calendar `data` is searched in its own dates. */
const LONGEST_CLOSING_DAYS = 30;

function stepSession(calendar: CalendarId, date: string, step: 1 | -1, dataDates?: ReadonlySet<string>): string | null {
  if (calendar === 'data') {
    let best: string | null = null;
    for (const candidate of dataDates ?? []) {
      const beyond = step === 1 ? candidate > date : candidate < date;
      if (beyond && (best === null || (step === 1 ? candidate < best : candidate > best))) best = candidate;
    }
    return best;
  }
  const start = dayOfIso(date);
  for (let i = 1; i <= LONGEST_CLOSING_DAYS; i++) {
    const candidate = isoOfDay(start + i * step);
    if (candidate < CALENDAR_FROM[calendar]) return null;
    if (isSession(calendar, candidate)) return candidate;
  }
  return null;
}

/** Sessions from `from` to `to`, both included, ascending. */
export function sessionsBetween(
  calendar: CalendarId,
  from: string,
  to: string,
  dataDates?: ReadonlySet<string>,
): string[] {
  if (calendar === 'data') return [...(dataDates ?? [])].filter((date) => date >= from && date <= to).sort();
  const sessions: string[] = [];
  const first = from < CALENDAR_FROM[calendar] ? CALENDAR_FROM[calendar] : from;
  const end = dayOfIso(to);
  for (let day = dayOfIso(first); day <= end; day++) {
    const date = isoOfDay(day);
    if (isSession(calendar, date)) sessions.push(date);
  }
  return sessions;
}
