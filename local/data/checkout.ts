import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { getArtifactFile, getManifest, type ObjectStore } from '../../adapters/object-store/port.ts';
import { badInput } from '../../domain/errors.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { type BarTable, NO_ACTION, NUMBER_COLUMNS } from '../../domain/market/bar.ts';
import { BARS_TABLE } from '../../domain/market/bar-schema.ts';
import { loadBars } from '../../functions/artifacts/dataset.ts';
import { comparePartitions, type DateRange } from '../../functions/artifacts/partitions.ts';

const MISSING: Readonly<Record<string, number>> = NO_ACTION;

interface BarKey {
  symbol: string;
  date: string;
}

export interface DatasetDifference {
  onlyInA: BarKey[];
  onlyInB: BarKey[];
  /** A vendor's revision of a bar: both datasets hold it, with other values. */
  changed: (BarKey & { fields: string[] })[];
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

/** Write every file of a dataset, hash-checked, into a folder. */
export async function checkoutDataset(
  store: ObjectStore,
  strategy: string,
  dataset: string,
  folder: string,
): Promise<{ dataset: string; files: string[] }> {
  const ref = await findDataset(store, strategy, dataset);
  const { files } = await getManifest(store, strategy, ref);
  const written: string[] = [];
  for (const name of Object.keys(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, await getArtifactFile(store, strategy, ref, name));
    written.push(path);
  }
  return { dataset: ref.hash, files: written };
}

/** Bars that one dataset has and the other has not, or has with other values. */
export async function diffDatasets(
  store: ObjectStore,
  strategy: string,
  a: string,
  b: string,
): Promise<DatasetDifference> {
  const refs = await Promise.all([a, b].map((name) => findDataset(store, strategy, name)));
  const [manifestA, manifestB] = await Promise.all(refs.map((ref) => getManifest(store, strategy, ref)));
  const partitions = comparePartitions(BARS_TABLE, manifestA, manifestB);
  const difference: DatasetDifference = { onlyInA: [], onlyInB: [], changed: [], partitions };
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

const rangeOf = (years: readonly string[]): DateRange | undefined =>
  years.length === 0 ? undefined : { from: `${years[0]}-01-01`, to: `${years[years.length - 1]}-12-31` };
