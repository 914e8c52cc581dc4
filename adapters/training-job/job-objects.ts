import type { ObjectStore } from '../object-store/port.ts';
import type { CheckpointKeeper } from './folder.ts';

/** Where a job's folder lies in the object store while its trainer runs somewhere else. Not an artifact: it may be deleted after. */
export const jobPrefix = (strategy: string, id: string): string =>
  `${strategy}/jobs/${id.replaceAll(/[^a-zA-Z0-9._-]/g, '_')}`;

/** The latest progress, overwritten as the trainer goes on. */
export const PROGRESS_OBJECT = 'progress.json';

/** Every object under a prefix, by the rest of its key. */
export async function readFiles(store: ObjectStore, prefix: string): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const key of await store.list(prefix)) {
    const found = await store.get(key);
    if (found) files[key.slice(prefix.length)] = found.bytes;
  }
  return files;
}

/** Checkpoints under `<strategy>/jobs/<job>/kept/`, for tasks whose disk goes with them. */
export const storeKeeper = (store: ObjectStore, strategy: string): CheckpointKeeper => ({
  load: (job) => readFiles(store, `${jobPrefix(strategy, job)}/kept/`),
  async save(job, files) {
    for (const [name, bytes] of Object.entries(files))
      await store.put(`${jobPrefix(strategy, job)}/kept/${name}`, bytes);
  },
});
