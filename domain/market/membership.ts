import { badInput } from '../errors.ts';
import { csvRecords } from './csv.ts';
import { isIsoDate } from './days.ts';
import type { Instrument } from './instrument.ts';
import { SYMBOL } from './parsed-bars.ts';

/** A stretch of time for which an instrument belonged to an index: from its first session to the last one before `to`; null: it still does. */
export interface Membership {
  symbol: string;
  index: string;
  from: string;
  to: string | null;
}

/**
 * `membership.csv`: `symbol,index,from,to`, `to` empty while it lasts.
 *
 * @throws ProductError CSV_MISSING_COLUMN, CSV_EMPTY, MEMBERSHIP_FIELD (bad input): also for two stretches of one symbol that overlap.
 */
export function parseMembership(text: string, file: string): Membership[] {
  const fail = (line: number, field: string, value: string) =>
    badInput('MEMBERSHIP_FIELD', `The membership of an index cannot be read: ${field}`, {
      facts: { file, line, field, value },
      remedy:
        'Write symbol,index,from,to with days as YYYY-MM-DD, to after from (empty while it lasts), and no two stretches of one symbol at once.',
    });
  const last = new Map<string, Membership>();
  const records = csvRecords(text, file, ['symbol', 'index', 'from', 'to']).map(({ line, fields }) => {
    const symbol = fields.symbol.toUpperCase();
    if (!SYMBOL.test(symbol)) throw fail(line, 'symbol', fields.symbol);
    if (!isIsoDate(fields.from)) throw fail(line, 'from', fields.from);
    if (fields.to !== '' && (!isIsoDate(fields.to) || fields.to <= fields.from)) throw fail(line, 'to', fields.to);
    return { line, row: { symbol, index: fields.index, from: fields.from, to: fields.to || null } };
  });
  records.sort((a, b) => (a.row.from < b.row.from ? -1 : a.row.from > b.row.from ? 1 : a.line - b.line));
  for (const { line, row } of records) {
    const key = `${row.symbol} ${row.index}`;
    const before = last.get(key);
    if (before && (before.to === null || before.to > row.from)) throw fail(line, 'from', row.from);
    last.set(key, row);
  }
  return records.map(({ row }) => row);
}

/**
 * Instruments with the stretches that were known at the close of `asOf`, those of several indices joined: a leave that is still to come is not known. A symbol
 * that the file does not name belongs to nothing.
 */
export function withMembership(
  instruments: readonly Instrument[],
  memberships: readonly Membership[],
  asOf: string,
): Instrument[] {
  const bySymbol = new Map<string, { from: string; to: string | null }[]>();
  for (const { symbol, from, to } of [...memberships].sort((a, b) =>
    a.from < b.from ? -1 : a.from > b.from ? 1 : 0,
  )) {
    if (from > asOf) continue;
    const known = { from, to: to !== null && to > asOf ? null : to };
    const stretches = bySymbol.get(symbol) ?? [];
    bySymbol.set(symbol, stretches);
    const last = stretches.at(-1);
    if (!last || (last.to !== null && last.to < from)) stretches.push(known);
    else if (last.to !== null && (known.to === null || known.to > last.to)) last.to = known.to;
  }
  return instruments.map((instrument) => ({ ...instrument, membership: bySymbol.get(instrument.symbol) ?? [] }));
}
