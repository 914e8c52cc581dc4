import { createHash } from 'node:crypto';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { badInput } from '../../domain/errors.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import { writeWhole } from './job-folder.ts';
import type { LearnerCheckpoint } from './learner.ts';

/** What a checkpoint belongs to. A run goes on from it only where all of this is the same. */
export interface CheckpointOwner {
  /** SHA-256 of job.json. */
  readonly jobHash: string;
  readonly algorithm: string;
  /** Names and shapes of the network's parameters. */
  readonly network: string;
  /** Names of the feature columns. */
  readonly features: string;
}

const MAGIC = 'DRLCKPT2';
const KINDS = { Float64Array, Float32Array, Int32Array, Uint8Array } as const;
type Kind = keyof typeof KINDS;
const latestOf = (folder: string): string => join(folder, 'checkpoints', 'latest.ckpt');
const previousOf = (folder: string): string => join(folder, 'checkpoints', 'previous.ckpt');

/**
 * Keep the state of training, so that a run that was killed goes on to the same bits. Layout: magic, length of the header (uint32 little
 * endian), header (JSON), the arrays one after the other, SHA-256 of all before. The one before is kept beside it.
 */
export async function writeCheckpoint(
  folder: string,
  owner: CheckpointOwner,
  checkpoint: LearnerCheckpoint,
): Promise<void> {
  const { arrays, ...rest } = checkpoint;
  const layout = Object.entries(arrays).map(([name, values]) => ({
    name,
    kind: values.constructor.name,
    length: values.length,
  }));
  const header = Buffer.from(canonicalJson({ owner, layout, ...rest }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const body = Buffer.concat([
    Buffer.from(MAGIC),
    length,
    header,
    ...Object.values(arrays).map((values) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
  ]);
  const bytes = Buffer.concat([body, createHash('sha256').update(body).digest()]);
  await rename(latestOf(folder), previousOf(folder)).catch(() => undefined); // the first has none before it
  await writeWhole(latestOf(folder), bytes);
}

/**
 * The newest checkpoint that is whole; null when there is none. `onDamaged` is told of each that is not.
 * @throws CHECKPOINT_FOREIGN (bad input) when it belongs to another job, network or feature spec.
 */
export async function readCheckpoint(
  folder: string,
  owner: CheckpointOwner,
  onDamaged: (file: string) => void,
): Promise<LearnerCheckpoint | null> {
  for (const file of [latestOf(folder), previousOf(folder)]) {
    const bytes = await readFile(file).catch(() => null);
    if (bytes === null) continue;
    const found = decode(bytes);
    if (found === null) onDamaged(file);
    else {
      checkOwner(found.owner, owner);
      return found.checkpoint;
    }
  }
  return null;
}

function decode(bytes: Buffer): { owner: CheckpointOwner; checkpoint: LearnerCheckpoint } | null {
  const body = bytes.subarray(0, -32);
  if (bytes.length < MAGIC.length + 36 || body.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
  if (!createHash('sha256').update(body).digest().equals(bytes.subarray(-32))) return null;
  const start = MAGIC.length + 4;
  const end = start + body.readUInt32LE(MAGIC.length);
  const { owner, layout, ...rest } = JSON.parse(body.toString('utf8', start, end)) as {
    owner: CheckpointOwner;
    layout: { name: string; kind: Kind; length: number }[];
  } & Omit<LearnerCheckpoint, 'arrays'>;
  let at = end;
  const arrays: Record<string, LearnerCheckpoint['arrays'][string]> = {};
  for (const { name, kind, length } of layout) {
    const size = length * KINDS[kind].BYTES_PER_ELEMENT;
    arrays[name] = new KINDS[kind](Uint8Array.from(body.subarray(at, at + size)).buffer);
    at += size;
  }
  return { owner, checkpoint: { ...rest, arrays } };
}

function checkOwner(found: CheckpointOwner, wanted: CheckpointOwner): void {
  const fields = ['algorithm', 'network', 'features', 'jobHash'] as const;
  const field = fields.find((name) => found[name] !== wanted[name]);
  if (!field) return;
  throw badInput('CHECKPOINT_FOREIGN', 'The checkpoint in this folder belongs to another training run', {
    facts: { file: 'checkpoints/latest.ckpt', field, checkpoint: found[field], job: wanted[field] },
    remedy: 'Remove the folder checkpoints/ to start anew, or give this job a folder of its own.',
  });
}

/** A checkpoint is written after this many iterations, or this long after the last one, whichever comes first. */
const CHECKPOINT_EVERY = 16;
const CHECKPOINT_EVERY_MS = 30_000;

/** Writes checkpoints when they are due. */
export class Keeper {
  readonly #folder: string;
  readonly #owner: CheckpointOwner;
  #keptMs = performance.now();

  constructor(folder: string, owner: CheckpointOwner) {
    this.#folder = folder;
    this.#owner = owner;
  }

  last(onDamaged: (file: string) => void): Promise<LearnerCheckpoint | null> {
    return readCheckpoint(this.#folder, this.#owner, onDamaged);
  }

  async keepWhenDue(iteration: number, checkpoint: () => LearnerCheckpoint): Promise<void> {
    if (iteration % CHECKPOINT_EVERY === 0 || performance.now() - this.#keptMs >= CHECKPOINT_EVERY_MS)
      await this.keep(checkpoint());
  }

  async keep(checkpoint: LearnerCheckpoint): Promise<void> {
    await writeCheckpoint(this.#folder, this.#owner, checkpoint);
    this.#keptMs = performance.now();
  }
}
