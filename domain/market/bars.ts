import { badInput } from '../errors.ts';
import { PRICE_COLUMNS } from './bar.ts';
import { csvFields, eachLine, emptyFile, requireColumns } from './csv.ts';
import { isIsoDate } from './days.ts';
import { DateReader, decimalOf, emptyParsedBars, type ParsedBars, SYMBOL } from './parsed-bars.ts';
import type { QuarantineReason } from './quarantine.ts';

export const BAR_COLUMNS = ['symbol', 'date', ...PRICE_COLUMNS] as const;
const ACTION_COLUMNS = ['dividend', 'split'] as const;
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
  const end = text.indexOf('\n');
  return barHeader(csvFields((end === -1 ? text : text.slice(0, end)).trim()));
}

/**
 * Bars of a CSV text: columns by header name in any order, `symbol,date,open,high,low,close,volume`, optionally `dividend,split`
 * (prices as traded). A row that cannot be read is rejected with its line; a file that cannot be read is an error.
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
      refuseDuplicates(file, number, header);
      reader = new RowReader(file, hasActions(header));
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
  const reader = new RowReader(file, hasActions(header));
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

/** Empty fields at the end of a row mean nothing. */
const hasWidth = (fields: readonly string[], width: number): boolean =>
  fields.length === width || (fields.length > width && fields.slice(width).every((field) => field.trim() === ''));

function refuseDuplicates(file: string, line: number, header: readonly string[]): void {
  const twice = [...BAR_COLUMNS, ...ACTION_COLUMNS].find((name) => header.indexOf(name) !== header.lastIndexOf(name));
  if (twice === undefined) return;
  throw badInput('CSV_DUPLICATE_COLUMN', `The file has the column ${twice} twice`, {
    facts: { file, line, field: twice, has: header },
    remedy: 'Keep the one that holds the prices as traded, and rename or remove the other.',
  });
}

const hasActions = (header: readonly string[]): boolean => ACTION_COLUMNS.every((name) => header.includes(name));

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

  constructor(file: string, actions: boolean) {
    this.fields = actions ? [...BAR_COLUMNS, ...ACTION_COLUMNS] : BAR_COLUMNS;
    this.bars = emptyParsedBars(file, actions);
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
    const date = dateText === '' ? null : this.#dates.read(dateText, line);
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
    if (date === null) {
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
  }

  #push(line: number, symbol: string, date: string): void {
    const { bars } = this;
    const numbers = this.#numbers;
    bars.symbol.push(symbol);
    bars.date.push(date);
    bars.open.push(numbers[2]);
    bars.high.push(numbers[3]);
    bars.low.push(numbers[4]);
    bars.close.push(numbers[5]);
    bars.volume.push(numbers[6]);
    bars.dividend?.push(numbers[7]);
    bars.split?.push(numbers[8]);
    bars.line.push(line);
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
