import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

/** Keeps what a trainer that was cut off has left, where it outlives this machine. */
export interface CheckpointKeeper {
  load(job: string): Promise<Record<string, Uint8Array>>;
  save(job: string, files: Record<string, Uint8Array>): Promise<void>;
}

export interface JobFolderOptions {
  /** Where folders of jobs lie; one that was cut off stays there. null: a new one each time, in the temporary folder. */
  readonly parent: string | null;
  readonly keeper: CheckpointKeeper | null;
}

export interface JobFolder {
  readonly path: string;
  /** The files of `output/`, by name. */
  output(): Promise<Record<string, Uint8Array>>;
  /** Remove it when its job is finished (or never can be); else keep what a later run of the same job goes on from. */
  close(finished: boolean): Promise<void>;
}

/** What a later run goes on from: snapshots of the policy are in `output` before the job is done. */
const KEPT = ['checkpoints', 'output'];

/** The folder of a job with its `input/`: that of an earlier run which was cut off, or a new one. */
export async function openJobFolder(
  id: string,
  files: Record<string, Uint8Array>,
  { parent, keeper }: JobFolderOptions,
): Promise<JobFolder> {
  // job.json names everything else by hash, so that a folder of this name can only hold this very job.
  const hash = createHash('sha256').update(files['job.json'] ?? '');
  const job = `${id.slice(0, 40).replaceAll(/[^a-zA-Z0-9-]/g, '_')}-${hash.digest('hex').slice(0, 16)}`;
  const path = parent === null ? await mkdtemp(join(tmpdir(), `drl-train-${job}-`)) : join(parent, job);
  await mkdir(join(path, 'input'), { recursive: true });
  await writeFiles(path, (await keeper?.load(job)) ?? {});
  await writeFiles(join(path, 'input'), files);
  return {
    path,
    output: () => filesUnder(join(path, 'output')),
    async close(finished) {
      if (!finished && keeper) {
        const left = await Promise.all(KEPT.map(async (name) => prefixed(name, await filesUnder(join(path, name)))));
        await keeper.save(job, Object.assign({}, ...left));
      }
      if (finished || parent === null) await rm(path, { recursive: true, force: true });
    },
  };
}

const prefixed = (folder: string, files: Record<string, Uint8Array>): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${folder}/${name}`, bytes]));

async function writeFiles(folder: string, files: Record<string, Uint8Array>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
}

/** Every file under a folder, by its path from there; none where there is no such folder. */
async function filesUnder(folder: string): Promise<Record<string, Uint8Array>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = async (path: string) =>
    [relative(folder, path).replaceAll('\\', '/'), new Uint8Array(await readFile(path))] as const;
  return Object.fromEntries(await Promise.all(paths.sort().map(read)));
}
