import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createEquitySimProvider } from '../../adapters/market-data/equity-sim.ts';
import type { RawFile } from '../../adapters/market-data/port.ts';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { getManifest } from '../../adapters/object-store/port.ts';
import { readTable, type TableColumns, writeTable } from '../../adapters/parquet/parquet.ts';
import { loadSettings } from '../../config/load.ts';
import { type Settings, universeSchema } from '../../config/schema.ts';
import { ingestStage } from './ingest.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const profile = loadSettings({ root }).profile;
const options = { seed: 5, assets: 3, sessions: 140, start: '2020-01-02' };
const base = JSON.parse(readFileSync(join(root, 'config/universes/equity-sim.json'), 'utf8')) as object;
const universe = universeSchema.parse({ ...base, provider: { kind: 'equity-sim', ...options } });

type Table = Record<string, string[] | Float64Array>;
const tables = async (files: readonly RawFile[]) =>
  Object.fromEntries(
    await Promise.all(
      files
        .filter(({ name }) => name.endsWith('.parquet'))
        .map(async ({ name, bytes }) => [name, (await readTable(bytes)) as Table]),
    ),
  ) as Record<string, Table>;
const bytesOf = (table: Table): Uint8Array =>
  writeTable(
    Object.fromEntries(
      Object.entries(table).map(([name, data]) => [name, { type: Array.isArray(data) ? 'STRING' : 'DOUBLE', data }]),
    ) as TableColumns,
  );

test('whatever is changed that was known after a day, the dataset of that day has the same bytes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'drl-known-'));
  const files = await createEquitySimProvider(options).fetch('');
  const parsed = await tables(files);
  let run = 0;
  /** Files of the day's dataset with their hashes. The raw files differ of course: they are its inputs. */
  const filesOf = async (date: string, given: readonly RawFile[]) => {
    const store = new FilesystemObjectStore(join(folder, String(run++)));
    const output = await ingestStage.run(
      { strategy: 'main', universe: universe.id, date, profile: 'quick' },
      { settings: { universe, profile } as Settings, store, marketData: { fetch: async () => [...given] } },
    );
    const { files: stored, facts } = await getManifest(store, 'main', output.dataset!);
    return { stored, facts };
  };
  const originals = new Map<string, ReturnType<typeof filesOf>>();
  const sessions = [...new Set(parsed['bars.parquet'].date as string[])];
  const pick = fc.record({
    t: fc.constantFrom(105, 120),
    file: fc.constantFrom('bars.parquet', 'fundamentals.parquet', 'macro.parquet'),
    factor: fc.double({ min: 0.9, max: 1.1, noNaN: true }),
    which: fc.nat(),
  });
  try {
    await fc.assert(
      fc.asyncProperty(pick, async ({ t, file, factor, which }) => {
        const date = sessions[t];
        const table = parsed[file];
        const known = (table.knownDate ?? table.date) as string[];
        const later = [...known.keys()].filter((row) => known[row] > date);
        const row = later[which % later.length];
        const changed: Table = { ...table };
        // A bar keeps its shape: all of its prices move together.
        for (const name of file === 'bars.parquet' ? ['open', 'high', 'low', 'close'] : ['value']) {
          const column = Float64Array.from(table[name] as Float64Array);
          column[row] *= factor;
          changed[name] = column;
        }
        const given = files.map((each) => (each.name === file ? { ...each, bytes: bytesOf(changed) } : each));
        const told = originals.get(date) ?? filesOf(date, files);
        originals.set(date, told);
        const original = await told;
        expect(await filesOf(date, given)).toEqual(original);
        // The test can fail: what is known on the day itself is in it.
        const early = known.indexOf(known.find((day) => day <= date) as string);
        const column = Float64Array.from(
          table[file === 'bars.parquet' ? 'volume' : 'value'] as Float64Array,
          (value, i) => (i === early ? value + 1 : value),
        );
        const before = { ...table, [file === 'bars.parquet' ? 'volume' : 'value']: column };
        const other = files.map((each) => (each.name === file ? { ...each, bytes: bytesOf(before) } : each));
        expect((await filesOf(date, other)).stored).not.toEqual(original.stored);
      }),
      { numRuns: 3 },
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
