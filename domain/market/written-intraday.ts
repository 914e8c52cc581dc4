import { badInput } from '../errors.ts';
import type { CalendarId } from './calendar.ts';
import { utcOfNewYork } from './exchange-time.ts';
import type { Interval, TimedBars } from './intraday.ts';
import type { ParsedBars } from './parsed-bars.ts';

const INTERVAL_OF_MINUTES: Readonly<Record<number, Interval>> = { 1: '1m', 5: '5m', 15: '15m', 30: '30m', 60: '1h' };

/**
 * The bars of a file with several moments of one symbol on one day; null: they are daily. On calendar XNYS a moment without a zone is on New York's clock,
 * and a day is one there; elsewhere a day is what the file's own clock shows.
 *
 * @throws ProductError INTRADAY_INTERVAL, INTRADAY_ACTIONS (bad input).
 */
export function writtenIntraday(bars: ParsedBars, calendar: CalendarId): TimedBars | null {
  const { file, symbol, written, line, open, high, low, close, volume } = bars;
  if (!written || !hasSeveralADay(bars, written.time)) return null;
  if (bars.dividend) {
    throw badInput('INTRADAY_ACTIONS', 'A file of bars shorter than a day has columns of corporate actions', {
      facts: { file, line: 1, field: 'dividend, split', value: 'columns' },
      remedy: 'Write the actions into actions.csv, by day.',
    });
  }
  const inNewYork = calendar === 'XNYS';
  const offset = written.offset.map((minutes) => (Number.isNaN(minutes) ? 0 : minutes));
  const time = written.time.map((local, row) =>
    inNewYork && Number.isNaN(written.offset[row]) ? utcOfNewYork(local) : local - offset[row],
  );
  const interval = intervalOf(file, symbol, time);
  return { file, interval, symbol, time, offset: inNewYork ? null : offset, open, high, low, close, volume, line };
}

function hasSeveralADay({ symbol, date }: ParsedBars, time: readonly number[]): boolean {
  const first = new Map<string, number>();
  return symbol.some((name, row) => {
    const key = `${name} ${date[row]}`;
    const before = first.get(key);
    if (before === undefined) first.set(key, time[row]);
    return before !== undefined && before !== time[row];
  });
}

/** The shortest time between two bars of a symbol. */
function intervalOf(file: string, symbol: readonly string[], time: readonly number[]): Interval {
  const order = [...symbol.keys()].sort((a, b) =>
    symbol[a] < symbol[b] ? -1 : symbol[a] > symbol[b] ? 1 : time[a] - time[b],
  );
  let least = Number.POSITIVE_INFINITY;
  for (let i = 1; i < order.length; i++) {
    const [a, b] = [order[i - 1], order[i]];
    if (symbol[a] === symbol[b] && time[a] !== time[b]) least = Math.min(least, time[b] - time[a]);
  }
  const interval = INTERVAL_OF_MINUTES[least];
  if (interval) return interval;
  throw badInput('INTRADAY_INTERVAL', `Bars of ${least} minutes are not known here`, {
    facts: { file, field: 'date', value: least, known: Object.keys(INTERVAL_OF_MINUTES).map(Number) },
    remedy: 'Write bars of 1, 5, 15, 30 or 60 minutes, or of days.',
  });
}
