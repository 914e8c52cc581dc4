import { badInput } from '../errors.ts';
import { type CalendarId, isSession } from './calendar.ts';
import { dayAndMinutes, isoOfMinutes, newYorkTime, sessionHours } from './exchange-time.ts';
import { emptyParsedBars, type ParsedBars } from './parsed-bars.ts';
import { isJudgement, type QuarantinedRow, type QuarantineReason } from './quarantine.ts';
import { rowFinding } from './row-rules.ts';

export const INTERVALS = ['1m', '5m', '15m', '30m', '1h', '1d'] as const;
export type Interval = (typeof INTERVALS)[number];
const MINUTES: Readonly<Record<Interval, number>> = { '1m': 1, '5m': 5, '15m': 15, '30m': 30, '1h': 60, '1d': 1440 };

/** Bars of one interval with the moment at which each begins, in any order. Prices as traded. */
export interface TimedBars {
  file: string;
  interval: Interval;
  symbol: string[];
  /** Minutes since 1970 (UTC). */
  time: number[];
  /** Minutes from UTC of the clock by which a bar belongs to a day; null: New York's. */
  offset: number[] | null;
  open: number[];
  high: number[];
  low: number[];
  close: number[];
  volume: number[];
  /** Of the file; absent: not known. */
  line?: number[];
}

export const emptyTimedBars = (file: string, interval: Interval): TimedBars => ({
  file,
  interval,
  symbol: [],
  time: [],
  offset: null,
  open: [],
  high: [],
  low: [],
  close: [],
  volume: [],
});

/** Day and minutes after midnight by which a bar belongs to a day. */
export const exchangeTime = ({ time, offset }: TimedBars, row: number): { date: string; minutes: number } =>
  offset ? dayAndMinutes(time[row] + offset[row]) : newYorkTime(time[row]);

/** Daily bars that came with a moment: each belongs to the day that it has on the exchange's clock. */
export function datedBars(bars: TimedBars): ParsedBars {
  const days = emptyParsedBars(bars.file, false);
  for (let row = 0; row < bars.symbol.length; row++) pushDay(days, bars, row, row, newYorkTime(bars.time[row]).date);
  return days;
}

/**
 * Days from intraday bars: the open of the first bar, the close of the last, the range and the volume of those that begin within the session's hours on the
 * exchange's clock. Trading before the open and after the close (the early one, on such a day) is left out. A day is set aside whole, with its first fault,
 * when it has two different bars of one moment, a bar that cannot be true, or one that could not be read (`unreadable`): what it was without that bar
 * nobody can say.
 *
 * @throws ProductError INTRADAY_INTERVAL (bad input): a bar begins before the open and ends after it; INTRADAY_CLOCK: the bars do not lie as a session does.
 */
export function rollUp(bars: TimedBars, calendar: CalendarId, unreadable: readonly QuarantinedRow[] = []): ParsedBars {
  const days = emptyParsedBars(bars.file, false);
  const faults = new Map<string, QuarantinedRow>();
  for (const row of unreadable) {
    const key = row.symbol && row.date ? `${row.symbol} ${row.date}` : `line ${row.line}`;
    if (!faults.has(key)) faults.set(key, row);
  }
  const seen: SeenDays = { beforeOpen: 0, atOpen: 0, toClose: 0, afterClose: 0 };
  for (const [key, rows] of rowsByDay(bars)) {
    const date = key.split(' ')[1];
    const { open, close } = sessionHours(calendar, date);
    const minutes = rows.map((row) => exchangeTime(bars, row).minutes);
    const within = rows.filter((row, i) => {
      if (minutes[i] < open && minutes[i] + MINUTES[bars.interval] > open) throw spansOpen(bars, row, date);
      return minutes[i] >= open && minutes[i] < close;
    });
    if (minutes[0] < open) seen.beforeOpen++;
    if (minutes.includes(open)) seen.atOpen++;
    if (minutes.some((minute) => minute >= close - LAST_MINUTES && minute < close)) seen.toClose++;
    if (minutes[minutes.length - 1] >= close) seen.afterClose++;
    const isDay = calendar === 'data' || isSession(calendar, date);
    const fault =
      faults.get(key) ??
      (isDay ? faultOf(bars, date, within) : faultAt(bars, rows[0], date, 'NOT_A_SESSION', 'date', date));
    if (fault) {
      faults.set(key, fault);
      continue;
    }
    within.forEach((row, i) => {
      if (i === 0) pushDay(days, bars, row, row, date);
      else if (bars.time[row] !== bars.time[within[i - 1]]) extendDay(days, bars, row);
    });
  }
  requireSessionClock(bars.file, seen);
  for (const fault of faults.values()) days.rejected.push(fault);
  return days;
}

/** Days, of each symbol its own, on which a bar begins before the open, at the open, shortly before the close, after the close. */
interface SeenDays {
  beforeOpen: number;
  atOpen: number;
  toClose: number;
  afterClose: number;
}

/** A symbol that is hardly traded may miss the open on some days, not on so many. */
const TELLING_DAYS = 10;
const LAST_MINUTES = 30;

/** Bars after the close, and none at the open, on any day: they are stamped by their end, or by a clock east of the exchange. The reverse: by one west of it. */
function requireSessionClock(file: string, { beforeOpen, atOpen, toClose, afterClose }: SeenDays): void {
  const isLate = atOpen === 0 && afterClose >= TELLING_DAYS;
  if (!isLate && !(toClose === 0 && beforeOpen >= TELLING_DAYS)) return;
  throw badInput(
    'INTRADAY_CLOCK',
    isLate
      ? 'Bars go on after the close, and none begins at the open'
      : 'Bars begin before the open, and none in the last half hour of a session',
    {
      facts: { file, field: 'date', beforeOpen, atOpen, toClose, afterClose },
      remedy:
        "Stamp each bar with the moment at which it begins, on New York's clock or with the zone (2024-07-01T13:30:00Z).",
    },
  );
}

const spansOpen = ({ file, interval, time, symbol }: TimedBars, row: number, date: string) =>
  badInput('INTRADAY_INTERVAL', `A bar of ${interval} has trading before the open and after it`, {
    facts: { file, field: 'date', value: isoOfMinutes(time[row]), symbol: symbol[row], date, interval },
    remedy:
      'Bring shorter bars (30 minutes or less), or bars that begin at the open: nobody can say what of this one belongs to the session.',
  });

/** Rows by symbol and day (`AAA 2024-01-02`), each day's in the order of time. */
function rowsByDay(bars: TimedBars): Map<string, number[]> {
  const days = new Map<string, number[]>();
  const order = [...bars.symbol.keys()].sort((a, b) =>
    bars.symbol[a] < bars.symbol[b] ? -1 : bars.symbol[a] > bars.symbol[b] ? 1 : bars.time[a] - bars.time[b],
  );
  for (const row of order) {
    const key = `${bars.symbol[row]} ${exchangeTime(bars, row).date}`;
    const rows = days.get(key);
    if (rows) rows.push(row);
    else days.set(key, [row]);
  }
  return days;
}

/** The first thing that is wrong with a day of one symbol; null: nothing. */
function faultOf(bars: TimedBars, date: string, rows: readonly number[]): QuarantinedRow | null {
  for (const [i, row] of rows.entries()) {
    const found = rowFinding(bars, row, null);
    if (found && !isJudgement(found.reason)) return faultAt(bars, row, date, found.reason, found.field, found.value);
    if (i > 0 && bars.time[row] === bars.time[rows[i - 1]] && !sameBar(bars, row, rows[i - 1]))
      return faultAt(bars, row, date, 'DUPLICATE_CONFLICT', 'time', isoOfMinutes(bars.time[row]));
  }
  return null;
}

const faultAt = (
  bars: TimedBars,
  row: number,
  date: string,
  reason: QuarantineReason,
  field: string,
  value: string,
): QuarantinedRow => ({
  reason,
  file: bars.file,
  line: bars.line?.[row] ?? row + 1,
  symbol: bars.symbol[row],
  date,
  field,
  value,
});

function pushDay(days: ParsedBars, bars: TimedBars, row: number, line: number, date: string): void {
  days.symbol.push(bars.symbol[row]);
  days.date.push(date);
  for (const name of PRICES) days[name].push(bars[name][row]);
  days.volume.push(bars.volume[row]);
  days.line.push(bars.line?.[line] ?? line + 1);
}

const PRICES = ['open', 'high', 'low', 'close'] as const;

function extendDay(days: ParsedBars, bars: TimedBars, row: number): void {
  const last = days.symbol.length - 1;
  days.high[last] = Math.max(days.high[last], bars.high[row]);
  days.low[last] = Math.min(days.low[last], bars.low[row]);
  days.close[last] = bars.close[row];
  days.volume[last] += bars.volume[row];
}

const sameBar = (bars: TimedBars, a: number, b: number): boolean =>
  [...PRICES, 'volume' as const].every((name) => bars[name][a] === bars[name][b]);
