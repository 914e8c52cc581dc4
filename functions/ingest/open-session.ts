import { badInput } from '../../domain/errors.ts';
import type { CalendarId } from '../../domain/market/calendar.ts';
import { sessionHours } from '../../domain/market/exchange-time.ts';
import { exchangeTime, type TimedBars } from '../../domain/market/intraday.ts';

/** Towards the close something is traded in every hour. */
const SILENT_MINUTES = 60;

/**
 * Bars shorter than a day that end long before the close: the session was open when they were written, and its day would be taken for whole.
 *
 * @throws ProductError INGEST_OPEN_SESSION (bad input).
 */
export function refuseOpenSession(bars: TimedBars | null, date: string, calendar: CalendarId): void {
  if (bars === null || calendar !== 'XNYS') return;
  const { close } = sessionHours(calendar, date);
  let last = -1;
  for (let row = 0; row < bars.time.length; row++) {
    const begins = exchangeTime(bars, row);
    if (begins.date === date) last = Math.max(last, begins.minutes);
  }
  if (last === -1 || last >= close - SILENT_MINUTES) return;
  const clock = (minutes: number): string =>
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  throw badInput(
    'INGEST_OPEN_SESSION',
    `The last bar of ${date} begins at ${clock(last)}, and the session ends at ${clock(close)}`,
    {
      facts: { date, file: bars.file, field: 'date', last: clock(last), close: clock(close) },
      remedy: 'Bring the bars of the whole session, and run the day again; nothing was written.',
    },
  );
}
