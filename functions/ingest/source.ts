import { z } from 'zod';
import type { RawFile } from '../../adapters/market-data/port.ts';
import { readTable, type Table } from '../../adapters/parquet/parquet.ts';
import type { UniverseConfig } from '../../config/schema.ts';
import { badInput, ProductError } from '../../domain/errors.ts';
import type { SymbolEvent } from '../../domain/market/alpaca-actions.ts';
import type { BarTable, CorporateAction } from '../../domain/market/bar.ts';
import { parseBarsCsv, parseBarsTable } from '../../domain/market/bars.ts';
import type { CalendarId } from '../../domain/market/calendar.ts';
import { csvText } from '../../domain/market/csv.ts';
import { type CurrencyReference, currencyInstruments, parseCurrencyReference } from '../../domain/market/currencies.ts';
import { END_OF_TIME } from '../../domain/market/days.ts';
import { type EcbRates, ecbToBars, mergeEcb, parseEcbCsv, parseEcbXml } from '../../domain/market/ecb.ts';
import { type EquityReference, equityInstruments, parseUniverse } from '../../domain/market/equities.ts';
import { type Instrument, instrumentSchema } from '../../domain/market/instrument.ts';
import { rollUp, type TimedBars } from '../../domain/market/intraday.ts';
import { withLastActions } from '../../domain/market/last-actions.ts';
import { parseMembership, withMembership } from '../../domain/market/membership.ts';
import { parseActions } from '../../domain/market/parse-actions.ts';
import type { ParsedBars } from '../../domain/market/parsed-bars.ts';
import { asOf, joinTables, type PointInTimeTable } from '../../domain/market/point-in-time.ts';
import { parsePointInTimeColumns, parsePointInTimeCsv } from '../../domain/market/point-in-time-file.ts';
import { providersOf } from '../../domain/market/provider-config.ts';
import { renameFigures, renameMemberships, type SymbolNames, symbolNames } from '../../domain/market/symbol-names.ts';
import { writtenIntraday } from '../../domain/market/written-intraday.ts';
import { decodeText, isParquet } from './decode.ts';
import { alpacaBars, appended, isVendorFile, vendorValues } from './vendor-files.ts';

/** What the files of a provider say, parsed but not yet checked. */
export interface Source {
  batches: ParsedBars[];
  actions: CorporateAction[];
  /** Symbol -> first date on which it no longer exists. */
  lifeEnds: ReadonlyMap<string, string>;
  /** Bars shorter than a day, of which the days are made; null when the source has none. */
  intraday: TimedBars | null;
  /** Instruments that have a bar, as known at the close of `asOf`. */
  instruments(bars: BarTable, asOf: string): Instrument[];
  /** Figures of companies, and series of economies, known at the close of `asOf`; null when the source has none. */
  pointInTime(asOf: string): { fundamentals: PointInTimeTable | null; macro: PointInTimeTable | null };
}

/** Names that a folder's files beside the bars may have. */
const FOLDER_FILES = {
  universe: /^universe\.(csv|csv\.gz|parquet)$/i,
  actions: /^actions\.(csv|csv\.gz|parquet)$/i,
  instruments: /^instruments\.json$/i,
  fundamentals: /^fundamentals\.(csv|csv\.gz|parquet)$/i,
  macro: /^macro\.(csv|csv\.gz|parquet)$/i,
  membership: /^membership\.(csv|csv\.gz|parquet)$/i,
} as const;

type FolderFiles = Partial<Record<keyof typeof FOLDER_FILES, RawFile>>;

/**
 * The files beside the bars, by what they say.
 *
 * @throws ProductError FOLDER_FILE_TWICE (bad input) when two files say the same.
 */
export function referenceFiles(files: readonly RawFile[]): FolderFiles {
  const found: FolderFiles = {};
  for (const [role, pattern] of Object.entries(FOLDER_FILES) as [keyof FolderFiles, RegExp][]) {
    const [first, second] = files.filter(({ name }) => pattern.test(name));
    if (second) {
      throw badInput('FOLDER_FILE_TWICE', `The folder has two files of ${role}`, {
        facts: { field: role, value: second.name, file: first.name },
        remedy: 'Keep one of the two, or put the rows of both into one file.',
      });
    }
    if (first) found[role] = first;
  }
  return found;
}

/** The text of a table beside the bars, that of a Parquet file as CSV. */
export const tableText = async ({ name, bytes }: RawFile): Promise<string> =>
  isParquet(bytes) ? csvText(await inFile(name, () => readTable(bytes))) : decodeText(bytes, name);

export const membersOf = (universe: UniverseConfig): ReadonlySet<string> | null =>
  universe.members === 'all' ? null : new Set(universe.members);

/** Whether a symbol has a bar from a day on, until `date`. The bars are looked through when it is first asked. */
function tradedUntil(batches: readonly ParsedBars[], date: string): (symbol: string, since: string) => boolean {
  let lastDays: ReadonlyMap<string, string> | null = null;
  return (symbol, since) => {
    lastDays ??= lastDaysUntil(batches, date);
    return (lastDays.get(symbol) ?? '') >= since;
  };
}

function lastDaysUntil(batches: readonly ParsedBars[], date: string): Map<string, string> {
  const last = new Map<string, string>();
  for (const batch of batches) {
    batch.symbol.forEach((symbol, row) => {
      const day = batch.date[row];
      if (day <= date && day > (last.get(symbol) ?? '')) last.set(symbol, day);
    });
  }
  return last;
}

export async function parseSource(universe: UniverseConfig, files: readonly RawFile[]): Promise<Source> {
  const vendors = files.filter(isVendorFile);
  const source = await barSource(
    universe,
    vendors,
    files.filter((file) => !isVendorFile(file)),
  );
  const { fundamentals, macro } = vendorValues(vendors, universe);
  const all = symbolNames(source.actions, END_OF_TIME);
  // A company is configured by the symbol that it has now: on a day before, by the one that it had then.
  const named = (table: PointInTimeTable | null, date: string): PointInTimeTable | null =>
    all && table && { ...table, symbol: table.symbol.map((symbol) => all.nameOn(symbol, date)) };
  const join = (own: PointInTimeTable | null, vendor: PointInTimeTable | null, date: string) =>
    joinTables([own, vendor && asOf(vendor, date)].filter((table) => table !== null));
  return {
    ...source,
    pointInTime: (date) => ({
      fundamentals: renameFigures(
        join(source.pointInTime(date).fundamentals, named(fundamentals, date) ?? fundamentals, date),
        symbolNames(source.actions, date),
        tradedUntil(source.batches, date),
      ),
      macro: join(source.pointInTime(date).macro, macro, date),
    }),
  };
}

async function barSource(
  universe: UniverseConfig,
  vendors: readonly RawFile[],
  files: readonly RawFile[],
): Promise<Source> {
  const ecb = providersOf(universe.provider).find(({ kind }) => kind === 'ecb-file' || kind === 'ecb-http');
  if (ecb && 'reference' in ecb) return ecbSource(universe, files, ecb.reference);
  const alpaca = alpacaBars(vendors, universe);
  const folder = await parseFolder(files, universe.calendar, alpaca);
  const intraday = [alpaca.intraday, folder.intraday].filter((bars) => bars !== null);
  return {
    ...folder,
    batches: [...alpaca.batches, ...folder.batches],
    intraday: intraday.length > 0 ? intraday.reduce(appended) : null,
  };
}

function ecbSource(universe: UniverseConfig, files: readonly RawFile[], referencePath: string): Source {
  const referenceName = referencePath.split('/').at(-1);
  const referenceFile = files.find((file) => file.name === referenceName);
  const rates = files.filter((file) => file !== referenceFile).map(ratesOf);
  if (!referenceFile || rates.length === 0) {
    throw badInput('ECB_FILES', 'The provider gave no file of rates, or no reference table', {
      facts: { reference: referencePath, files: files.map((file) => file.name) },
      remedy: 'Name both in the universe configuration (provider.path or provider.historyUrl, and provider.reference).',
    });
  }
  const reference = parseCurrencyReference(decodeText(referenceFile.bytes, referenceFile.name), referenceFile.name);
  const members = membersOf(universe);
  return {
    batches: rates.reduce(mergeAll, [] as EcbRates[]).map((table) => ecbToBars(table, universe.numeraire, members)),
    actions: [],
    intraday: null,
    lifeEnds: new Map(reference.flatMap(({ code, event }) => (event ? [[code, event.date]] : []))),
    instruments: (bars, asOf) => currencyInstruments(bars, reference satisfies CurrencyReference[], asOf),
    pointInTime: () => ({ fundamentals: null, macro: null }),
  };
}

function ratesOf(file: RawFile): EcbRates {
  const text = decodeText(file.bytes, file.name);
  return text.trimStart().startsWith('<') ? parseEcbXml(text, file.name) : parseEcbCsv(text, file.name);
}

const mergeAll = (done: EcbRates[], next: EcbRates): EcbRates[] =>
  done.length === 0 ? [next] : [...done.slice(0, -1), ...mergeEcb(done[done.length - 1], next)];

/** What a vendor says beside bars. */
interface VendorEvents {
  actions: readonly CorporateAction[];
  events: readonly SymbolEvent[];
}

/** Bars and reference files in the form of a user's folder. Every file that is not a reference file must hold bars. */
export async function parseFolder(
  files: readonly RawFile[],
  calendar: CalendarId,
  vendor: VendorEvents = { actions: [], events: [] },
): Promise<Source> {
  const beside = referenceFiles(files);
  const { universe, actions, instruments, fundamentals, macro, membership } = beside;
  const aside = new Set(Object.values(beside));
  const batches: ParsedBars[] = [];
  const intraday: TimedBars[] = [];
  for (const file of files) {
    if (aside.has(file)) continue;
    const bars =
      isParquet(file.bytes) || /\.parquet$/i.test(file.name)
        ? parseBarsTable(withPathColumns(file.name, await inFile(file.name, () => readTable(file.bytes))), file.name)
        : parseBarsCsv(decodeText(file.bytes, file.name), file.name);
    const timed = writtenIntraday(bars, calendar);
    if (timed) intraday.push(timed);
    batches.push(timed ? rollUp(timed, calendar, bars.rejected) : bars);
  }
  const listed = instruments ? readInstruments(instruments) : [];
  const reference: EquityReference[] = universe ? parseUniverse(await tableText(universe), universe.name) : [];
  const stretches = membership ? parseMembership(await tableText(membership), membership.name) : null;
  const figures = fundamentals ? await readValues(fundamentals) : null;
  const economy = macro ? await readValues(macro) : null;
  const happened = [...vendor.actions, ...(actions ? parseActions(await tableText(actions), actions.name) : [])];
  return {
    batches,
    actions: happened,
    intraday: intraday.length > 0 ? intraday.reduce(appended) : null,
    lifeEnds: new Map([
      ...vendor.events.map(({ symbol, event }) => [symbol, event.date] as const),
      ...listed.flatMap(({ symbol, events }) => (events[0] ? [[symbol, events[0].date] as const] : [])),
    ]),
    instruments: (bars, asOf) => {
      const names = symbolNames(happened, asOf);
      const lives = withEvents(equityInstruments(bars, listed, reference, asOf, names), vendor.events, names, asOf);
      const found = withLastActions(lives, happened, bars, names);
      return stretches ? withMembership(found, renameMemberships(stretches, names), asOf) : found;
    },
    pointInTime: (asOf) => ({ fundamentals: known(figures, asOf), macro: known(economy, asOf) }),
  };
}

/** Instruments with what a vendor says of their ends up to `asOf`, under the symbols of that day. */
function withEvents(
  instruments: Instrument[],
  events: readonly SymbolEvent[],
  names: SymbolNames | null,
  asOf: string,
): Instrument[] {
  const nameOf = (symbol: string, date: string): string => names?.nameAtOpen(symbol, date) ?? symbol;
  const known = events.filter(({ symbol, event: { date } }) => date <= asOf && !names?.isAnothers(symbol, date));
  return instruments.map((instrument) => {
    const told = known
      .filter(({ symbol, event }) => nameOf(symbol, event.date) === instrument.symbol)
      .map(({ event }) => event);
    const all = [...instrument.events, ...told].map((event) => ({
      ...event,
      successor: event.successor && nameOf(event.successor, event.date),
    }));
    return { ...instrument, events: all.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0)) };
  });
}

const known = (table: PointInTimeTable | null, date: string) => (table ? asOf(table, date) : null);

async function readValues({ name, bytes }: RawFile): Promise<PointInTimeTable> {
  return isParquet(bytes) || /\.parquet$/i.test(name)
    ? parsePointInTimeColumns(await inFile(name, () => readTable(bytes)), name)
    : parsePointInTimeCsv(decodeText(bytes, name), name);
}

/** @throws ProductError INSTRUMENTS_FILE (bad input), naming the place of the first fault: `3.name`. */
function readInstruments({ name: file, bytes }: RawFile): Instrument[] {
  const fail = (facts: Record<string, unknown>) =>
    badInput('INSTRUMENTS_FILE', 'The file of instruments cannot be read', {
      facts: { file, ...facts },
      remedy: 'It is a JSON list of instruments: symbol, name, kind, group, firstDate, lastDate, events, reference.',
    });
  let value: unknown;
  try {
    value = JSON.parse(decodeText(bytes, file));
  } catch (cause) {
    if (cause instanceof ProductError) throw cause;
    throw fail({ problem: cause instanceof Error ? cause.message : String(cause) });
  }
  const parsed = z.array(instrumentSchema).safeParse(value);
  if (parsed.success) return parsed.data;
  const [{ path, message }] = parsed.error.issues;
  throw fail({ field: path.join('.'), problem: message });
}

/** What the path of a partition says of all its rows: `symbol=AAA/part.parquet`, as Hive writes it. */
export const pathColumns = (name: string): [column: string, value: string][] =>
  name
    .split('/')
    .slice(0, -1)
    .filter((part) => part.includes('='))
    .map((part) => {
      const at = part.indexOf('=');
      const value = part
        .slice(at + 1)
        .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
      return [part.slice(0, at), value];
    });

function withPathColumns(name: string, table: Table): Table {
  const rows = Object.values(table)[0]?.length ?? 0;
  const told = pathColumns(name).filter(([column]) => !(column in table));
  return { ...table, ...Object.fromEntries(told.map(([column, value]) => [column, new Array(rows).fill(value)])) };
}

/** Says in which file a Parquet error was found. */
export async function inFile<T>(file: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    const { code, message, facts, remedy, kind, cause } = error;
    throw new ProductError(code, message, { facts: { file, ...facts }, remedy, kind, cause });
  }
}
