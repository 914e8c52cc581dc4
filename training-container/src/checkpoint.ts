import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, sha256 } from '../../domain/lineage/canonical.ts';
import { writeWhole } from './job-folder.ts';
import type { LearnerCheckpoint } from './learner.ts';

const fileOf = (folder: string): string => join(folder, 'checkpoints', 'latest.json');

const toText = (values: Float64Array): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
const fromText = (text: string): Float64Array => {
  const bytes = Buffer.from(text, 'base64');
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
};

/** Keep the state of training, so that a run that was killed goes on to the same bits. */
export async function writeCheckpoint(folder: string, jobHash: string, checkpoint: LearnerCheckpoint): Promise<void> {
  const arrays = Object.fromEntries(
    Object.entries(checkpoint.arrays).map(([name, values]) => [name, toText(values as Float64Array)]),
  );
  const body = { jobHash, ...checkpoint, arrays };
  const text = canonicalJson(body);
  await writeWhole(fileOf(folder), canonicalJson({ sha256: sha256(text), body: text }));
}

/** The last checkpoint of this very job; null when there is none, or it is damaged or of another job (training then starts anew). */
export async function readCheckpoint(folder: string, jobHash: string): Promise<LearnerCheckpoint | null> {
  const bytes = await readFile(fileOf(folder), 'utf8').catch(() => null);
  if (bytes === null) return null;
  try {
    const { sha256: hash, body } = JSON.parse(bytes) as { sha256: string; body: string };
    if (sha256(body) !== hash) return null;
    const found = JSON.parse(body);
    if (found.jobHash !== jobHash) return null;
    const { jobHash: _, ...rest } = found;
    const arrays = Object.fromEntries(
      Object.entries(rest.arrays as Record<string, string>).map(([name, text]) => [name, fromText(text)]),
    );
    return { ...rest, arrays };
  } catch {
    return null;
  }
}
