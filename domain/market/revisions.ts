import { type BarTable, barsUntil, NO_ACTION, NUMBER_COLUMNS } from './bar.ts';
import { type PointInTimeTable, pointInTimeTable, rowsKnownOn } from './point-in-time.ts';

/** A value of a past day that a source states otherwise than before. */
export interface Revision {
  /** First day on which the new value was seen. */
  knownDate: string;
  symbol: string;
  /** The day, or the end of the period, of the value. */
  date: string;
  /** Column of the bars, series, or `bar` for a whole bar that came or went (by its close). */
  field: string;
  /** NaN: there was none, there is none. */
  before: number;
  after: number;
}

const MISSING: Readonly<Record<string, number>> = NO_ACTION;

/** Where the bars up to `asOf` differ from those of before; both tables are sorted by date, then symbol. */
export function reviseBars(before: BarTable, now: BarTable, asOf: string, knownDate: string): Revision[] {
  const after = barsUntil(now, asOf);
  const revisions: Revision[] = [];
  const key = (bars: BarTable, row: number): string =>
    row < bars.date.length ? `${bars.date[row]} ${bars.symbol[row]}` : '~';
  const note = (bars: BarTable, row: number, field: string, from: number, to: number): void => {
    revisions.push({ knownDate, symbol: bars.symbol[row], date: bars.date[row], field, before: from, after: to });
  };
  for (let [i, j] = [0, 0]; i < before.date.length || j < after.date.length; ) {
    const [a, b] = [key(before, i), key(after, j)];
    if (a < b) {
      note(before, i, 'bar', before.close[i], Number.NaN);
      i++;
    } else if (b < a) {
      note(after, j, 'bar', Number.NaN, after.close[j]);
      j++;
    } else {
      for (const name of NUMBER_COLUMNS) {
        const [from, to] = [before[name]?.[i] ?? MISSING[name], after[name]?.[j] ?? MISSING[name]];
        if (!Object.is(from, to)) note(before, i, name, from, to);
      }
      i++;
      j++;
    }
  }
  return revisions;
}

/**
 * A table that a source states anew: what was known up to `asOf` stays as it was. Where the source's newest value of that time is not the one that was known
 * last, it becomes known on `knownDate`, whatever day the source gives for it; older ones, which it has replaced by then, are news to nobody.
 */
export function reviseTable(
  before: PointInTimeTable | null,
  now: PointInTimeTable | null,
  asOf: string,
  knownDate: string,
): { table: PointInTimeTable | null; revisions: Revision[] } {
  if (!before) return { table: now, revisions: [] };
  const event = (table: PointInTimeTable, row: number): string =>
    `${table.series[row]} ${table.symbol[row]} ${table.eventDate[row]}`;
  const latest = new Map<string, number>();
  for (let row = 0; row < before.value.length; row++) latest.set(event(before, row), before.value[row]);
  const newest = new Map<string, number>();
  for (let row = 0; now && row < rowsKnownOn(now, knownDate); row++) newest.set(event(now, row), row);
  const rows = [...before.value.keys()].map((row) => ({ table: before, row, known: before.knownDate[row] }));
  const revisions: Revision[] = [];
  for (let row = 0; row < (now?.value.length ?? 0); row++) {
    const table = now as PointInTimeTable;
    const known = table.knownDate[row];
    const name = event(table, row);
    if (known > asOf) rows.push({ table, row, known });
    else if (newest.get(name) === row && latest.get(name) !== table.value[row]) {
      rows.push({ table, row, known: knownDate });
      const { symbol, eventDate: date, series: field } = pick(table, row);
      revisions.push({
        knownDate,
        symbol,
        date,
        field,
        before: latest.get(name) ?? Number.NaN,
        after: table.value[row],
      });
    }
  }
  return {
    table: pointInTimeTable({
      series: rows.map(({ table, row }) => table.series[row]),
      symbol: rows.map(({ table, row }) => table.symbol[row]),
      eventDate: rows.map(({ table, row }) => table.eventDate[row]),
      knownDate: rows.map(({ known }) => known),
      value: Float64Array.from(rows, ({ table, row }) => table.value[row]),
    }),
    revisions,
  };
}

const pick = ({ symbol, eventDate, series }: PointInTimeTable, row: number) => ({
  symbol: symbol[row],
  eventDate: eventDate[row],
  series: series[row],
});
