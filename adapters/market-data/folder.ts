import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { badInput } from '../../domain/errors.ts';
import { HASH } from '../../domain/lineage/manifest.ts';
import { getArtifactFile, getManifest, type ObjectStore } from '../object-store/port.ts';
import type { MarketDataProvider, RawFile } from './port.ts';

/** Files that may hold tables. */
export const isDataFile = (name: string): boolean =>
  /\.(csv|csv\.gz|parquet|json)$/i.test(name) && !name.startsWith('.');

/** Every table in a folder on disk, by name. Of the folders in it only partitions are entered (`year=2020`, `bars/year=2020`). */
export function createFolderProvider(folder: string, origin: string): MarketDataProvider {
  return { fetch: () => readFolder(folder, origin) };
}

/** @throws ProductError FOLDER_MISSING (bad input). */
export async function readFolder(folder: string, origin: string): Promise<RawFile[]> {
  let names: string[];
  try {
    names = await tablesIn(folder);
  } catch (cause) {
    throw badInput('FOLDER_MISSING', 'The data folder cannot be read', {
      facts: { folder, problem: (cause as NodeJS.ErrnoException).code ?? String(cause) },
      remedy: 'Name a folder that holds .csv, .csv.gz or .parquet files.',
      cause,
    });
  }
  return Promise.all(
    names.sort().map(async (name) => ({
      name,
      bytes: new Uint8Array(await readFile(join(folder, name))),
      origin: `${origin}/${name}`,
    })),
  );
}

const isPartition = (entry: Dirent): boolean => entry.isDirectory() && entry.name.includes('=');

/** Names of tables, those of partitions with their path. */
async function tablesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isFile() && isDataFile(entry.name)) names.push(entry.name);
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
    const inside = join(folder, entry.name);
    const isTable = isPartition(entry) || (await readdir(inside, { withFileTypes: true })).some(isPartition);
    if (isTable) names.push(...(await tablesIn(inside)).map((name) => `${entry.name}/${name}`));
  }
  return names;
}

/** How a universe names an imported folder: the import's artifact, `<strategy>/raw/<hash>`. Its inputs are the files. */
export const importPath = (strategy: string, hash: string): string => `${strategy}/raw/${hash}`;

export function parseImportPath(path: string): { strategy: string; hash: string } | null {
  const [strategy, kind, hash, ...rest] = path.split('/');
  return kind === 'raw' && rest.length === 0 && HASH.safeParse(hash).success ? { strategy, hash } : null;
}

/** A user's folder as `drl data import` stored it: every file checked against its hash. */
export function createImportProvider(store: ObjectStore, strategy: string, hash: string): MarketDataProvider {
  return {
    async fetch() {
      const manifest = await getManifest(store, strategy, { kind: 'raw', hash });
      const files: RawFile[] = [];
      for (const [, ref] of Object.entries(manifest.inputs).sort(([a], [b]) => (a < b ? -1 : 1))) {
        const { files: stored, facts } = await getManifest(store, strategy, ref);
        for (const name of Object.keys(stored)) {
          const bytes = await getArtifactFile(store, strategy, ref, name);
          files.push({ name, bytes, origin: String(facts.origin) });
        }
      }
      return files;
    },
  };
}
