import { vendorFormat } from './alpaca.ts';
import { csvFields, csvRecords } from './csv.ts';
import { dayOfIso, isIsoDate, isoOfDay } from './days.ts';
import { decimalOf } from './parsed-bars.ts';
import { type PointInTimeTable, pointInTimeTable } from './point-in-time.ts';

/** Areas as the BIS names them -> currency. The euro area is XM. */
export const BIS_AREAS: Readonly<Record<string, string>> = {
  AU: 'AUD',
  BR: 'BRL',
  CA: 'CAD',
  CH: 'CHF',
  CN: 'CNY',
  CZ: 'CZK',
  DK: 'DKK',
  GB: 'GBP',
  HK: 'HKD',
  HU: 'HUF',
  ID: 'IDR',
  IL: 'ILS',
  IN: 'INR',
  IS: 'ISK',
  JP: 'JPY',
  KR: 'KRW',
  MX: 'MXN',
  MY: 'MYR',
  NO: 'NOK',
  NZ: 'NZD',
  PH: 'PHP',
  PL: 'PLN',
  RO: 'RON',
  RU: 'RUB',
  SE: 'SEK',
  TH: 'THB',
  TR: 'TRY',
  US: 'USD',
  XM: 'EUR',
  ZA: 'ZAR',
};

const COLUMNS = ['ref_area', 'time_period', 'obs_value'];

export interface BisRate {
  /** Currency. */
  symbol: string;
  date: string;
  /** Percent a year. */
  value: number;
}

/**
 * Central bank policy rates (BIS dataflow WS_CBPOL, daily) from SDMX-CSV, by currency and day. Areas without a currency here, and days without a value, are
 * passed over.
 *
 * @throws ProductError CSV_MISSING_COLUMN, CSV_EMPTY, VENDOR_FORMAT (bad input): also for two rates of one day.
 */
export function parseBisRates(text: string, file: string): BisRate[] {
  const rows: BisRate[] = [];
  refuseCut(text, file);
  for (const { line, fields } of csvRecords(withoutLabels(text), file, COLUMNS)) {
    const symbol = BIS_AREAS[areaOf(fields.ref_area)];
    if (symbol === undefined || fields.obs_value === '' || fields.obs_value === 'NaN') continue;
    const value = decimalOf(fields.obs_value);
    const fail = (problem: string, field: string) => vendorFormat('the BIS', `${file} line ${line}`, problem, field);
    if (value === null) throw fail(`${fields.obs_value} is no number`, 'OBS_VALUE');
    if (!isIsoDate(fields.time_period)) throw fail(`${fields.time_period} is no day`, 'TIME_PERIOD');
    rows.push({ symbol, date: fields.time_period, value });
  }
  rows.sort((a, b) =>
    a.symbol !== b.symbol ? (a.symbol < b.symbol ? -1 : 1) : a.date < b.date ? -1 : a.date > b.date ? 1 : 0,
  );
  for (const [i, { symbol, date, value }] of rows.entries()) {
    const next = rows[i + 1];
    if (next?.symbol === symbol && next.date === date && next.value !== value)
      throw vendorFormat('the BIS', file, `${symbol} of ${date} is ${value} and ${next.value}`, 'OBS_VALUE');
  }
  return rows;
}

/**
 * `policyRate` by currency, one row where the rate changes and one a month where it does not (a rate that stands is news too: features forget what nobody has
 * stated for 100 days), known `lagDays` after the day on which it applied: a decision is announced before it is in force, but the hour is not in the file.
 */
export function policyRates(rows: readonly BisRate[], lagDays: number): PointInTimeTable {
  const told = rows.filter(({ symbol, date, value }, i) => {
    const before = rows[i - 1];
    return before?.symbol !== symbol || before.value !== value || before.date.slice(0, 7) !== date.slice(0, 7);
  });
  return pointInTimeTable({
    series: told.map(() => 'policyRate'),
    symbol: told.map(({ symbol }) => symbol),
    eventDate: told.map(({ date }) => date),
    knownDate: told.map(({ date }) => isoOfDay(dayOfIso(date) + lagDays)),
    value: Float64Array.from(told, ({ value }) => value),
  });
}

/** Every row of SDMX-CSV has all fields of the header: one that has not is where the answer broke off. */
function refuseCut(text: string, file: string): void {
  const whole = text.trimEnd();
  const [first, last] = [whole.split('\n', 1)[0], whole.slice(whole.lastIndexOf('\n') + 1)];
  const [expected, found] = [csvFields(first).length, csvFields(last).length];
  if (found < expected)
    throw vendorFormat('the BIS', file, `the last row has ${found} fields of ${expected}: the rest is missing`, 'row');
}

/** The header with the names of columns alone, where labels are asked for: `REF_AREA:Reference area`. */
const withoutLabels = (text: string): string =>
  text.replace(/^.*/, (header) => header.replace(/([A-Z_]+):[^,"]*/g, '$1'));

/** `US` or, where labels are asked for, `US: United States`. */
const areaOf = (text: string): string => text.split(':')[0].trim();
