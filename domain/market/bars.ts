import { ACTION_COLUMNS, NO_ACTION, PRICE_COLUMNS } from './bar.ts';
import { csvFields, eachLine, emptyFile, refuseDuplicates, requireColumns, withLineFeeds } from './csv.ts';
import { dayOfIso, isIsoDate } from './days.ts';
import { DateReader, decimalOf, emptyParsedBars, type ParsedBars, SYMBOL, type WrittenDate } from './parsed-bars.ts';
import type { QuarantineReason } from './quarantine.ts';

export const BAR_COLUMNS = ['symbol', 'date', ...PRICE_COLUMNS] as const;
const ALIASES: Record<string, string> = {
  ticker: 'symbol',
  timestamp: 'date',
  datetime: 'date',
  dividends: 'dividend',
  split_ratio: 'split',
};

/** Column names as the product knows them: lower case, common other names mapped. */
export function barHeader(names: readonly string[]): string[] {
  const lower = names.map((name) =>
    name
      .replace(/^\uFEFF/, '')
      .trim()
      .toLowerCase(),
  );
  return lower.map((name) => (ALIASES[name] && !lower.includes(ALIASES[name]) ? ALIASES[name] : name));
}

/** Bar columns that a header lacks; none: the file holds bars. */
export const missingBarColumns = (header: readonly string[]): string[] =>
  BAR_COLUMNS.filter((name) => !header.includes(name));

/** The first line of a CSV text as a bar header. */
export function headerOf(text: string): string[] {
  const [first = ''] = withLineFeeds(text.replace(/^\uFEFF?\s*/, '')).split('\n', 1);
  return barHeader(csvFields(first.trim()));
}

/**
 * Bars of a CSV text: columns by header name in any order, `symbol,date,open,high,low,close,volume`, optionally `dividend` and
 * `split` (prices as traded). A row that cannot be read is rejected with its line; a file that cannot be read is an error.
 *
 * @throws ProductError CSV_EMPTY, CSV_MISSING_COLUMN, CSV_DUPLICATE_COLUMN, BARS_MIXED_TIME_ZONES (bad input).
 */
export function parseBarsCsv(text: string, file: string): ParsedBars {
  let reader: RowReader | null = null;
  let columns: number[] = [];
  let width = 0;
  eachLine(text, (line, number) => {
    if (reader === null) {
      const header = barHeader(csvFields(line));
      requireColumns(file, number, header, BAR_COLUMNS);
      refuseDuplicates(file, number, known(header));
      reader = new RowReader(file, header);
      columns = reader.fields.map((name) => header.indexOf(name));
      width = header.length;
      return;
    }
    const fields = line.includes('"') ? csvFields(line) : line.split(',');
    const cell = (i: number): string => fields[columns[i]]?.trim() ?? '';
    if (hasWidth(fields, width)) reader.add(number, cell);
    else reader.reject('WRONG_FIELD_COUNT', number, cell, `${fields.length} fields, the header has ${width}`);
  });
  const done = reader as RowReader | null;
  if (done === null || done.rows === 0) throw emptyFile(file);
  return done.bars;
}

/** Bars of a Parquet table, its columns by name as in a CSV file; see {@link parseBarsCsv} for the errors. */
export function parseBarsTable(table: Record<string, ArrayLike<unknown>>, file: string): ParsedBars {
  const names = Object.keys(table);
  const header = barHeader(names);
  requireColumns(file, 1, header, BAR_COLUMNS);
  refuseDuplicates(file, 1, known(header));
  const reader = new RowReader(file, header);
  const columns = reader.fields.map((name) => table[names[header.indexOf(name)]]);
  const rows = columns[0].length;
  if (rows === 0) throw emptyFile(file);
  for (let row = 0; row < rows; row++) {
    reader.add(row + 2, (i) => {
      const value = columns[i][row];
      if (typeof value === 'number') return value;
      return value === null || value === undefined ? '' : String(value);
    });
  }
  return reader.bars;
}

const known = (header: readonly string[]): string[] =>
  header.filter((name) => [...BAR_COLUMNS, ...ACTION_COLUMNS].some((column) => column === name));

/** Empty fields at the end of a row mean nothing. */
const hasWidth = (fields: readonly string[], width: number): boolean =>
  fields.length === width || (fields.length > width && fields.slice(width).every((field) => field.trim() === ''));

/** Turns the text fields of one row into numbers, or into a rejected row. */
class RowReader {
  readonly fields: readonly string[];
  readonly bars: ParsedBars;
  rows = 0;
  readonly #dates: DateReader;
  /** One string object per distinct symbol or date, so that the text of the file can be freed. */
  readonly #symbols = new Map<string, string>();
  readonly #days = new Map<string, string>();
  readonly #numbers: Float64Array;
  /** The column of each number, by the place of its field. */
  readonly #columns: number[][];
  /** The action's column that the file lacks beside the one that it has, and what it says. */
  readonly #absent: { column: number[]; value: number } | null;

  constructor(file: string, header: readonly string[]) {
    const actions = ACTION_COLUMNS.filter((name) => header.includes(name));
    const fields = [...BAR_COLUMNS, ...actions];
    this.fields = fields;
    this.bars = emptyParsedBars(file, actions.length > 0);
    this.#columns = fields.map((name) => (name === 'symbol' || name === 'date' ? [] : (this.bars[name] ?? [])));
    const absent = actions.length === 1 ? ACTION_COLUMNS.find((name) => !actions.includes(name)) : undefined;
    this.#absent = absent ? { column: this.bars[absent] ?? [], value: NO_ACTION[absent] } : null;
    this.#dates = new DateReader(file);
    this.#numbers = new Float64Array(this.fields.length);
  }

  /** A row whose fields cannot be told apart. */
  reject(reason: QuarantineReason, line: number, cell: (i: number) => string, value: string): void {
    this.rows++;
    const [symbol, date] = [cell(0).toUpperCase(), cell(1)];
    this.bars.rejected.push({
      reason,
      file: this.bars.file,
      line,
      symbol: SYMBOL.test(symbol) ? symbol : '',
      date: isIsoDate(date) ? date : '',
      field: 'row',
      value,
    });
  }

  add(line: number, cell: (i: number) => string | number): void {
    const field = (i: number): string => String(cell(i));
    this.rows++;
    const symbol = this.#symbol(field(0));
    const dateText = field(1);
    const written = dateText === '' ? null : this.#dates.read(dateText, line);
    const date = written?.date ?? null;
    const reject = (reason: QuarantineReason, name: string, value: string) =>
      this.bars.rejected.push({
        reason,
        file: this.bars.file,
        line,
        symbol,
        date: date ?? '',
        field: name,
        value: value.slice(0, 80),
      });
    if (symbol === '' || !SYMBOL.test(symbol)) {
      reject(symbol === '' ? 'MISSING_VALUE' : 'BAD_SYMBOL', 'symbol', symbol);
      return;
    }
    if (written === null || date === null) {
      reject(dateText === '' ? 'MISSING_VALUE' : 'BAD_DATE', 'date', dateText);
      return;
    }
    for (let i = 2; i < this.fields.length; i++) {
      const given = cell(i);
      const value = typeof given === 'string' ? decimalOf(given) : Number.isFinite(given) ? given : null;
      if (value === null) {
        reject(given === '' ? 'MISSING_VALUE' : 'NOT_A_NUMBER', this.fields[i], String(given));
        return;
      }
      this.#numbers[i] = value;
    }
    this.#push(line, symbol, this.#day(date));
    if (!Number.isNaN(written.minutes)) this.#pushMoment(written);
  }

  #push(line: number, symbol: string, date: string): void {
    const { bars } = this;
    const numbers = this.#numbers;
    const columns = this.#columns;
    bars.symbol.push(symbol);
    bars.date.push(date);
    for (let i = 2; i < columns.length; i++) columns[i].push(numbers[i]);
    if (this.#absent) this.#absent.column.push(this.#absent.value);
    bars.line.push(line);
  }

  #pushMoment({ date, minutes, offset }: WrittenDate): void {
    this.bars.written ??= { time: [], offset: [] };
    this.bars.written.time.push(dayOfIso(date) * 1440 + minutes);
    this.bars.written.offset.push(offset);
  }

  #symbol(text: string): string {
    let known = this.#symbols.get(text);
    if (known === undefined) {
      known = detached(text.toUpperCase());
      this.#symbols.set(detached(text), known);
    }
    return known;
  }

  #day(date: string): string {
    let known = this.#days.get(date);
    if (known === undefined) {
      known = detached(date);
      this.#days.set(known, known);
    }
    return known;
  }
}

/** A copy that does not keep the text that it was cut from alive. */
const detached = (text: string): string => JSON.parse(JSON.stringify(text)) as string;
