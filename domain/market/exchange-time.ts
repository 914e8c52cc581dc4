import type { CalendarId } from './calendar.ts';
import { dayNumber, dayOfIso, isoOfDay, weekdayOfDay } from './days.ts';
import { closeTime } from './trading-hours.ts';

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
  return dayAndMinutes(daylight ? standard + 60 : standard);
}

/** The moment (UTC) of minutes since 1970 on a clock in New York; of the hour that autumn has twice the first, of the one that spring skips the winter time. */
export function utcOfNewYork(local: number): number {
  const shows = (utc: number): boolean => {
    const { date, minutes } = newYorkTime(utc);
    return dayOfIso(date) * DAY_MINUTES + minutes === local;
  };
  return shows(local + 240) ? local + 240 : local + 300;
}

/** Day and minutes after midnight of minutes since 1970. */
export const dayAndMinutes = (local: number) => ({
  date: isoOfDay(Math.floor(local / DAY_MINUTES)),
  minutes: ((local % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES,
});

/** `YYYY-MM-DDTHH:MMZ` of a moment in minutes since 1970 (UTC). */
export function isoOfMinutes(utcMinutes: number): string {
  const day = Math.floor(utcMinutes / DAY_MINUTES);
  const minute = utcMinutes - day * DAY_MINUTES;
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${isoOfDay(day)}T${two(Math.floor(minute / 60))}:${two(minute % 60)}Z`;
}

const OPEN = 570;

/** Opening and closing of a session in minutes after midnight of the exchange's clock. Calendars without hours: the whole day. */
export function sessionHours(calendar: CalendarId, date: string): { open: number; close: number } {
  if (calendar !== 'XNYS') return { open: 0, close: DAY_MINUTES };
  const [hours, minutes] = closeTime(date).split(':').map(Number);
  return { open: OPEN, close: hours * 60 + minutes };
}
