import type { BarTable } from './bar.ts';
import { type CalendarId, sessionsBetween } from './calendar.ts';

/** A symbol without a bar on so many sessions, one after another, of which others have one: a week is missing. */
const LONG_GAP = 5;
const SHOWN = 10;

export interface Gaps {
  /** Sessions between the first bar and the last on which no symbol has one. Calendar `data` has none. */
  sessions: string[];
  /** Where one symbol has no bar while others have: the first such day, the last, and how many. */
  symbols: { symbol: string; from: string; to: string; sessions: number }[];
}

/** What a table of bars, sorted by date, does not have between its first day and its last. Nobody fills it in, but somebody should know. */
export function gapsIn({ symbol, date }: Pick<BarTable, 'symbol' | 'date'>, calendar: CalendarId): Gaps {
  const days = [...new Set(date)];
  const place = new Map(days.map((day, i) => [day, i]));
  const known = new Set(days);
  const all = days.length > 0 && calendar !== 'data' ? sessionsBetween(calendar, days[0], days[days.length - 1]) : [];
  const last = new Map<string, number>();
  const symbols: Gaps['symbols'] = [];
  for (let row = 0; row < date.length; row++) {
    const at = place.get(date[row])!;
    const before = last.get(symbol[row]) ?? at;
    if (at - before > LONG_GAP)
      symbols.push({ symbol: symbol[row], from: days[before + 1], to: days[at - 1], sessions: at - before - 1 });
    last.set(symbol[row], at);
  }
  return { sessions: all.filter((day) => !known.has(day)), symbols };
}

/** The same in words, a line each; none: nothing is missing. */
export function gapLines({ sessions, symbols }: Gaps): string[] {
  const some = (words: readonly string[]): string =>
    `${words.slice(0, SHOWN).join(', ')}${words.length > SHOWN ? ` and ${words.length - SHOWN} more` : ''}`;
  const gaps = symbols.map((gap) => `${gap.symbol} from ${gap.from} to ${gap.to} (${gap.sessions} sessions)`);
  return [
    ...(sessions.length > 0
      ? [`no symbol has a bar on ${sessions.length} sessions of the calendar: ${some(sessions)}`]
      : []),
    ...(gaps.length > 0 ? [`other symbols have bars, and there is none of ${some(gaps)}`] : []),
  ];
}
