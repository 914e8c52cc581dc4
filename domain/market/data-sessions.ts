import { dayOfIso, weekdayOfDay } from './days.ts';
import type { Rows } from './gathered-rows.ts';

/** A symbol counts as alive for this many distinct dates after its last bar. */
const ALIVE_DATES = 10;
/** A file with fewer weekend dates than this share of its dates has no weekend sessions. */
const WEEKEND_SHARE = 0.05;

/**
 * Calendar `data`: the dates on which at least half of the living symbols have a bar. Stray weekend rows of a market that is shut at
 * weekends are no sessions, even where one symbol is all there is.
 */
export function dataSessions(rows: Rows, order: Uint32Array): ReadonlySet<string> {
  const dates: string[] = [];
  const symbolsOn: string[][] = [];
  for (const row of order) {
    if (dates.at(-1) !== rows.date[row]) {
      dates.push(rows.date[row]);
      symbolsOn.push([]);
    }
    const present = symbolsOn[symbolsOn.length - 1];
    if (present.at(-1) !== rows.symbol[row]) present.push(rows.symbol[row]);
  }
  const isWeekend = dates.map((date) => weekdayOfDay(dayOfIso(date)) >= 5);
  const weekdaysOnly =
    isWeekend.filter(Boolean).length < WEEKEND_SHARE * dates.length || dates.length < 1 / WEEKEND_SHARE;
  const lastSeen = new Map<string, number>();
  const sessions = new Set<string>();
  dates.forEach((date, t) => {
    for (const symbol of symbolsOn[t]) lastSeen.set(symbol, t);
    let alive = 0;
    for (const seen of lastSeen.values()) if (t - seen <= ALIVE_DATES) alive++;
    if (symbolsOn[t].length * 2 >= alive && !(weekdaysOnly && isWeekend[t])) sessions.add(date);
  });
  return sessions;
}
