import { dayOfIso, isoOfDay } from '../market/days.ts';
import { type PointInTimeTable, rowsKnownOn } from '../market/point-in-time.ts';

/** Days before a session that a feature looks for published values: what became known earlier speaks of days earlier still, and counts for nothing. */
export const PUBLISHED_DAYS = 900;

/** What of one series was known of late, by the day that it speaks of: restated values replace. */
export interface KnownValues {
  /** Event days since 1970, ascending. */
  readonly days: readonly number[];
  readonly values: readonly number[];
}

interface Publication {
  readonly known: number;
  readonly event: number;
  readonly value: number;
}

/** The publications of some series by `series|symbol`, in the order in which they became known, without those too old for session `first`. */
export function publicationsOf(
  table: PointInTimeTable,
  series: readonly string[],
  first: string,
): ReadonlyMap<string, readonly Publication[]> {
  const wanted = new Set(series);
  const result = new Map<string, Publication[]>();
  const oldest = isoOfDay(dayOfIso(first) - PUBLISHED_DAYS - 1);
  for (let row = rowsKnownOn(table, oldest); row < table.value.length; row++) {
    if (!wanted.has(table.series[row])) continue;
    const key = `${table.series[row]}|${table.symbol[row]}`;
    const list = result.get(key) ?? [];
    if (list.length === 0) result.set(key, list);
    list.push({
      known: dayOfIso(table.knownDate[row]),
      event: dayOfIso(table.eventDate[row]),
      value: table.value[row],
    });
  }
  return result;
}

/**
 * Walk the sessions from `first` on; on each day on which something new is known, `changed` makes a value of what is known and speaks of the last
 * `PUBLISHED_DAYS`; it holds until the next one, and for `staleDays` after the newest event. NaN where nothing is. Events that are no more than
 * `sameDays` apart are one, as it was told last.
 */
export function walkPublications(
  publications: readonly Publication[] | undefined,
  sessionDays: Int32Array,
  first: number,
  { staleDays, sameDays = 0 }: { staleDays: number; sameDays?: number },
  changed: (known: KnownValues) => number,
): Float64Array {
  const out = new Float64Array(sessionDays.length).fill(Number.NaN);
  if (!publications) return out;
  const known = { days: [] as number[], values: [] as number[] };
  let next = 0;
  let current = Number.NaN;
  for (let t = first; t < sessionDays.length; t++) {
    const before = next;
    while (next < publications.length && publications[next].known <= sessionDays[t])
      insert(known, publications[next++], sameDays);
    if (next > before) {
      while (known.days[0] < sessionDays[t] - PUBLISHED_DAYS) {
        known.days.shift();
        known.values.shift();
      }
      current = known.days.length > 0 ? changed(known) : Number.NaN;
    }
    if (known.days.length > 0 && known.days[known.days.length - 1] >= sessionDays[t] - staleDays) out[t] = current;
  }
  return out;
}

function insert(
  { days, values }: { days: number[]; values: number[] },
  { event, value }: Publication,
  sameDays: number,
): void {
  let place = days.length;
  while (place > 0 && days[place - 1] >= event - sameDays) place--;
  let end = place;
  while (end < days.length && days[end] <= event + sameDays) end++;
  days.splice(place, end - place, event);
  values.splice(place, end - place, value);
}

/** The newest value that speaks of `day` or one of the `within` days before it; NaN where there is none. */
export function valueAround({ days, values }: KnownValues, day: number, within: number): number {
  for (let i = days.length - 1; i >= 0; i--) {
    if (days[i] <= day) return days[i] >= day - within ? values[i] : Number.NaN;
  }
  return Number.NaN;
}
