import { badInput } from '../errors.ts';
import type { BarTable } from './bar.ts';
import { csvRecords } from './csv.ts';
import { lifeSpans } from './currencies.ts';
import type { Instrument } from './instrument.ts';
import { SYMBOL } from './parsed-bars.ts';
import type { Former, SymbolNames } from './symbol-names.ts';

/** What a user's `universe.csv` says about a symbol. */
export interface EquityReference {
  symbol: string;
  name: string;
  kind: 'equity' | 'etf';
  sector: string;
}

/**
 * `symbol,name,type,sector`: only `symbol` must be there. A column whose name starts with `gics_sector` serves as the sector.
 *
 * @throws ProductError UNIVERSE_FIELD (bad input) for what is no symbol, or is there twice; what {@link csvRecords} throws.
 */
export function parseUniverse(text: string, file: string): EquityReference[] {
  const lines = new Map<string, number>();
  return csvRecords(text, file, ['symbol']).map(({ line, fields }) => {
    const symbol = fields.symbol.toUpperCase();
    if (!SYMBOL.test(symbol) || lines.has(symbol)) throw symbolError(file, line, fields.symbol, lines.get(symbol));
    lines.set(symbol, line);
    const sectorColumn = Object.keys(fields).find(
      (name) => name === 'sector' || name === 'group' || name.startsWith('gics_sector'),
    );
    const kind = /etf|fund/i.test(fields.type ?? '') ? 'etf' : 'equity';
    return {
      symbol,
      name: fields.name || symbol,
      kind,
      sector:
        groupName(sectorColumn ? fields[sectorColumn] : '') ||
        (kind === 'etf' ? groupName(fields.asset_class ?? '') || 'etf' : 'unclassified'),
    };
  });
}

const symbolError = (file: string, line: number, value: string, before?: number) =>
  badInput('UNIVERSE_FIELD', `The file of the universe ${before ? 'has a symbol twice' : 'cannot be read'}: ${value}`, {
    facts: { file, line, field: 'symbol', value, ...(before && { before }) },
    remedy: 'Write each symbol once: letters, digits, "." and "-", at most 16.',
  });

const groupName = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

/**
 * The equities and funds that have a bar, as known at the close of `asOf`. Events appear on their date. What neither file says is not made up:
 * such a symbol has its own name and the group `unclassified`. A symbol that neither file has is looked up under the symbols it had before.
 */
export function equityInstruments(
  bars: BarTable,
  listed: readonly Instrument[],
  reference: readonly EquityReference[],
  asOf: string,
  names: SymbolNames | null = null,
): Instrument[] {
  const known = new Map(listed.map((instrument) => [instrument.symbol, instrument]));
  const rows = new Map(reference.map((row) => [row.symbol, row]));
  return [...lifeSpans(bars)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([symbol, span]) => {
      const formerly = names?.former(symbol) ?? [];
      const was = formerly.length > 0 ? { formerly: [...formerly] } : {};
      const [key, since] = keyOf(symbol, formerly, (name) => known.has(name) || rows.has(name));
      const instrument = known.get(key);
      if (instrument) {
        const events = instrument.events.filter(
          ({ date }) => date <= asOf && date > since && !names?.isAnothers(key, date),
        );
        return { ...instrument, symbol, ...span, events, ...was };
      }
      const row = rows.get(key);
      return {
        symbol,
        name: row?.name ?? symbol,
        kind: row?.kind ?? 'equity',
        group: row?.sector ?? 'unclassified',
        ...span,
        events: [],
        reference: { sector: row?.sector ?? 'unclassified' },
        ...was,
      };
    });
}

/** The newest symbol that the files have, and the day on which it was given up ('': it was not): the end that it had then is none. */
function keyOf(symbol: string, formerly: readonly Former[], has: (name: string) => boolean): [string, string] {
  if (has(symbol)) return [symbol, ''];
  const former = formerly.findLast((each) => has(each.symbol));
  return former ? [former.symbol, former.until] : [symbol, ''];
}
