import {
  artifactPrefix,
  getArtifactFile,
  getManifest,
  getPointer,
  movePointer,
  type NewArtifact,
  type ObjectStore,
  putArtifact,
} from '../../adapters/object-store/port.ts';
import { readTable, type Table, type TableColumns, writeTable } from '../../adapters/parquet/parquet.ts';
import { ProductError, refused } from '../../domain/errors.ts';
import type { ArtifactRef, Manifest } from '../../domain/lineage/manifest.ts';
import { PARTITION_COLUMN } from '../../domain/market/bar-schema.ts';

const partitionFile = (table: string, year: string): string => `${table}/${PARTITION_COLUMN}=${year}/part.parquet`;

/** The year of a partition's file; null: the file is no partition of the table. */
export function partitionYear(table: string, file: string): string | null {
  const year = file.slice(table.length + PARTITION_COLUMN.length + 2).split('/')[0];
  return file === partitionFile(table, year) ? year : null;
}

/**
 * A table as one Parquet file a year, by path: `bars/year=2020/part.parquet`. Rows must be sorted by the column `date`.
 * The bytes of a year depend on that year's rows alone, so a later day changes the newest file only.
 */
export function partitionFiles(table: string, columns: TableColumns): Record<string, Uint8Array> {
  const dates = columns.date.data as ArrayLike<string>;
  const files: Record<string, Uint8Array> = {};
  for (let start = 0; start < dates.length; ) {
    const year = dates[start].slice(0, 4);
    let end = start + 1;
    while (end < dates.length && dates[end].startsWith(year)) end++;
    const part: TableColumns = {};
    for (const [name, { type, data }] of Object.entries(columns)) part[name] = { type, data: rowsOf(data, start, end) };
    files[partitionFile(table, year)] = writeTable(part);
    start = end;
  }
  return files;
}

type Cells = TableColumns[string]['data'];
const rowsOf = (data: Cells, start: number, end: number): Cells =>
  ArrayBuffer.isView(data) ? (data as Float64Array).subarray(start, end) : Array.prototype.slice.call(data, start, end);

/** First and last date wanted, both included; partitions outside are not read. */
export interface DateRange {
  from: string;
  to: string;
}

/**
 * The partitions of a table, oldest first, every file checked against its hash. Datasets and features from before the partitions have one file,
 * `<table>.parquet`, with the same columns. `range` only spares reading years: the caller looks at the dates. `known`: the manifest, if it was read before.
 *
 * @throws ProductError ARTIFACT_FILE_MISSING (refused) when the artifact has no such table.
 */
export async function readPartitions(
  store: ObjectStore,
  strategy: string,
  ref: ArtifactRef,
  table: string,
  range: DateRange = { from: '0000', to: '9999' },
  known?: Manifest,
): Promise<Table[]> {
  const manifest = known ?? (await getManifest(store, strategy, ref));
  const { files } = manifest;
  const read = async (name: string) => readTable(await getArtifactFile(store, strategy, ref, name, manifest));
  if (`${table}.parquet` in files) return [await read(`${table}.parquet`)];
  const names = Object.keys(files)
    .filter((name) => partitionYear(table, name) !== null)
    .sort();
  if (names.length === 0) {
    throw refused('ARTIFACT_FILE_MISSING', `The artifact has no table ${table}`, {
      facts: { kind: ref.kind, hash: ref.hash, table, has: Object.keys(files) },
      remedy: 'Its writer used a layout that this version does not know. Run the day again in a new home.',
    });
  }
  const wanted = names.filter((name) => {
    const year = partitionYear(table, name)!;
    return year >= range.from.slice(0, 4) && year <= range.to.slice(0, 4);
  });
  // Outside the range one partition still says which columns there are.
  return Promise.all((wanted.length > 0 ? wanted : names.slice(-1)).map(read));
}

/** The rows of a partitioned table in one piece: see `readPartitions`. */
export const readPartitioned = async (...table: Parameters<typeof readPartitions>): Promise<Table> =>
  concatenated(await readPartitions(...table));

function concatenated(parts: readonly Table[]): Table {
  if (parts.length === 1) return parts[0];
  return Object.fromEntries(
    Object.keys(parts[0]).map((name) => {
      const first = parts[0][name];
      if (!ArrayBuffer.isView(first))
        return [name, ([] as unknown[]).concat(...parts.map((part) => part[name] as unknown[]))];
      const rows = parts.reduce((sum, part) => sum + part[name].length, 0);
      const joined = new (first.constructor as new (length: number) => Float64Array)(rows);
      let offset = 0;
      for (const part of parts) {
        joined.set(part[name] as Float64Array, offset);
        offset += part[name].length;
      }
      return [name, joined];
    }),
  );
}

/** Which partitions of a table two artifacts have in common, and which not, by year. */
export function comparePartitions(table: string, a: Manifest, b: Manifest): { same: string[]; changed: string[] } {
  const hashes = ({ files }: Manifest) =>
    new Map(
      Object.entries(files).flatMap(([name, { sha256 }]): [string, string][] => {
        const year = partitionYear(table, name);
        return year === null ? [] : [[year, sha256]];
      }),
    );
  const [first, second] = [hashes(a), hashes(b)];
  const years = [...new Set([...first.keys(), ...second.keys()])].sort();
  const isSame = (year: string): boolean => first.get(year) === second.get(year);
  return { same: years.filter(isSame), changed: years.filter((year) => !isSame(year)) };
}

/**
 * Store an artifact with partitions: those that did not change are taken over from the artifact that the pointer names, and the pointer
 * moves to the new one, but not to one of an earlier day (`facts.asOf`, of features `facts.date`): what the next day is compared with is the newest. Of two writers at once
 * either may move it.
 */
export async function putPartitioned(
  store: ObjectStore,
  strategy: string,
  pointer: string,
  artifact: NewArtifact,
): Promise<ArtifactRef> {
  const last = await getPointer<ArtifactRef>(store, strategy, pointer);
  const ref = await putArtifact(store, strategy, { ...artifact, sharing: last?.value });
  if (last?.value.hash === ref.hash || (await isLater(store, strategy, last?.value, artifact))) return ref;
  try {
    await movePointer(store, strategy, pointer, ref, last?.etag ?? null);
  } catch (error) {
    if (!(error instanceof ProductError && error.code === 'OBJECT_PRECONDITION')) throw error;
  }
  return ref;
}

/** Whether an artifact that is there and whole is of a later day than a new one. */
async function isLater(
  store: ObjectStore,
  strategy: string,
  ref: ArtifactRef | undefined,
  { facts }: NewArtifact,
): Promise<boolean> {
  const day = dayOf(facts);
  if (!ref || day === null) return false;
  const key = `${artifactPrefix(strategy, ref)}/manifest.json`;
  if (!(await store.exists(key))) return false;
  const held = dayOf((await getManifest(store, strategy, ref)).facts);
  return held !== null && held > day;
}

const dayOf = (facts: NewArtifact['facts']): string | null => {
  const day = facts?.asOf ?? facts?.date;
  return typeof day === 'string' ? day : null;
};
