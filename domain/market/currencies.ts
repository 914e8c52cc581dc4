import { badInput } from '../errors.ts';
import type { BarTable } from './bar.ts';
import { csvRecords } from './csv.ts';
import { isIsoDate } from './days.ts';
import type { Instrument, LifeEvent } from './instrument.ts';

/** What does not change about a currency, and how its life ended. */
export interface CurrencyReference {
  code: string;
  name: string;
  event: LifeEvent | null;
}

const ADOPTION = /^adopted euro (\d{4}-\d{2}-\d{2})$/;
const REDENOMINATION = /^redenominated (\d{4}-\d{2}-\d{2}), (\d+) ([A-Z]{3}) = 1 ([A-Z]{3})$/;

/**
 * The reference table of currencies: `currency,name,status,euro_conversion_rate` (other columns are for readers). The adoption of the euro is a
 * merger at the irrevocable rate, a redenomination a change of code at a known ratio. A suspended quotation is no event: a holding waits.
 *
 * @throws ProductError CSV_MISSING_COLUMN, CSV_EMPTY, CURRENCY_REFERENCE (bad input).
 */
export function parseCurrencyReference(text: string, file: string): CurrencyReference[] {
  return csvRecords(text, file, ['currency', 'name', 'status', 'euro_conversion_rate']).map(({ line, fields }) => ({
    code: fields.currency,
    name: fields.name,
    event: lifeEventOf(fields, file, line),
  }));
}

function lifeEventOf(fields: Record<string, string>, file: string, line: number): LifeEvent | null {
  const fail = (field: string) =>
    badInput('CURRENCY_REFERENCE', 'The end of a currency cannot be read', {
      facts: { file, line, field, value: fields[field] },
      remedy: 'Write "adopted euro YYYY-MM-DD" with a conversion rate, or "redenominated YYYY-MM-DD, N OLD = 1 NEW".',
    });
  const adoption = ADOPTION.exec(fields.status);
  if (adoption) {
    const rate = Number(fields.euro_conversion_rate);
    if (!(rate > 0) || !Number.isFinite(1 / rate)) throw fail('euro_conversion_rate');
    if (!isIsoDate(adoption[1])) throw fail('status');
    return { date: adoption[1], kind: 'merger', successor: 'EUR', value: 1 / rate };
  }
  const change = REDENOMINATION.exec(fields.status);
  if (change) {
    if (!isIsoDate(change[1]) || !(Number(change[2]) > 0) || change[3] !== fields.currency) throw fail('status');
    return { date: change[1], kind: 'redenomination', successor: change[4], value: 1 / Number(change[2]) };
  }
  if (/adopt|redenominat/i.test(fields.status)) throw fail('status');
  return null;
}

/** Blocs whose members move together; the cap on a group's weight applies to them. */
export const CURRENCY_BLOCS: Record<string, readonly string[]> = {
  'dollar-bloc': ['AUD', 'CAD', 'NZD', 'USD'],
  europe: ['EUR', 'CHF', 'GBP', 'CYP', 'MTL'],
  scandinavia: ['DKK', 'ISK', 'NOK', 'SEK'],
  'central-europe': ['BGN', 'CZK', 'EEK', 'HRK', 'HUF', 'LTL', 'LVL', 'PLN', 'ROL', 'RON', 'SIT', 'SKK'],
  'developed-asia': ['HKD', 'JPY', 'KRW', 'SGD'],
  'emerging-asia': ['CNY', 'IDR', 'INR', 'MYR', 'PHP', 'THB'],
  emerging: ['BRL', 'ILS', 'MXN', 'RUB', 'TRL', 'TRY', 'ZAR'],
};
const REGIONS: Record<string, string> = {
  'dollar-bloc': 'anglosphere',
  europe: 'europe',
  scandinavia: 'europe',
  'central-europe': 'europe',
  'developed-asia': 'asia',
  'emerging-asia': 'asia',
  emerging: 'emerging',
};
/** Pegs that held over the whole record. */
const PEGS: Record<string, string> = { BGN: 'EUR', DKK: 'EUR', EEK: 'EUR', HKD: 'USD' };

export const blocOf = (currency: string): string =>
  Object.keys(CURRENCY_BLOCS).find((bloc) => CURRENCY_BLOCS[bloc].includes(currency)) ?? 'other';

/** The currencies that have a bar, with what was known at the close of `asOf`: events appear on their date, not before. */
export function currencyInstruments(
  bars: BarTable,
  reference: readonly CurrencyReference[],
  asOf: string,
): Instrument[] {
  const known = new Map(reference.map((currency) => [currency.code, currency]));
  return [...lifeSpans(bars)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([symbol, { firstDate, lastDate }]) => {
      const currency = known.get(symbol);
      const bloc = blocOf(symbol);
      return {
        symbol,
        name: currency?.name ?? symbol,
        kind: 'currency',
        group: bloc,
        firstDate,
        lastDate,
        events: currency?.event && currency.event.date <= asOf ? [currency.event] : [],
        reference: { region: REGIONS[bloc] ?? 'other', bloc, ...(PEGS[symbol] ? { peg: PEGS[symbol] } : {}) },
      };
    });
}

/** First and last date with a bar, by symbol. */
export function lifeSpans(bars: BarTable): Map<string, { firstDate: string; lastDate: string }> {
  const spans = new Map<string, { firstDate: string; lastDate: string }>();
  for (let i = 0; i < bars.symbol.length; i++) {
    const span = spans.get(bars.symbol[i]);
    if (span) span.lastDate = bars.date[i];
    else spans.set(bars.symbol[i], { firstDate: bars.date[i], lastDate: bars.date[i] });
  }
  return spans;
}
