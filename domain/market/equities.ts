import { badInput } from '../errors.ts';
import type { BarTable, CorporateAction } from './bar.ts';
import { csvRecords } from './csv.ts';
import { lifeSpans } from './currencies.ts';
import { isIsoDate } from './days.ts';
import type { Instrument } from './instrument.ts';
import { decimalOf } from './parsed-bars.ts';

/** What a user's `universe.csv` says about a symbol. */
export interface EquityReference {
  symbol: string;
  name: string;
  kind: 'equity' | 'etf';
  sector: string;
}

/** `symbol,name,type,sector`: only `symbol` must be there. A column whose name starts with `gics_sector` serves as the sector. */
export function parseUniverse(text: string, file: string): EquityReference[] {
  return csvRecords(text, file, ['symbol']).map(({ fields }) => {
    const sectorColumn = Object.keys(fields).find(
      (name) => name === 'sector' || name === 'group' || name.startsWith('gics_sector'),
    );
    const kind = /etf|fund/i.test(fields.type ?? '') ? 'etf' : 'equity';
    return {
      symbol: fields.symbol.toUpperCase(),
      name: fields.name || fields.symbol.toUpperCase(),
      kind,
      sector:
        groupName(sectorColumn ? fields[sectorColumn] : '') ||
        (kind === 'etf' ? groupName(fields.asset_class ?? '') || 'etf' : 'unclassified'),
    };
  });
}

const groupName = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

/**
 * `symbol,date,dividend,split`: dividend in cash per unit after the split, split in units after for one before (1 or empty: none).
 *
 * @throws ProductError ACTIONS_FIELD (bad input): an action that cannot be read changes returns, so it is never passed over.
 */
export function parseActions(text: string, file: string): CorporateAction[] {
  return csvRecords(text, file, ['symbol', 'date', 'dividend', 'split']).map(({ line, fields }) => {
    const number = (field: 'dividend' | 'split', empty: number): number => {
      const value = fields[field] === '' ? empty : decimalOf(fields[field]);
      const valid = value !== null && (field === 'split' ? value > 0 : value >= 0);
      if (!valid) throw fieldError(file, line, field, fields[field]);
      return value;
    };
    if (!isIsoDate(fields.date)) throw fieldError(file, line, 'date', fields.date);
    return {
      symbol: fields.symbol.toUpperCase(),
      date: fields.date,
      dividend: number('dividend', 0),
      split: number('split', 1),
    };
  });
}

const fieldError = (file: string, line: number, field: string, value: string) =>
  badInput('ACTIONS_FIELD', 'A corporate action cannot be read', {
    facts: { file, line, field, value },
    remedy:
      'Write the date as YYYY-MM-DD, the dividend as a number >= 0, the split ratio as a number > 0 (2 for two new shares for one old).',
  });

/**
 * The equities and funds that have a bar, as known at the close of `asOf`. Events appear on their date. What neither file says is not made up:
 * such a symbol has its own name and the group `unclassified`.
 */
export function equityInstruments(
  bars: BarTable,
  listed: readonly Instrument[],
  reference: readonly EquityReference[],
  asOf: string,
): Instrument[] {
  const known = new Map(listed.map((instrument) => [instrument.symbol, instrument]));
  const rows = new Map(reference.map((row) => [row.symbol, row]));
  return [...lifeSpans(bars)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([symbol, span]) => {
      const instrument = known.get(symbol);
      if (instrument) return { ...instrument, ...span, events: instrument.events.filter(({ date }) => date <= asOf) };
      const row = rows.get(symbol);
      return {
        symbol,
        name: row?.name ?? symbol,
        kind: row?.kind ?? 'equity',
        group: row?.sector ?? 'unclassified',
        ...span,
        events: [],
        reference: { sector: row?.sector ?? 'unclassified' },
      };
    });
}
