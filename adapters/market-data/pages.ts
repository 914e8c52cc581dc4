import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../domain/lineage/canonical.ts';

/** Pages of a fetch that is not finished: one that is killed goes on where it was. */
export interface PageStore {
  /** The page as it was written, or null when there is none, or not the one that was written. */
  read(key: string): Promise<Uint8Array | null>;
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** The fetch is finished. */
  clear(): Promise<void>;
}

/** Pages as files, each under the hash of its key and led by the hash of its bytes. A page is there whole or not at all. */
export function folderPages(folder: string): PageStore {
  const pathOf = (key: string): string => join(folder, sha256(new TextEncoder().encode(key)));
  return {
    async read(key) {
      const stored = await readFile(pathOf(key)).catch(() => null);
      if (stored === null) return null;
      const bytes = new Uint8Array(stored.subarray(64));
      return stored.subarray(0, 64).toString('latin1') === sha256(bytes) ? bytes : null;
    },
    async write(key, bytes) {
      await mkdir(folder, { recursive: true });
      const path = pathOf(key);
      await writeFile(`${path}.tmp`, Buffer.concat([Buffer.from(sha256(bytes), 'latin1'), bytes]));
      await rename(`${path}.tmp`, path);
    },
    clear: () => rm(folder, { recursive: true, force: true }),
  };
}
