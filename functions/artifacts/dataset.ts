import { z } from 'zod';
import { getArtifactFile, getArtifactJson, getManifest, type ObjectStore } from '../../adapters/object-store/port.ts';
import { readTable, type Table, type TableColumns, writeTable } from '../../adapters/parquet/parquet.ts';
import { refused } from '../../domain/errors.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import type { BarTable } from '../../domain/market/bar.ts';
import { BAR_SCHEMA, BARS_TABLE } from '../../domain/market/bar-schema.ts';
import { buildPanel } from '../../domain/market/build-panel.ts';
import { type Instrument, instrumentSchema } from '../../domain/market/instrument.ts';
import type { MarketPanel } from '../../domain/market/panel.ts';
import type { PointInTimeTable } from '../../domain/market/point-in-time.ts';
import type { QuarantinedRow } from '../../domain/market/quarantine.ts';
import { type DateRange, partitionFiles, readPartitioned, readPartitions } from './partitions.ts';
import { readPointInTime } from './point-in-time.ts';

/** Files of a dataset artifact beside its bars. Fundamentals and macro are there only when the source has them. */
export const DATASET_FILES = {
  instruments: 'instruments.json',
  quarantine: 'quarantine.parquet',
  fundamentals: 'fundamentals.parquet',
  macro: 'macro.parquet',
  /** Bars shorter than a day, of which the days were made, with their interval. */
  intraday: 'intraday.parquet',
  /** Values of past days that the source states otherwise than it did: both, and since when. */
  revisions: 'revisions.parquet',
} as const;

/** What this program writes, and the newest that it can read. */
export const DATASET_SCHEMA = 2;

const datasetFactsSchema = z.object({
  /** Layout of the files; absent: 1. */
  schemaVersion: z.number().int().positive().optional(),
  universe: z.string(),
  /** Everything in the dataset was known at the close of this session. */
  asOf: z.iso.date(),
  calendar: z.enum(['TARGET', 'XNYS', '24x7', 'data']),
  interval: z.literal('1d'),
  numeraire: z.string(),
  licence: z.string(),
  redistribution: z.boolean(),
  sourceLine: z.string(),
  rows: z.number().int(),
  symbols: z.number().int(),
  quarantined: z.number().int(),
  firstDate: z.iso.date(),
  /** Values of past days that the source had changed since the dataset before (`inputs.previous`); absent: none, ever. */
  revisions: z.number().int().optional(),
  /** Rows that are in because somebody vouched for them (input `releases`). */
  released: z.number().int().positive().optional(),
});
export type DatasetFacts = z.infer<typeof datasetFactsSchema>;

export interface Dataset {
  panel: MarketPanel;
  instruments: Instrument[];
  facts: DatasetFacts;
  /** Quarterly figures of companies; null when the universe has none. */
  fundamentals: PointInTimeTable | null;
  /** Series of economies and currencies; null when the universe has none. */
  macro: PointInTimeTable | null;
}

/** The instruments of a dataset alone. */
export const loadInstruments = async (store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<Instrument[]> =>
  z.array(instrumentSchema).parse(await getArtifactJson<unknown>(store, strategy, ref, DATASET_FILES.instruments));

/**
 * A dataset, every file checked against its hash, and the panel built from it.
 *
 * @throws ProductError OBJECT_MISSING, OBJECT_HASH_MISMATCH, ARTIFACT_FILE_MISSING, DATASET_KIND, DATASET_NEWER_SCHEMA (refused).
 */
export async function loadDataset(store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<Dataset> {
  if (ref.kind !== 'datasets') {
    throw refused('DATASET_KIND', 'The artifact is not a dataset', { facts: { kind: ref.kind, hash: ref.hash } });
  }
  const manifest = await getManifest(store, strategy, ref);
  const facts = datasetFacts(ref, manifest.facts);
  const bars = (await readPartitions(store, strategy, ref, BARS_TABLE, undefined, manifest)).map(barsOf);
  const instruments = await loadInstruments(store, strategy, ref);
  const pointInTime = async (name: string): Promise<PointInTimeTable | null> =>
    name in manifest.files ? readPointInTime(await getArtifactFile(store, strategy, ref, name, manifest)) : null;
  const fundamentals = await pointInTime(DATASET_FILES.fundamentals);
  const macro = await pointInTime(DATASET_FILES.macro);
  return { panel: buildPanel(bars, instruments, facts.asOf), instruments, facts, fundamentals, macro };
}

/** Bars of past days that a dataset has, and the source did not have at the close of `since`. */
export async function loadLateBars(
  store: ObjectStore,
  strategy: string,
  ref: ArtifactRef,
  since: string,
): Promise<{ symbol: string; date: string }[]> {
  const manifest = await getManifest(store, strategy, ref);
  if (!(DATASET_FILES.revisions in manifest.files)) return [];
  const table = await readTable(await getArtifactFile(store, strategy, ref, DATASET_FILES.revisions, manifest));
  const { knownDate, symbol, date, field, before } = table as Record<string, string[]>;
  return [...knownDate.keys()]
    .filter((row) => knownDate[row] > since && date[row] <= since && field[row] === 'bar' && Number.isNaN(+before[row]))
    .map((row) => ({ symbol: symbol[row], date: date[row] }));
}

/** The rows that were set aside when the dataset was made. */
export async function loadQuarantine(
  store: ObjectStore,
  strategy: string,
  ref: ArtifactRef,
): Promise<QuarantinedRow[]> {
  const table = await readTable(await getArtifactFile(store, strategy, ref, DATASET_FILES.quarantine));
  return Array.from(
    table.reason,
    (_, i) => Object.fromEntries(Object.keys(table).map((name) => [name, table[name][i]])) as unknown as QuarantinedRow,
  );
}

/** The facts of a dataset's manifest. @throws ProductError DATASET_NEWER_SCHEMA (refused): a newer version wrote them. */
export function datasetFacts(ref: ArtifactRef, facts: Readonly<Record<string, unknown>>): DatasetFacts {
  const { schemaVersion } = facts;
  if (typeof schemaVersion === 'number' && schemaVersion > DATASET_SCHEMA) {
    throw refused('DATASET_NEWER_SCHEMA', 'A newer version of this program wrote the dataset', {
      facts: { hash: ref.hash, schemaVersion, understood: DATASET_SCHEMA },
      remedy: 'Update this program (git pull, npm ci), or use a home of its own.',
    });
  }
  return datasetFactsSchema.parse(facts);
}

/** The bars of a dataset; with a range, those of the years that it touches. @throws ProductError DATASET_NEWER_SCHEMA (refused). */
export async function loadBars(
  store: ObjectStore,
  strategy: string,
  ref: ArtifactRef,
  range?: DateRange,
): Promise<BarTable> {
  const manifest = await getManifest(store, strategy, ref);
  datasetFacts(ref, manifest.facts);
  return barsOf(await readPartitioned(store, strategy, ref, BARS_TABLE, range, manifest));
}

/** The files of a table of bars, by path in the dataset. */
export function barFiles(bars: BarTable): Record<string, Uint8Array> {
  const columns: TableColumns = {};
  for (const [name, type] of Object.entries(BAR_SCHEMA)) {
    const data = bars[name as keyof BarTable];
    if (data) columns[name] = { type, data };
  }
  return partitionFiles(BARS_TABLE, columns);
}

function barsOf(table: Table): BarTable {
  const bars: BarTable = {
    symbol: table.symbol as string[],
    date: table.date as string[],
    open: table.open as Float64Array,
    high: table.high as Float64Array,
    low: table.low as Float64Array,
    close: table.close as Float64Array,
    volume: table.volume as Float64Array,
  };
  if (table.dividend && table.split) {
    bars.dividend = table.dividend as Float64Array;
    bars.split = table.split as Float64Array;
  }
  return bars;
}

/** Rows that were set aside, as Parquet; may have no row. */
export function quarantineTable(rows: readonly QuarantinedRow[]): Uint8Array {
  const text = (name: Exclude<keyof QuarantinedRow, 'line'>) => ({
    type: 'STRING' as const,
    data: rows.map((row) => row[name]),
  });
  return writeTable({
    reason: text('reason'),
    file: text('file'),
    line: { type: 'INT32', data: Int32Array.from(rows, (row) => row.line) },
    symbol: text('symbol'),
    date: text('date'),
    field: text('field'),
    value: text('value'),
  });
}
