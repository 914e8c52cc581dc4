import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { badInput } from '../../domain/errors.ts';
import type { MarketDataProvider, RawFile } from './port.ts';

/** The ECB history file that comes with the product. Paths are relative to `root`, the folder of the project or bundle. */
export function createEcbFileProvider(options: { root: string; path: string; reference: string }): MarketDataProvider {
  return {
    fetch: () => Promise.all([options.path, options.reference].map((path) => readProjectFile(options.root, path))),
  };
}

/** @throws ProductError DATA_FILE_MISSING (bad input). */
export async function readProjectFile(root: string, path: string): Promise<RawFile> {
  try {
    return { name: basename(path), bytes: new Uint8Array(await readFile(join(root, path))), origin: path };
  } catch (cause) {
    throw badInput('DATA_FILE_MISSING', 'A data file cannot be read', {
      facts: { path, problem: (cause as NodeJS.ErrnoException).code ?? String(cause) },
      remedy:
        'The path in the universe configuration is relative to the project folder. Restore the file, or correct the path.',
      cause,
    });
  }
}
