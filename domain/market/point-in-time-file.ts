import { badInput } from '../errors.ts';
import { csvRecords, refuseDuplicates, requireColumns } from './csv.ts';
import { isIsoDate } from './days.ts';
import { decimalOf, SYMBOL } from './parsed-bars.ts';
import { type PointInTimeTable, pointInTimeTable } from './point-in-time.ts';

const REQUIRED = ['series', 'eventDate', 'knownDate', 'value'] as const;
const SERIES = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/**
 * Values with two times from a CSV text: `series,symbol,eventDate,knownDate,value`, columns in any order and case; without a column `symbol` (or with an
 * empty cell) the value is of no one asset. A row that cannot be read refuses the file: a figure left out unseen would change what a feature says. So do
 * two values that became known on one day: nobody can say which restates the other.
 *
 * @throws ProductError CSV_EMPTY, CSV_MISSING_COLUMN, CSV_DUPLICATE_COLUMN, CSV_FIELD_COUNT, POINT_IN_TIME_FIELD, POINT_IN_TIME_CONFLICT (bad input).
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
  const names = Object.keys(table);
  const header = names.map((name) => name.toLowerCase());
  requireColumns(
    file,
    1,
    header,
    REQUIRED.map((name) => name.toLowerCase()),
  );
  refuseDuplicates(file, 1, header);
  const reader = new ValueReader(file);
  const column = (name: string): ArrayLike<unknown> => table[names[header.indexOf(name.toLowerCase())]];
  const [series, eventDate, knownDate, value] = REQUIRED.map(column);
  const symbol = column('symbol') as ArrayLike<unknown> | undefined;
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
  readonly #known = new Map<string, { value: number; line: number }>();

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
    const key = `${series} ${upper} ${eventDate} ${knownDate}`;
    const before = this.#known.get(key);
    if (before?.value === value) return;
    if (before) throw conflict(this.#file, line, key, value, before);
    this.#known.set(key, { value, line });
    this.#table.series.push(series);
    this.#table.symbol.push(upper);
    this.#table.eventDate.push(eventDate);
    this.#table.knownDate.push(knownDate);
    this.#value.push(value);
  }

  finish = (): PointInTimeTable => pointInTimeTable({ ...this.#table, value: Float64Array.from(this.#value) });
}

const conflict = (file: string, line: number, key: string, value: number, before: { value: number; line: number }) =>
  badInput('POINT_IN_TIME_CONFLICT', `Two values of ${key} became known on one day`, {
    facts: { file, line, field: 'value', value, before },
    remedy: 'Keep the one that is right, or give the restatement the later day on which it was published.',
  });

const fieldError = (file: string, line: number, field: string, value: string) =>
  badInput('POINT_IN_TIME_FIELD', `A value with two times cannot be read: ${field}`, {
    facts: { file, line, field, value: value.slice(0, 80) },
    remedy:
      'Write both dates as YYYY-MM-DD with knownDate (the day of publication) not before eventDate, and the value as a finite number; leave out rows without a value.',
  });
