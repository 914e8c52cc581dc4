import { type CalendarId, isSession } from './calendar.ts';
import { isoOfMinutes, newYorkTime, sessionHours } from './exchange-time.ts';
import { emptyParsedBars, type ParsedBars } from './parsed-bars.ts';
import type { QuarantineReason } from './quarantine.ts';

export const INTERVALS = ['1m', '5m', '15m', '30m', '1h', '1d'] as const;
export type Interval = (typeof INTERVALS)[number];

/** Bars of one interval with the moment at which each begins, in any order. Prices as traded. */
export interface TimedBars {
  file: string;
  interval: Interval;
  symbol: string[];
  /** Minutes since 1970 (UTC). */
  time: number[];
  open: number[];
  high: number[];
  low: number[];
  close: number[];
  volume: number[];
}

export const emptyTimedBars = (file: string, interval: Interval): TimedBars => ({
  file,
  interval,
  symbol: [],
  time: [],
  open: [],
  high: [],
  low: [],
  close: [],
  volume: [],
});

/** Daily bars that came with a moment: each belongs to the day that it has on the exchange's clock. */
export function datedBars(bars: TimedBars): ParsedBars {
  const days = emptyParsedBars(bars.file, false);
  for (let row = 0; row < bars.symbol.length; row++) pushDay(days, bars, row, row, newYorkTime(bars.time[row]).date);
  return days;
}

/**
 * Days from intraday bars: the open of the first bar, the close of the last, the range and the volume of those that begin within the session's hours on the
 * exchange's clock. Trading before the open and after the close (the early one, on such a day) is left out. A day with two different bars of one moment is
 * set aside whole: nobody can say which is right.
 */
export function rollUp(bars: TimedBars, calendar: CalendarId): ParsedBars {
  const days = emptyParsedBars(bars.file, false);
  const order = [...bars.symbol.keys()].sort((a, b) =>
    bars.symbol[a] < bars.symbol[b] ? -1 : bars.symbol[a] > bars.symbol[b] ? 1 : bars.time[a] - bars.time[b],
  );
  let [day, previous, bad] = ['', -1, false];
  const reject = (reason: QuarantineReason, row: number, date: string): void => {
    const value = isoOfMinutes(bars.time[row]);
    days.rejected.push({
      reason,
      file: bars.file,
      line: row + 1,
      symbol: bars.symbol[row],
      date,
      field: 'time',
      value,
    });
  };
  for (const row of order) {
    const { date, minutes } = newYorkTime(bars.time[row]);
    const key = `${bars.symbol[row]} ${date}`;
    if (key !== day && !isSession(calendar, date)) {
      reject('NOT_A_SESSION', row, date);
      continue;
    }
    const { open, close } = sessionHours(calendar, date);
    if (minutes < open || minutes >= close) continue;
    if (key !== day) [day, bad] = [key, pushDay(days, bars, row, row, date)];
    else if (bars.time[row] === bars.time[previous]) {
      if (!bad && !sameBar(bars, row, previous)) {
        reject('DUPLICATE_CONFLICT', row, date);
        popDay(days);
        bad = true;
      }
    } else if (!bad) extendDay(days, bars, row);
    previous = row;
  }
  return days;
}

function pushDay(days: ParsedBars, bars: TimedBars, row: number, line: number, date: string): false {
  days.symbol.push(bars.symbol[row]);
  days.date.push(date);
  for (const name of PRICES) days[name].push(bars[name][row]);
  days.volume.push(bars.volume[row]);
  days.line.push(line + 1);
  return false;
}

const PRICES = ['open', 'high', 'low', 'close'] as const;

function popDay(days: ParsedBars): void {
  for (const name of ['symbol', 'date', ...PRICES, 'volume', 'line'] as const) days[name].pop();
}

function extendDay(days: ParsedBars, bars: TimedBars, row: number): void {
  const last = days.symbol.length - 1;
  days.high[last] = Math.max(days.high[last], bars.high[row]);
  days.low[last] = Math.min(days.low[last], bars.low[row]);
  days.close[last] = bars.close[row];
  days.volume[last] += bars.volume[row];
}

const sameBar = (bars: TimedBars, a: number, b: number): boolean =>
  [...PRICES, 'volume' as const].every((name) => bars[name][a] === bars[name][b]);
