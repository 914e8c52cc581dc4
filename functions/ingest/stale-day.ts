import { badInput } from '../../domain/errors.ts';
import type { BarTable } from '../../domain/market/bar.ts';

/** Fewer symbols than this may all close where they did by chance. */
const FEWEST = 3;

/**
 * Yesterday's data under today's date: every symbol of the day has the prices of its bar before, to the last digit.
 *
 * @throws ProductError INGEST_STALE_DAY (bad input).
 */
export function refuseStaleDay(bars: BarTable, date: string): void {
  const last = new Map<string, number>();
  const today: [number, number | undefined][] = [];
  for (let row = 0; row < bars.date.length; row++) {
    if (bars.date[row] === date) today.push([row, last.get(bars.symbol[row])]);
    last.set(bars.symbol[row], row);
  }
  const same = ([row, before]: [number, number | undefined]): boolean =>
    before !== undefined &&
    (['open', 'high', 'low', 'close'] as const).every((name) => bars[name][row] === bars[name][before]);
  if (today.length < FEWEST || !today.every(same)) return;
  throw badInput(
    'INGEST_STALE_DAY',
    `The bars of ${date} are those of the session before, for all ${today.length} symbols`,
    {
      facts: { date, symbols: today.length },
      remedy:
        'The source repeats its last day under a new date. Wait for it, and run the day again; nothing was written.',
    },
  );
}
