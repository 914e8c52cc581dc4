import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { artifactPrefix, getManifest, getPointer, putArtifact } from '../../adapters/object-store/port.ts';
import { writeTable } from '../../adapters/parquet/parquet.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import { type BarTable, barsUntil } from '../../domain/market/bar.ts';
import { barFiles, DATASET_FILES, DATASET_SCHEMA, loadBars, loadDataset, quarantineTable } from './dataset.ts';
import { comparePartitions, putPartitioned } from './partitions.ts';

let folder: string;
let store: FilesystemObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drl-partitions-'));
  store = new FilesystemObjectStore(folder);
});
afterEach(() => rm(folder, { recursive: true }));

const DAYS = ['2021-12-30', '2021-12-31', '2022-01-03', '2022-12-30', '2023-01-03', '2023-01-04'];
const bars: BarTable = tableOf(DAYS, ['AAA', 'BBB']);

function tableOf(days: readonly string[], symbols: readonly string[]): BarTable {
  const rows = days.flatMap((date) => symbols.map((symbol) => ({ date, symbol })));
  const column = (start: number) => Float64Array.from(rows, (_, i) => start + i / 7);
  return {
    symbol: rows.map(({ symbol }) => symbol),
    date: rows.map(({ date }) => date),
    open: column(10),
    high: column(12),
    low: column(9),
    close: column(11),
    volume: column(1000),
  };
}

const datasetOf = (rows: BarTable, files: Record<string, Uint8Array> = barFiles(rows), facts = {}) => ({
  kind: 'datasets' as const,
  files: {
    ...files,
    [DATASET_FILES.quarantine]: quarantineTable([]),
    [DATASET_FILES.instruments]: new TextEncoder().encode(canonicalJson([])),
  },
  facts: {
    schemaVersion: DATASET_SCHEMA,
    universe: 'u',
    asOf: rows.date.at(-1),
    calendar: 'data',
    interval: '1d',
    numeraire: 'USD',
    licence: 'none',
    redistribution: true,
    sourceLine: 'test',
    rows: rows.date.length,
    symbols: 2,
    quarantined: 0,
    firstDate: rows.date[0],
    ...facts,
  },
});
const put = (rows: BarTable) => putPartitioned(store, 'main', 'datasets/u', datasetOf(rows));

describe('a table by years', () => {
  test('is one file a year and comes back as it went in', async () => {
    const ref = await put(bars);
    expect(Object.keys(barFiles(bars))).toEqual(['2021', '2022', '2023'].map((y) => `bars/year=${y}/part.parquet`));
    expect(await loadBars(store, 'main', ref)).toEqual(bars);
  });

  test('of days before 1970 comes back as it went in: they are negative in the file', async () => {
    const old = tableOf(['1899-12-30', '1900-02-28', '1900-03-01', '1969-12-31', '1970-01-01'], ['AAA', 'BBB']);
    const ref = await put(old);
    const { files } = await getManifest(store, 'main', ref);
    const years = Object.keys(files).filter((name) => name.startsWith('bars/'));
    expect(years).toEqual(['1899', '1900', '1969', '1970'].map((year) => `bars/year=${year}/part.parquet`));
    expect(await loadBars(store, 'main', ref)).toEqual(old);
    const some = await loadBars(store, 'main', ref, { from: '1900-01-01', to: '1969-12-31' });
    expect(some.date).toEqual(old.date.slice(2, 8));
  });

  test('a new day rewrites one partition, the others are the same files, and the result is a full rebuild to the byte', async () => {
    const before = await put(barsUntil(bars, '2023-01-03'));
    const after = await put(bars);
    const manifests = await Promise.all([before, after].map((ref) => getManifest(store, 'main', ref)));
    expect(comparePartitions('bars', manifests[0], manifests[1])).toEqual({
      same: ['2021', '2022'],
      changed: ['2023'],
    });
    const inode = async (ref: typeof before, year: string) =>
      (await stat(join(folder, artifactPrefix('main', ref), `bars/year=${year}/part.parquet`))).ino;
    expect(await inode(after, '2021')).toBe(await inode(before, '2021'));
    expect(await inode(after, '2023')).not.toBe(await inode(before, '2023'));
    const rebuilt = new FilesystemObjectStore(join(folder, 'other'));
    expect(await putArtifact(rebuilt, 'main', datasetOf(bars))).toEqual(after);
    for (const name of Object.keys(manifests[1].files)) {
      const key = `${artifactPrefix('main', after)}/${name}`;
      expect((await rebuilt.get(key))?.bytes).toEqual((await store.get(key))?.bytes);
    }
  });

  test('the pointer stays at the newest day when an earlier one is stored after it, whichever fact has the day', async () => {
    const kinds = [
      ['datasets', 'asOf'],
      ['features', 'date'],
    ] as const;
    for (const [kind, day] of kinds) {
      const of = (date: string) =>
        putPartitioned(store, 'main', `${kind}/days`, { kind, files: {}, facts: { [day]: date } });
      const newest = await of('2023-01-04');
      await of('2023-01-03');
      expect((await getPointer(store, 'main', `${kind}/days`))?.value).toEqual(newest);
    }
  });

  test('a damaged partition of the day before is not taken over', async () => {
    const before = await put(barsUntil(bars, '2023-01-03'));
    await store.put(`${artifactPrefix('main', before)}/bars/year=2021/part.parquet`, Uint8Array.of(1));
    expect(await loadBars(store, 'main', await put(bars))).toEqual(bars);
  });

  test('two loads at once end in the same dataset', async () => {
    const refs = await Promise.all(Array.from({ length: 8 }, () => put(bars)));
    expect(new Set(refs.map(({ hash }) => hash)).size).toBe(1);
    expect((await getPointer(store, 'main', 'datasets/u'))?.value).toEqual(refs[0]);
    expect(await loadBars(store, 'main', refs[0])).toEqual(bars);
  });

  test('a range reads only the years that it touches', async () => {
    const ref = await put(bars);
    await store.put(`${artifactPrefix('main', ref)}/bars/year=2021/part.parquet`, Uint8Array.of(1));
    const { date } = await loadBars(store, 'main', ref, { from: '2022-12-31', to: '2099-01-01' });
    expect(date).toEqual(bars.date.filter((day) => day > '2022'));
    expect((await loadBars(store, 'main', ref, { from: '1990-01-01', to: '1991-01-01' })).date.length).toBe(4);
    await expect(loadBars(store, 'main', ref)).rejects.toMatchObject({ code: 'OBJECT_HASH_MISMATCH' });
  });

  test('a dataset of one file, from before the partitions, can be read', async () => {
    const text = (data: readonly string[]) => ({ type: 'STRING' as const, data });
    const number = (data: Float64Array) => ({ type: 'DOUBLE' as const, data });
    const { symbol, date, ...prices } = bars;
    const columns = Object.entries(prices).map(([name, data]) => [name, number(data)]);
    const file = writeTable({ symbol: text(symbol), date: text(date), ...Object.fromEntries(columns) });
    const old = datasetOf(bars, { 'bars.parquet': file }, { schemaVersion: undefined });
    const ref = await putArtifact(store, 'main', { ...old, facts: JSON.parse(JSON.stringify(old.facts)) });
    expect(await loadBars(store, 'main', ref)).toEqual(bars);
  });

  test('a dataset of a newer layout is refused with what to do', async () => {
    const ref = await putArtifact(store, 'main', datasetOf(bars, undefined, { schemaVersion: DATASET_SCHEMA + 1 }));
    await expect(loadDataset(store, 'main', ref)).rejects.toMatchObject({
      code: 'DATASET_NEWER_SCHEMA',
      kind: 'refused',
      remedy: expect.stringContaining('Update'),
    });
    await expect(loadBars(store, 'main', ref)).rejects.toMatchObject({ code: 'DATASET_NEWER_SCHEMA' });
    const without = await putArtifact(store, 'main', datasetOf(bars, {}));
    await expect(loadDataset(store, 'main', without)).rejects.toMatchObject({ code: 'ARTIFACT_FILE_MISSING' });
  });
});
