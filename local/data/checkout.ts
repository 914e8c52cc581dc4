import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { getArtifactFile, getManifest, type ObjectStore } from '../../adapters/object-store/port.ts';
import { badInput } from '../../domain/errors.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import type { ArtifactRef, Manifest } from '../../domain/lineage/manifest.ts';
import { type BarTable, NO_ACTION, NUMBER_COLUMNS } from '../../domain/market/bar.ts';
import { BARS_TABLE } from '../../domain/market/bar-schema.ts';
import type { Instrument } from '../../domain/market/instrument.ts';
import { DATASET_FILES, datasetFacts, loadBars, loadInstruments } from '../../functions/artifacts/dataset.ts';
import { comparePartitions, type DateRange, partitionYear } from '../../functions/artifacts/partitions.ts';
import { readPointInTime } from '../../functions/artifacts/point-in-time.ts';

const MISSING: Readonly<Record<string, number>> = NO_ACTION;

interface BarKey {
  symbol: string;
  date: string;
}

interface KnownValue {
  series: string;
  /** '' for a value of no one asset. */
  symbol: string;
  eventDate: string;
  knownDate: string;
  value: number;
}

export interface DatasetDifference {
  onlyInA: BarKey[];
  onlyInB: BarKey[];
  /** A vendor's revision of a bar: both datasets hold it, with other values. */
  changed: (BarKey & { fields: string[] })[];
  /** Figures and series (fundamentals, macro) that one of the two does not have with that value, known from that day. */
  values: { onlyInA: KnownValue[]; onlyInB: KnownValue[] };
  /** Reference data: the last day of a life follows from the bars and is left out. */
  instruments: { onlyInA: string[]; onlyInB: string[]; changed: { symbol: string; fields: string[] }[] };
  /** Other files than bars that the two do not have in common, byte for byte. */
  files: string[];
  /** Years whose bars are the same file in both, and years whose are not. Only the latter are read. */
  partitions: { same: string[]; changed: string[] };
}

/** A dataset by its hash or the beginning of it. */
export async function findDataset(store: ObjectStore, strategy: string, prefix: string): Promise<ArtifactRef> {
  const keys = await store.list(`${strategy}/datasets/`);
  const hashes = [...new Set(keys.map((key) => key.split('/')[2]))].filter((hash) => hash.startsWith(prefix));
  if (hashes.length === 1) return { kind: 'datasets', hash: hashes[0] };
  throw badInput(
    'DATASET_UNKNOWN',
    hashes.length === 0 ? 'There is no such dataset' : 'More than one dataset begins so',
    { facts: { dataset: prefix, strategy }, remedy: 'drl data log shows the hashes.' },
  );
}

/**
 * Write every file of a dataset, hash-checked, into a folder. The folder holds nothing else then: whoever reads it by its pattern
 * (`bars/**`) reads the dataset, and no year of a later one.
 *
 * @throws ProductError DATASET_UNKNOWN, CHECKOUT_FOLDER, CHECKOUT_NOT_EMPTY (bad input).
 */
export async function checkoutDataset(
  store: ObjectStore,
  strategy: string,
  dataset: string,
  folder: string,
): Promise<{ dataset: string; files: string[] }> {
  const ref = await findDataset(store, strategy, dataset);
  const { files } = await getManifest(store, strategy, ref);
  await refuseStrangers(folder, Object.keys(files));
  const written: string[] = [];
  for (const name of Object.keys(files)) {
    const path = join(folder, name);
    const bytes = await getArtifactFile(store, strategy, ref, name);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes);
    } catch (cause) {
      throw badInput('CHECKOUT_FOLDER', 'The folder to check out into cannot be written', {
        facts: { folder, file: path, problem: (cause as NodeJS.ErrnoException).code ?? String(cause) },
        remedy: 'Name a folder that does not exist yet, or one that may be written to.',
        cause,
      });
    }
    written.push(path);
  }
  return { dataset: ref.hash, files: written };
}

async function refuseStrangers(folder: string, names: readonly string[]): Promise<void> {
  const present = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const strangers = present
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((name) => !names.includes(name))
    .sort();
  if (strangers.length === 0) return;
  throw badInput('CHECKOUT_NOT_EMPTY', 'The folder to check out into has files that the dataset does not have', {
    facts: { folder, files: strangers.length, first: strangers[0] },
    remedy: 'Name a folder that does not exist yet, or empty this one: nothing was written.',
  });
}

/**
 * Bars, values and reference data that one dataset has and the other has not, or has otherwise.
 *
 * @throws ProductError DATASET_UNKNOWN (bad input), DATASET_NEWER_SCHEMA (refused).
 */
export async function diffDatasets(
  store: ObjectStore,
  strategy: string,
  a: string,
  b: string,
): Promise<DatasetDifference> {
  const refs = await Promise.all([a, b].map((name) => findDataset(store, strategy, name)));
  const [manifestA, manifestB] = await Promise.all(refs.map((ref) => getManifest(store, strategy, ref)));
  for (const [i, { facts }] of [manifestA, manifestB].entries()) datasetFacts(refs[i], facts);
  const partitions = comparePartitions(BARS_TABLE, manifestA, manifestB);
  const [knownA, knownB] = await Promise.all(
    [manifestA, manifestB].map(({ files }, i) => knownValues(store, strategy, refs[i], Object.keys(files))),
  );
  const values = { onlyInA: without(knownA, knownB), onlyInB: without(knownB, knownA) };
  const instruments = compareInstruments(
    ...(await Promise.all([loadInstruments(store, strategy, refs[0]), loadInstruments(store, strategy, refs[1])])),
  );
  const files = filesThatDiffer(manifestA, manifestB);
  const difference: DatasetDifference = {
    ...{ onlyInA: [], onlyInB: [], changed: [] },
    ...{ values, instruments, files, partitions },
  };
  // Datasets from before the partitions have none to compare: everything is read.
  if (partitions.changed.length === 0 && partitions.same.length > 0) return difference;
  const [first, second] = await Promise.all(
    refs.map((ref) => loadBars(store, strategy, ref, rangeOf(partitions.changed))),
  );
  const index = (bars: BarTable) => new Map(bars.symbol.map((symbol, row) => [`${bars.date[row]} ${symbol}`, row]));
  const inSecond = index(second);
  for (const [key, row] of index(first)) {
    const other = inSecond.get(key);
    const bar = { symbol: first.symbol[row], date: first.date[row] };
    if (other === undefined) difference.onlyInA.push(bar);
    else {
      const fields = NUMBER_COLUMNS.filter(
        (name) => !Object.is(first[name]?.[row] ?? MISSING[name], second[name]?.[other] ?? MISSING[name]),
      );
      if (fields.length > 0) difference.changed.push({ ...bar, fields: [...fields] });
      inSecond.delete(key);
    }
  }
  for (const row of inSecond.values()) difference.onlyInB.push({ symbol: second.symbol[row], date: second.date[row] });
  return difference;
}

function compareInstruments(a: readonly Instrument[], b: readonly Instrument[]): DatasetDifference['instruments'] {
  const [inA, inB] = [a, b].map((list) => new Map(list.map((each) => [each.symbol, each])));
  const without = (list: readonly Instrument[], other: ReadonlyMap<string, Instrument>) =>
    list.flatMap(({ symbol }) => (other.has(symbol) ? [] : [symbol]));
  const changed = a.flatMap((before) => {
    const after = inB.get(before.symbol);
    if (!after) return [];
    const names = Object.keys({ ...before, ...after }) as (keyof Instrument)[];
    const fields = names.filter(
      (name) => name !== 'lastDate' && canonicalJson([before[name] ?? null]) !== canonicalJson([after[name] ?? null]),
    );
    return fields.length > 0 ? [{ symbol: before.symbol, fields: fields.sort() }] : [];
  });
  return { onlyInA: without(a, inB), onlyInB: without(b, inA), changed };
}

const filesThatDiffer = ({ files: a }: Manifest, { files: b }: Manifest): string[] =>
  Object.keys({ ...a, ...b })
    .filter((name) => partitionYear(BARS_TABLE, name) === null && a[name]?.sha256 !== b[name]?.sha256)
    .sort();

async function knownValues(
  store: ObjectStore,
  strategy: string,
  ref: ArtifactRef,
  files: readonly string[],
): Promise<Map<string, KnownValue>> {
  const found = new Map<string, KnownValue>();
  for (const name of [DATASET_FILES.fundamentals, DATASET_FILES.macro].filter((each) => files.includes(each))) {
    const table = await readPointInTime(await getArtifactFile(store, strategy, ref, name));
    for (const [row, value] of table.value.entries()) {
      const [series, symbol, eventDate, knownDate] = POINT_IN_TIME_KEYS.map((key) => table[key][row]);
      found.set(`${series} ${symbol} ${eventDate} ${knownDate} ${value}`, {
        series,
        symbol,
        eventDate,
        knownDate,
        value,
      });
    }
  }
  return found;
}

const POINT_IN_TIME_KEYS = ['series', 'symbol', 'eventDate', 'knownDate'] as const;

const without = (values: ReadonlyMap<string, KnownValue>, others: ReadonlyMap<string, KnownValue>): KnownValue[] =>
  [...values].flatMap(([key, value]) => (others.has(key) ? [] : [value]));

const rangeOf = (years: readonly string[]): DateRange | undefined =>
  years.length === 0 ? undefined : { from: `${years[0]}-01-01`, to: `${years[years.length - 1]}-12-31` };
