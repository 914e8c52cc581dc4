import { badInput } from '../errors.ts';
import { csvFields, eachLine } from './csv.ts';
import { isIsoDate } from './days.ts';
import { decimalOf, emptyParsedBars, type ParsedBars } from './parsed-bars.ts';
import type { QuarantinedRow, QuarantineReason } from './quarantine.ts';

/** Reference rates of one ECB file: units of each currency for one euro, by date in the order of the file. */
export interface EcbRates {
  file: string;
  currencies: string[];
  dates: string[];
  line: number[];
  /** [dates, currencies] row-major; NaN where there is no fixing (or a bad one, then it is in `rejected`). */
  rates: Float64Array;
  rejected: QuarantinedRow[];
}

const CURRENCY = /^[A-Z]{3}$/;
const EURO = 'EUR';

/**
 * `eurofxref-hist.csv`, and `eurofxref.csv` of one day: header `Date,USD,JPY,...,` (with a trailing comma), newest date first, `N/A` where a currency has no fixing.
 *
 * @throws ProductError ECB_FORMAT (bad input).
 */
export function parseEcbCsv(text: string, file: string): EcbRates {
  const reader = new RateReader(file);
  let columns: { index: number; currency: string }[] | null = null;
  const named = new Set([0]);
  const widths: number[] = [];
  let last = 0;
  eachLine(text, (line, number) => {
    const fields = line.includes('"') ? csvFields(line) : line.split(',');
    widths.push(fields.length);
    last = number;
    if (columns === null) {
      columns = headerColumns(fields, file, number);
      for (const { index } of columns) named.add(index);
      reader.currencies = columns.map(({ currency }) => currency);
      return;
    }
    const date = dayOf(fields[0].trim());
    // A rate written 1,0925 is two fields: every one after it would be another currency's.
    if (fields.some((field, i) => field.trim() !== '' && !named.has(i))) {
      reader.reject('WRONG_FIELD_COUNT', number, '', isIsoDate(date) ? date : '', 'row', line);
      return;
    }
    if (!isIsoDate(date)) {
      reader.reject(date === '' ? 'MISSING_VALUE' : 'BAD_DATE', number, '', '', 'Date', date);
      return;
    }
    reader.startRow(date, number);
    for (let c = 0; c < columns.length; c++) reader.cell(c, fields[columns[c].index] ?? '');
  });
  // The oldest days stand last: without them decades of history would be gone without a word.
  const width = widths.at(-1) ?? 0;
  if (width < Math.min(...widths.slice(0, 2)))
    throw formatError(file, last, 'its last row ends too early: the rest is missing', `${width} fields`);
  return reader.finish();
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');

/** `30 October 2026`, as the file of one day has it, as an ISO day; another text as it is. */
function dayOf(text: string): string {
  const [, day, month, year] = /^(\d{1,2}) ([A-Z][a-z]+) (\d{4})$/.exec(text) ?? [];
  const at = MONTHS.indexOf(month);
  return at === -1 ? text : `${year}-${String(at + 1).padStart(2, '0')}-${day.padStart(2, '0')}`;
}

function headerColumns(fields: readonly string[], file: string, line: number): { index: number; currency: string }[] {
  if (fields[0]?.trim() !== 'Date') throw formatError(file, line, 'the first column is not "Date"', fields[0] ?? '');
  const columns: { index: number; currency: string }[] = [];
  fields.forEach((field, index) => {
    const currency = field.trim();
    if (index === 0 || currency === '') return; // the trailing comma leaves one empty name
    if (!CURRENCY.test(currency)) throw formatError(file, line, 'a column is not named by a currency code', currency);
    if (columns.some((column) => column.currency === currency))
      throw formatError(file, line, 'a currency appears twice', currency);
    columns.push({ index, currency });
  });
  if (columns.length === 0) throw formatError(file, line, 'there is no currency column', fields.join(','));
  return columns;
}

/** `<Cube time="2026-10-30">`, `<Cube currency="USD" rate="1.1172"/>`: the elements that carry the rates. */
const CUBE = /<(?:\w+:)?Cube\b([^<>]*?)\/?>/g;
const ATTRIBUTE = /(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * `eurofxref-hist-90d.xml` and `eurofxref-daily.xml`.
 *
 * @throws ProductError ECB_FORMAT (bad input).
 */
export function parseEcbXml(text: string, file: string): EcbRates {
  const cubes = [...text.matchAll(CUBE)].map((match) => ({ attributes: attributesOf(match[1]), at: match.index }));
  const currencies = [...new Set(cubes.flatMap(({ attributes }) => attributes.currency ?? []))];
  const bad = currencies.find((currency) => !CURRENCY.test(currency));
  if (bad !== undefined) throw formatError(file, 1, 'a currency code is not three capital letters', bad);
  const index = new Map(currencies.map((currency, c) => [currency, c]));
  const reader = new RateReader(file);
  reader.currencies = currencies;
  let [line, scanned, open] = [1, 0, false];
  for (const { attributes, at } of cubes) {
    for (; scanned < at; scanned++) if (text.charCodeAt(scanned) === 10) line++;
    if (attributes.time !== undefined) {
      open = isIsoDate(attributes.time);
      if (open) reader.startRow(attributes.time, line);
      else reader.reject('BAD_DATE', line, '', '', 'time', attributes.time);
    } else if (attributes.currency !== undefined && open) {
      reader.cell(index.get(attributes.currency)!, attributes.rate ?? '');
    }
  }
  return reader.finish();
}

function attributesOf(text: string): { time?: string; currency?: string; rate?: string } {
  return Object.fromEntries([...text.matchAll(ATTRIBUTE)].map((match) => [match[1], (match[2] ?? match[3]).trim()]));
}

class RateReader {
  currencies: string[] = [];
  readonly #file: string;
  readonly #dates: string[] = [];
  readonly #line: number[] = [];
  readonly #cells: number[] = [];
  readonly #rejected: QuarantinedRow[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  startRow(date: string, line: number): void {
    this.#dates.push(date);
    this.#line.push(line);
    for (let c = 0; c < this.currencies.length; c++) this.#cells.push(Number.NaN);
  }

  cell(c: number, field: string): void {
    const text = field.trim();
    if (text === 'N/A') return;
    const value = decimalOf(text);
    if (value !== null && value > 0) {
      this.#cells[(this.#dates.length - 1) * this.currencies.length + c] = value;
      return;
    }
    const reason = text === '' ? 'MISSING_VALUE' : value === null ? 'NOT_A_NUMBER' : 'NOT_POSITIVE';
    const currency = this.currencies[c];
    this.reject(
      reason,
      this.#line[this.#line.length - 1],
      currency,
      this.#dates[this.#dates.length - 1],
      currency,
      text,
    );
  }

  reject(reason: QuarantineReason, line: number, symbol: string, date: string, field: string, value: string): void {
    this.#rejected.push({ reason, file: this.#file, line, symbol, date, field, value: value.slice(0, 80) });
  }

  finish(): EcbRates {
    if (this.#dates.length === 0) throw formatError(this.#file, 1, 'there is no row of rates', '');
    return {
      file: this.#file,
      currencies: this.currencies,
      dates: this.#dates,
      line: this.#line,
      rates: Float64Array.from(this.#cells),
      rejected: this.#rejected,
    };
  }
}

const formatError = (file: string, line: number, problem: string, value: string) =>
  badInput('ECB_FORMAT', `This is not a file of ECB reference rates: ${problem}`, {
    facts: { file, line, value: value.slice(0, 80) },
    remedy: 'Use eurofxref-hist.csv, eurofxref-hist.zip or eurofxref-hist-90d.xml as the ECB publishes them.',
  });

/**
 * Bars in the numeraire: value of one unit of the currency = (numeraire per euro) / (units per euro); the euro itself is the first factor.
 * A fixing is one price, so open = high = low = close, and there is no volume. Only `members` (null: all) are made.
 */
export function ecbToBars(source: EcbRates, numeraire: string, members: ReadonlySet<string> | null): ParsedBars {
  const bars = emptyParsedBars(source.file, false);
  for (const row of source.rejected) bars.rejected.push(row);
  const width = source.currencies.length;
  const base = source.currencies.indexOf(numeraire);
  if (base === -1 && numeraire !== EURO)
    throw formatError(source.file, 1, `it has no column for the numeraire`, numeraire);
  const wanted = source.currencies
    .map((currency, c) => ({ currency, c }))
    .filter(({ currency }) => currency !== numeraire && (members === null || members.has(currency)));
  const euro = numeraire !== EURO && (members === null || members.has(EURO));
  const push = (row: number, currency: string, close: number): void => {
    bars.symbol.push(currency);
    bars.date.push(source.dates[row]);
    for (const column of [bars.open, bars.high, bars.low, bars.close]) column.push(close);
    bars.volume.push(Number.NaN);
    bars.line.push(source.line[row]);
  };
  for (let row = 0; row < source.dates.length; row++) {
    const perEuro = base === -1 ? 1 : source.rates[row * width + base];
    for (const { currency, c } of wanted) {
      const rate = source.rates[row * width + c];
      if (Number.isNaN(rate)) continue;
      if (Number.isNaN(perEuro)) {
        bars.rejected.push({
          reason: 'NO_NUMERAIRE',
          file: source.file,
          line: source.line[row],
          symbol: currency,
          date: source.dates[row],
          field: numeraire,
          value: '',
        });
      } else push(row, currency, perEuro / rate);
    }
    if (euro && !Number.isNaN(perEuro)) push(row, EURO, perEuro);
  }
  return bars;
}

/**
 * The history file, and the dates of the recent one that it lacks, newer or not. Where both have a date their rates must agree: a rate on which they
 * differ is set aside.
 */
export function mergeEcb(history: EcbRates, recent: EcbRates): EcbRates[] {
  const rowOf = new Map(history.dates.map((date, row) => [date, row]));
  const columnOf = new Map(history.currencies.map((currency, c) => [currency, c]));
  const rates = history.rates.slice();
  const rejected = [...history.rejected];
  const added: number[] = [];
  recent.dates.forEach((date, row) => {
    const known = rowOf.get(date);
    if (known === undefined) {
      added.push(row);
      return;
    }
    recent.currencies.forEach((currency, c) => {
      const column = columnOf.get(currency);
      const value = recent.rates[row * recent.currencies.length + c];
      if (column === undefined || Number.isNaN(value)) return;
      const at = known * history.currencies.length + column;
      if (Number.isNaN(rates[at]) || rates[at] === value) return;
      rejected.push({
        reason: 'SOURCES_DISAGREE',
        file: history.file,
        line: history.line[known],
        symbol: currency,
        date,
        field: currency,
        value: `${rates[at]}, ${recent.file}: ${value}`,
      });
      rates[at] = Number.NaN;
    });
  });
  const width = recent.currencies.length;
  const tail: EcbRates = {
    ...recent,
    dates: added.map((row) => recent.dates[row]),
    line: added.map((row) => recent.line[row]),
    rates: Float64Array.from(added.flatMap((row) => [...recent.rates.subarray(row * width, (row + 1) * width)])),
    rejected: recent.rejected.filter((row) => !rowOf.has(row.date)),
  };
  return tail.dates.length === 0 ? [{ ...history, rates, rejected }] : [{ ...history, rates, rejected }, tail];
}
