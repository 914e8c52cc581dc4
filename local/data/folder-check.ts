import { readdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { readFolder } from '../../adapters/market-data/folder.ts';
import type { RawFile } from '../../adapters/market-data/port.ts';
import { tableColumns } from '../../adapters/parquet/parquet.ts';
import { badInput } from '../../domain/errors.ts';
import { CATALOGUE } from '../../domain/features/catalogue.ts';
import { barHeader, headerOf, missingBarColumns } from '../../domain/market/bars.ts';
import type { CalendarId } from '../../domain/market/calendar.ts';
import { END_OF_TIME } from '../../domain/market/days.ts';
import { parseUniverse } from '../../domain/market/equities.ts';
import type { Instrument } from '../../domain/market/instrument.ts';
import type { ParsedBars } from '../../domain/market/parsed-bars.ts';
import { type CheckedBars, checkBars } from '../../domain/market/quality.ts';
import { refuseBadBatch } from '../../domain/market/quarantine.ts';
import { symbolNames } from '../../domain/market/symbol-names.ts';
import { decodeHead, isParquet } from '../../functions/ingest/decode.ts';
import { inFile, parseFolder, pathColumns, referenceFiles, tableText } from '../../functions/ingest/source.ts';

export interface SkippedFile {
  file: string;
  /** In plain words. */
  reason: string;
}

/** A folder of bars that passed the contracts: what an import would store. */
export interface CheckedFolder {
  /** Files to be stored: those with bars, and the reference files beside them. */
  files: RawFile[];
  used: { file: string; rows: number; symbols: number }[];
  /** The files beside the bars that were read. */
  beside: string[];
  skipped: SkippedFile[];
  /** Symbols of `universe.csv` that have bars, under them or a later symbol; null: there is no such file, and every symbol is a member. */
  members: string[] | null;
  /** Symbols of `universe.csv` without a bar, and symbols that it does not name in files with bars of others. */
  barless: string[];
  leftOut: string[];
  /** Symbols with bars that `membership.csv` does not name: they are members on no day. */
  strangers: string[];
  /** Series that no feature reads, and symbols of `fundamentals.csv` that no bar has ('': a row without one). */
  unread: { fundamentals: string[]; macro: string[] };
  figuresOfNone: string[];
  checked: CheckedBars;
}

/** No exchange is further ahead of this machine than a day. */
export const tomorrow = (): string => new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);

/**
 * Reads a folder, picks the files whose header has the columns of bars, says of each other file why it was left out, and holds the rest to the
 * contracts. Nothing is written.
 *
 * @throws ProductError FOLDER_MISSING, MEMBERSHIP_WITHOUT_BARS, FOLDER_WITHOUT_BARS, CSV_MISSING_COLUMN, CSV_EMPTY, GZIP_TRUNCATED, BARS_MIXED_TIME_ZONES,
 * DATA_TOO_MANY_BAD_ROWS and what else the parsers throw (all bad input).
 */
export async function checkFolder(options: { folder: string; calendar: CalendarId }): Promise<CheckedFolder> {
  const folder = resolve(options.folder);
  const all = await readFolder(folder, basename(folder));
  const skipped: SkippedFile[] = [];
  const beside = referenceFiles(all);
  const reference = Object.values(beside);
  const candidates = all.filter((file) => !reference.includes(file) && !/\.json$/i.test(file.name));
  skipped.push(...(await otherFiles(folder, [...candidates, ...reference])));
  const barFiles = await pickBarFiles(candidates, skipped, options.folder);
  const { universe } = beside;
  const listed = universe
    ? new Set(parseUniverse(await tableText(universe), universe.name).map(({ symbol }) => symbol))
    : null;
  const { batches, actions, lifeEnds, instruments, pointInTime } = await parseFolder(
    [...barFiles, ...reference],
    options.calendar,
  );
  const names = symbolNames(actions, END_OF_TIME);
  const members = listed && (names?.members(listed) ?? listed);
  const isMember = (symbol: string): boolean => members?.has(names?.nameOf(symbol, '') ?? symbol) ?? true;
  const chosen = chooseBatches(batches, isMember, skipped);
  const checked = checkBars(chosen, {
    calendar: options.calendar,
    asOf: END_OF_TIME,
    today: tomorrow(),
    members: listed,
    actions,
    lifeEnds,
  });
  for (const batch of chosen) {
    const bad = checked.quarantined.filter(({ file }) => file === batch.file);
    refuseBadBatch(bad, batch.symbol.length + batch.rejected.length);
  }
  const found = instruments(checked.bars, END_OF_TIME);
  const strangers = beside.membership ? strangersIn(beside.membership.name, found) : [];
  const { fundamentals, macro } = pointInTime(END_OF_TIME);
  const present = new Set(found.flatMap(({ symbol, formerly = [] }) => [symbol, ...formerly.map((was) => was.symbol)]));
  return {
    files: [...barFiles.filter(({ name }) => chosen.some(({ file }) => file === name)), ...reference],
    used: chosen.map((batch) => ({
      file: batch.file,
      rows: batch.symbol.length + batch.rejected.length,
      symbols: new Set(batch.symbol).size,
    })),
    beside: reference.map(({ name }) => name).sort(),
    skipped: skipped.sort((a, b) => (a.file < b.file ? -1 : 1)),
    members: listed && [...listed].filter((symbol) => present.has(symbol)).sort(),
    barless: [...(listed ?? [])].filter((symbol) => !present.has(symbol)).sort(),
    leftOut: [...new Set(chosen.flatMap(({ symbol }) => symbol))].filter((symbol) => !isMember(symbol)).sort(),
    strangers,
    unread: { fundamentals: unreadSeries(fundamentals?.series ?? []), macro: unreadSeries(macro?.series ?? []) },
    figuresOfNone: figuresOfNone(fundamentals?.symbol ?? [], [...present, ...batches.flatMap(({ symbol }) => symbol)]),
    checked,
  };
}

/** What else lies in the folder: spreadsheets, archives, folders that are no partition. */
async function otherFiles(folder: string, read: readonly RawFile[]): Promise<SkippedFile[]> {
  const entries = (await readdir(folder)).filter((entry) => !entry.startsWith('.'));
  const isRead = (entry: string): boolean => read.some(({ name }) => name === entry || name.startsWith(`${entry}/`));
  return entries
    .filter((entry) => !isRead(entry))
    .map((file) => ({ file, reason: 'it is not read: only files that end in .csv, .csv.gz or .parquet are' }));
}

const unreadSeries = (series: readonly string[]): string[] => {
  const read = new Set<string>(Object.values(CATALOGUE).flatMap((feature) => feature.series ?? []));
  return [...new Set(series)].filter((name) => !read.has(name)).sort();
};

function figuresOfNone(symbols: readonly string[], known: readonly string[]): string[] {
  const bars = new Set(known);
  return [...new Set(symbols)].filter((symbol) => !bars.has(symbol)).sort();
}

/** Instruments without a stretch of membership. Where that is all of them, the universe would have no asset. */
function strangersIn(file: string, instruments: readonly Instrument[]): string[] {
  const strangers = instruments.filter(({ membership }) => !membership?.length).map(({ symbol }) => symbol);
  if (strangers.length === 0 || strangers.length < instruments.length) return strangers;
  throw badInput('MEMBERSHIP_WITHOUT_BARS', 'Not one symbol of the membership file has a bar', {
    facts: { file, field: 'symbol', value: null, bars: instruments.slice(0, 5).map(({ symbol }) => symbol) },
    remedy: 'Write the symbols as the bars have them, or take the membership file out of the folder.',
  });
}

/** Files whose header has every column of bars. When none has, the one that comes nearest is the error. */
async function pickBarFiles(
  candidates: readonly RawFile[],
  skipped: SkippedFile[],
  folder: string,
): Promise<RawFile[]> {
  const picked: RawFile[] = [];
  let nearest: { file: string; missing: string[]; has: string[] } | null = null;
  for (const file of candidates) {
    const has =
      isParquet(file.bytes) || /\.parquet$/i.test(file.name)
        ? barHeader([
            ...(await inFile(file.name, () => tableColumns(file.bytes))),
            ...pathColumns(file.name).map(([column]) => column),
          ])
        : headerOf(decodeHead(file.bytes, file.name));
    const missing = missingBarColumns(has);
    if (missing.length === 0) {
      picked.push(file);
      continue;
    }
    skipped.push({
      file: file.name,
      reason: /(suppliers|holdings)\.csv$/i.test(file.name)
        ? `it belongs beside the universe's file, as <universe>.${/suppliers|holdings/i.exec(file.name)?.[0].toLowerCase()}.csv`
        : `no bars: it lacks the column${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`,
    });
    if (nearest === null || missing.length < nearest.missing.length) nearest = { file: file.name, missing, has };
  }
  if (picked.length > 0) return picked;
  if (nearest === null) {
    throw badInput('FOLDER_WITHOUT_BARS', 'The folder holds no file of bars', {
      facts: { folder, accepted: ['.csv', '.csv.gz', '.parquet'], has: skipped.map(({ file }) => file) },
      remedy: 'Put a file with the columns symbol,date,open,high,low,close,volume into it.',
    });
  }
  throw badInput('CSV_MISSING_COLUMN', `The file lacks the column ${nearest.missing.join(', ')}`, {
    facts: { file: nearest.file, line: 1, field: nearest.missing[0], missing: nearest.missing, has: nearest.has },
    remedy: 'Name the columns in the first line, in any order: symbol,date,open,high,low,close,volume.',
  });
}

/** A second file that repeats most rows of those before it is another version of them, not more data. */
const REPEATED_SHARE = 0.5;
const SAMPLE_ROWS = 2_000;

/** The largest file first; files without a listed symbol, and files that repeat another, are left out. */
function chooseBatches(
  batches: readonly ParsedBars[],
  isMember: (symbol: string) => boolean,
  skipped: SkippedFile[],
): ParsedBars[] {
  const bySize = [...batches].sort((a, b) => b.symbol.length - a.symbol.length || (a.file < b.file ? -1 : 1));
  const known = new Map<string, Set<string>>();
  const chosen: ParsedBars[] = [];
  for (const batch of bySize) {
    const symbols = new Set(batch.symbol);
    if (symbols.size > 0 && ![...symbols].some(isMember)) {
      skipped.push({ file: batch.file, reason: `none of its ${symbols.size} symbols is in universe.csv` });
      continue;
    }
    if (chosen.length > 0 && repeatedShare(batch, known) > REPEATED_SHARE) {
      const first = chosen.find((other) => other.symbol.some((symbol) => symbols.has(symbol))) ?? chosen[0];
      skipped.push({
        file: batch.file,
        reason: `its symbols and dates are already in ${first.file}; to use this file, put it into a folder of its own`,
      });
      continue;
    }
    chosen.push(batch);
    for (let i = 0; i < batch.symbol.length; i++) {
      const dates = known.get(batch.symbol[i]);
      if (dates) dates.add(batch.date[i]);
      else known.set(batch.symbol[i], new Set([batch.date[i]]));
    }
  }
  return chosen;
}

function repeatedShare(batch: ParsedBars, known: ReadonlyMap<string, ReadonlySet<string>>): number {
  const step = Math.max(1, Math.floor(batch.symbol.length / SAMPLE_ROWS));
  let [sampled, repeated] = [0, 0];
  for (let i = 0; i < batch.symbol.length; i += step) {
    sampled++;
    if (known.get(batch.symbol[i])?.has(batch.date[i])) repeated++;
  }
  return sampled === 0 ? 0 : repeated / sampled;
}
