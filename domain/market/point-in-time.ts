import { ProductError } from '../errors.ts';

/**
 * Values with two times, in long form: of when they speak (`eventDate`: the last day of the period, or the day of the observation) and from when they
 * were known (`knownDate`: the first day at whose close a reader had them). Sorted by knownDate, then series, symbol, eventDate. A later row of the
 * same series, symbol and eventDate restates the earlier one; both are kept.
 */
export interface PointInTimeTable {
  /** `netIncome`, `equity` ... of a company for one quarter or one day; `DGS10`, `policyRate` ... of an economy. */
  series: string[];
  /** Symbol of the instrument, or '' where the value is of no one asset (macro). */
  symbol: string[];
  /** ISO dates. */
  eventDate: string[];
  knownDate: string[];
  value: Float64Array;
}

/** How many rows were known at the close of `date`: a prefix. */
export function rowsKnownOn({ knownDate }: Pick<PointInTimeTable, 'knownDate'>, date: string): number {
  let [low, high] = [0, knownDate.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (knownDate[middle] <= date) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What was known at the close of `date`: the only way to read. */
export function asOf(table: PointInTimeTable, date: string): PointInTimeTable {
  const rows = rowsKnownOn(table, date);
  if (rows === table.value.length) return table;
  return {
    series: table.series.slice(0, rows),
    symbol: table.symbol.slice(0, rows),
    eventDate: table.eventDate.slice(0, rows),
    knownDate: table.knownDate.slice(0, rows),
    value: table.value.subarray(0, rows),
  };
}

const KEYS = ['knownDate', 'series', 'symbol', 'eventDate'] as const;

/** Rows in the order of the table, from any order. @throws ProductError POINT_IN_TIME (a row known before its event, or a value that is not finite). */
export function pointInTimeTable(table: PointInTimeTable): PointInTimeTable {
  const order = Array.from(table.value.keys());
  for (const row of order) {
    const [event, known, value] = [table.eventDate[row], table.knownDate[row], table.value[row]];
    if (known >= event && Number.isFinite(value)) continue;
    throw new ProductError('POINT_IN_TIME', 'A value is not finite, or was known before the day that it speaks of', {
      facts: { row, series: table.series[row], symbol: table.symbol[row], eventDate: event, knownDate: known, value },
      remedy: 'Correct the source: knownDate is the day of publication, never the end of the period.',
    });
  }
  order.sort((a, b) => {
    for (const key of KEYS) {
      if (table[key][a] !== table[key][b]) return table[key][a] < table[key][b] ? -1 : 1;
    }
    return a - b;
  });
  const pick = (column: readonly string[]) => order.map((row) => column[row]);
  return {
    series: pick(table.series),
    symbol: pick(table.symbol),
    eventDate: pick(table.eventDate),
    knownDate: pick(table.knownDate),
    value: Float64Array.from(order, (row) => table.value[row]),
  };
}

/** The rows of several tables as one; null: no table. */
export function joinTables(tables: readonly PointInTimeTable[]): PointInTimeTable | null {
  if (tables.length < 2) return tables[0] ?? null;
  return pointInTimeTable({
    series: tables.flatMap(({ series }) => series),
    symbol: tables.flatMap(({ symbol }) => symbol),
    eventDate: tables.flatMap(({ eventDate }) => eventDate),
    knownDate: tables.flatMap(({ knownDate }) => knownDate),
    value: Float64Array.from(tables.flatMap(({ value }) => [...value])),
  });
}
