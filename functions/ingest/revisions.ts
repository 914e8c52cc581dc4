import { getArtifactFile, getManifest, getPointer, type ObjectStore } from '../../adapters/object-store/port.ts';
import { readTable, type TableColumns } from '../../adapters/parquet/parquet.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import type { BarTable } from '../../domain/market/bar.ts';
import type { PointInTimeTable } from '../../domain/market/point-in-time.ts';
import { type Revision, reviseBars, reviseTable } from '../../domain/market/revisions.ts';
import { renameBars, renameTable, type SymbolNames } from '../../domain/market/symbol-names.ts';
import { DATASET_FILES, datasetFacts, loadBars } from '../artifacts/dataset.ts';
import { readPointInTime } from '../artifacts/point-in-time.ts';

/** What an earlier dataset of a universe said, and the revisions that it had noted. */
export interface Earlier {
  ref: ArtifactRef;
  asOf: string;
  bars: BarTable;
  fundamentals: PointInTimeTable | null;
  macro: PointInTimeTable | null;
  revisions: Revision[];
}

/**
 * The dataset that the one of `date` follows: the newest of its universe that is not of a later day. When it is of this day (a run that was cut off, or
 * a source that was brought again) the answer is such that the same source gives the same dataset: the one that it was compared with, where they differed,
 * else the newest of an earlier day, which it did not differ from, else itself with the revisions that it carries.
 */
export async function earlierDataset(
  store: ObjectStore,
  strategy: string,
  universe: string,
  date: string,
): Promise<Earlier | null> {
  const newest = (await getPointer<ArtifactRef>(store, strategy, `datasets/${universe}`))?.value ?? null;
  if (newest === null) return null;
  const { asOf } = datasetFacts(newest, (await getManifest(store, strategy, newest)).facts);
  const ref = asOf <= date ? newest : await newestWhere(store, strategy, universe, (day) => day <= date);
  if (ref === null) return null;
  const { facts, files, inputs } = await getManifest(store, strategy, ref);
  if (datasetFacts(ref, facts).asOf < date) return readEarlier(store, strategy, ref);
  if (inputs.previous) return readEarlier(store, strategy, inputs.previous);
  const before = await newestWhere(store, strategy, universe, (day) => day < date);
  if (before) return readEarlier(store, strategy, before);
  return DATASET_FILES.revisions in files ? readEarlier(store, strategy, ref) : null;
}

/** The newest dataset of a universe among those of some days, of several of one day one that knows what it follows. */
async function newestWhere(
  store: ObjectStore,
  strategy: string,
  universe: string,
  isWanted: (asOf: string) => boolean,
): Promise<ArtifactRef | null> {
  let found: { ref: ArtifactRef; asOf: string; follows: boolean } | null = null;
  for (const key of await store.list(`${strategy}/datasets/`)) {
    if (!key.endsWith('/manifest.json')) continue;
    const ref: ArtifactRef = { kind: 'datasets', hash: key.split('/')[2] };
    const { facts, inputs } = await getManifest(store, strategy, ref);
    const { asOf, universe: of } = datasetFacts(ref, facts);
    if (of !== universe || !isWanted(asOf) || (found && asOf < found.asOf)) continue;
    const follows = inputs.previous !== undefined;
    if (!found || asOf > found.asOf || (follows && !found.follows)) found = { ref, asOf, follows };
  }
  return found?.ref ?? null;
}

async function readEarlier(store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<Earlier> {
  const { facts, files } = await getManifest(store, strategy, ref);
  const bytes = (name: string) => getArtifactFile(store, strategy, ref, name);
  const table = async (name: string) => (name in files ? readPointInTime(await bytes(name)) : null);
  return {
    ref,
    asOf: datasetFacts(ref, facts).asOf,
    bars: await loadBars(store, strategy, ref),
    fundamentals: await table(DATASET_FILES.fundamentals),
    macro: await table(DATASET_FILES.macro),
    revisions:
      DATASET_FILES.revisions in files ? revisionsOf(await readTable(await bytes(DATASET_FILES.revisions))) : [],
  };
}

type Values = { fundamentals: PointInTimeTable | null; macro: PointInTimeTable | null };

/** What the source says now beside what it said before, a change of symbol being no change of value: every change is a revision known from `date` on, none replaces what was known. */
export function compareWithEarlier(
  earlier: Earlier | null,
  bars: BarTable,
  values: Values,
  date: string,
  names: SymbolNames | null = null,
) {
  if (!earlier) return { ...values, revisions: [], found: 0 };
  const { asOf } = earlier;
  const fundamentals = reviseTable(renameTable(earlier.fundamentals, names, asOf), values.fundamentals, asOf, date);
  const macro = reviseTable(earlier.macro, values.macro, asOf, date);
  const before = renameBars(earlier.bars, names, asOf);
  const found = [...reviseBars(before, bars, asOf, date), ...fundamentals.revisions, ...macro.revisions];
  return {
    fundamentals: fundamentals.table,
    macro: macro.table,
    revisions: [...earlier.revisions, ...found],
    found: found.length,
  };
}

export const revisionColumns = (rows: readonly Revision[]): TableColumns => ({
  knownDate: { type: 'STRING', data: rows.map(({ knownDate }) => knownDate) },
  symbol: { type: 'STRING', data: rows.map(({ symbol }) => symbol) },
  date: { type: 'STRING', data: rows.map(({ date }) => date) },
  field: { type: 'STRING', data: rows.map(({ field }) => field) },
  before: { type: 'DOUBLE', data: Float64Array.from(rows, ({ before }) => before) },
  after: { type: 'DOUBLE', data: Float64Array.from(rows, ({ after }) => after) },
});

export function revisionsOf(table: Record<string, ArrayLike<unknown>>): Revision[] {
  const { knownDate, symbol, date, field, before, after } = table as Record<string, string[]>;
  return knownDate.map((_, i) => ({
    knownDate: knownDate[i],
    symbol: symbol[i],
    date: date[i],
    field: field[i],
    before: Number(before[i]),
    after: Number(after[i]),
  }));
}
