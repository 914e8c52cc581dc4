import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, posix, sep } from 'node:path';
import { assertObjectKey, type ObjectStore, type PutCondition, preconditionFailed } from './port.ts';

const etagOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** Of the name of a file that is being written. */
export const TEMPORARY_PREFIX = '.tmp-';

/** Objects as files under `root`. Writes are atomic (temporary file, then rename or exclusive link). */
export class FilesystemObjectStore implements ObjectStore {
  readonly root: string;
  /** Compare-and-set on one key is serialised inside the process; one process owns a home. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(root: string) {
    this.root = root;
  }

  async put(key: string, bytes: Uint8Array, condition: PutCondition = {}): Promise<{ etag: string }> {
    const path = this.#path(key);
    const run = async () => {
      if (condition.ifMatch !== undefined && (await this.get(key))?.etag !== condition.ifMatch)
        throw preconditionFailed(key);
      await mkdir(dirname(path), { recursive: true });
      const temporary = join(dirname(path), `${TEMPORARY_PREFIX}${randomUUID()}`);
      try {
        await writeFile(temporary, bytes);
        if (condition.ifNoneMatch) await link(temporary, path);
        else await rename(temporary, path);
      } catch (error) {
        if (codeOf(error) === 'EEXIST') throw preconditionFailed(key);
        throw error;
      } finally {
        await rm(temporary, { force: true });
      }
      return { etag: etagOf(bytes) };
    };
    const previous = this.#queues.get(key) ?? Promise.resolve();
    const next = previous.catch(() => undefined).then(run);
    this.#queues.set(key, next);
    try {
      return await next;
    } finally {
      if (this.#queues.get(key) === next) this.#queues.delete(key);
    }
  }

  async get(key: string): Promise<{ bytes: Uint8Array; etag: string } | null> {
    try {
      const bytes = new Uint8Array(await readFile(this.#path(key)));
      return { bytes, etag: etagOf(bytes) };
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR' || codeOf(error) === 'EISDIR') return null;
      throw error;
    }
  }

  async exists(key: string): Promise<boolean> {
    return stat(this.#path(key)).then(
      (s) => s.isFile(),
      () => false,
    );
  }

  async copy(from: string, to: string, sha256: string): Promise<boolean> {
    if ((await this.get(from))?.etag !== sha256) return false;
    const path = this.#path(to);
    await mkdir(dirname(path), { recursive: true });
    const temporary = join(dirname(path), `${TEMPORARY_PREFIX}${randomUUID()}`);
    try {
      await link(this.#path(from), temporary);
      await rename(temporary, path);
      return true;
    } catch {
      return false; // gone meanwhile, or a file system without hard links
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async list(prefix: string): Promise<string[]> {
    const folder = prefix.endsWith('/') ? prefix.slice(0, -1) : posix.dirname(prefix);
    const base = folder === '.' ? this.root : this.#path(folder);
    const entries = await readdir(base, { recursive: true, withFileTypes: true }).catch((error) => {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    });
    return entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith(TEMPORARY_PREFIX))
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(this.root.length + 1)
          .split(sep)
          .join('/'),
      )
      .filter((key) => key.startsWith(prefix))
      .sort();
  }

  #path(key: string): string {
    assertObjectKey(key);
    return join(this.root, ...key.split('/'));
  }
}
