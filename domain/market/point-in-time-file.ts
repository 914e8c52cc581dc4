import { badInput } from '../errors.ts';
import { csvRecords, requireColumns } from './csv.ts';
import { isIsoDate } from './days.ts';
import { decimalOf, SYMBOL } from './parsed-bars.ts';
import { type PointInTimeTable, pointInTimeTable } from './point-in-time.ts';

const REQUIRED = ['series', 'eventDate', 'knownDate', 'value'] as const;
const SERIES = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/**
 * Values with two times from a CSV text: `series,symbol,eventDate,knownDate,value`, columns in any order and case; without a column `symbol` (or with an
 * empty cell) the value is of no one asset. A row that cannot be read refuses the file: a figure left out unseen would change what a feature says.
 *
 * @throws ProductError CSV_EMPTY, CSV_MISSING_COLUMN, POINT_IN_TIME_FIELD, POINT_IN_TIME (bad input).
 */
export function parsePointInTimeCsv(text: string, file: string): PointInTimeTable {
  const required = REQUIRED.map((name) => name.toLowerCase());
  const reader = new ValueReader(file);
  for (const { line, fields } of csvRecords(text, file, required)) {
    reader.add(line, fields.series, fields.symbol ?? '', fields.eventdate, fields.knowndate, fields.value);
  }
  return reader.finish();
}

/** The same from the columns of a Parquet file; see {@link parsePointInTimeCsv}. */
export function parsePointInTimeColumns(table: Record<string, ArrayLike<unknown>>, file: string): PointInTimeTable {
  requireColumns(file, 1, Object.keys(table), REQUIRED);
  const reader = new ValueReader(file);
  const { series, symbol, eventDate, knownDate, value } = table;
  const text = (cell: unknown): string => (cell === null || cell === undefined ? '' : String(cell));
  for (let i = 0; i < series.length; i++) {
    const of = symbol ? text(symbol[i]) : '';
    reader.add(i + 2, text(series[i]), of, text(eventDate[i]), text(knownDate[i]), text(value[i]));
  }
  return reader.finish();
}

class ValueReader {
  readonly #file: string;
  readonly #table = {
    series: [] as string[],
    symbol: [] as string[],
    eventDate: [] as string[],
    knownDate: [] as string[],
  };
  readonly #value: number[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  add(line: number, series: string, symbol: string, eventDate: string, knownDate: string, text: string): void {
    const value = decimalOf(text);
    const upper = symbol.toUpperCase();
    const refuse = (field: string, found: string) => fieldError(this.#file, line, field, found);
    if (!SERIES.test(series)) throw refuse('series', series);
    if (upper !== '' && !SYMBOL.test(upper)) throw refuse('symbol', symbol);
    if (!isIsoDate(eventDate)) throw refuse('eventDate', eventDate);
    if (!isIsoDate(knownDate) || knownDate < eventDate) throw refuse('knownDate', knownDate);
    if (value === null) throw refuse('value', text);
    this.#table.series.push(series);
    this.#table.symbol.push(upper);
    this.#table.eventDate.push(eventDate);
    this.#table.knownDate.push(knownDate);
    this.#value.push(value);
  }

  finish = (): PointInTimeTable => pointInTimeTable({ ...this.#table, value: Float64Array.from(this.#value) });
}

const fieldError = (file: string, line: number, field: string, value: string) =>
  badInput('POINT_IN_TIME_FIELD', `A value with two times cannot be read: ${field}`, {
    facts: { file, line, field, value: value.slice(0, 80) },
    remedy:
      'Write both dates as YYYY-MM-DD with knownDate (the day of publication) not before eventDate, and the value as a finite number; leave out rows without a value.',
  });
