/** The stored table of bars: one file a year, `bars/year=2020/part.parquet`. Datasets of schema 1 have one file, `bars.parquet`. */
export const BARS_TABLE = 'bars';
/** The partition column of every stored table; in the file's path only, as Hive, Athena, DuckDB and pandas want it. */
export const PARTITION_COLUMN = 'year';

/** The columns of the bars as every engine sees them, in order; the last two only where the source has corporate actions. */
export const BAR_SCHEMA = {
  symbol: 'STRING',
  date: 'DATE',
  open: 'DOUBLE',
  high: 'DOUBLE',
  low: 'DOUBLE',
  close: 'DOUBLE',
  volume: 'DOUBLE',
  dividend: 'DOUBLE',
  split: 'DOUBLE',
} as const;
