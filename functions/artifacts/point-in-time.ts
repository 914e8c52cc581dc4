import { readTable, type TableColumns } from '../../adapters/parquet/parquet.ts';
import type { PointInTimeTable } from '../../domain/market/point-in-time.ts';

/** Columns of `fundamentals.parquet` and `macro.parquet`: `series,symbol,eventDate,knownDate,value`, sorted as {@link PointInTimeTable} is. */
export const pointInTimeColumns = (table: PointInTimeTable): TableColumns => ({
  series: { type: 'STRING', data: table.series },
  symbol: { type: 'STRING', data: table.symbol },
  eventDate: { type: 'STRING', data: table.eventDate },
  knownDate: { type: 'STRING', data: table.knownDate },
  value: { type: 'DOUBLE', data: table.value },
});

/** @throws ProductError PARQUET_UNREADABLE, PARQUET_COLUMN (bad input). */
export async function readPointInTime(bytes: Uint8Array): Promise<PointInTimeTable> {
  const table = await readTable(bytes, ['series', 'symbol', 'eventDate', 'knownDate', 'value']);
  return {
    series: table.series as string[],
    symbol: table.symbol as string[],
    eventDate: table.eventDate as string[],
    knownDate: table.knownDate as string[],
    value: table.value as Float64Array,
  };
}
