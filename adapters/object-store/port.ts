import { posix } from 'node:path';
import { badInput, ProductError, refused } from '../../domain/errors.ts';
import { canonicalJson, sha256 } from '../../domain/lineage/canonical.ts';
import { type ArtifactKind, type ArtifactRef, type Manifest, manifestSchema } from '../../domain/lineage/manifest.ts';

export interface PutCondition {
  /** Create only: fails with `OBJECT_PRECONDITION` when the key exists. */
  ifNoneMatch?: '*';
  /** Replace only the object with this etag. */
  ifMatch?: string;
}

/** Bytes by key. Keys are `/`-separated, relative, and start with the strategy id. Etags are opaque. */
export interface ObjectStore {
  /** Atomic: a reader sees the old bytes or the new, never a part. Returns the new etag. */
  put(key: string, bytes: Uint8Array, condition?: PutCondition): Promise<{ etag: string }>;
  /** `null` when there is no such key. */
  get(key: string): Promise<{ bytes: Uint8Array; etag: string } | null>;
  exists(key: string): Promise<boolean>;
  /**
   * Another name for the bytes of a key, without moving them: one file with two names on one machine, a copy inside the bucket on S3.
   * False, and nothing written, when `from` is missing, or where that costs nothing to see, has other bytes than `sha256`.
   */
  copy(from: string, to: string, sha256: string): Promise<boolean>;
  /** Keys that start with the prefix, sorted by code unit. */
  list(prefix: string): Promise<string[]>;
}

/** Refuse a key that is not a plain relative path (`..`, a leading `/`, empty parts): it would mean different things to different stores. */
export function assertObjectKey(key: string): void {
  const normal = posix.normalize(key);
  if (key === '' || normal !== key || normal.startsWith('/') || normal.startsWith('.') || normal.endsWith('/')) {
    throw badInput('OBJECT_KEY', 'An object key must be a plain relative path', {
      facts: { key },
      remedy: 'Use parts joined by "/", without "." and "..".',
    });
  }
}

export const preconditionFailed = (key: string): ProductError =>
  refused('OBJECT_PRECONDITION', 'The object was written by someone else', { facts: { key } });

const isPreconditionFailed = (error: unknown): boolean =>
  error instanceof ProductError && error.code === 'OBJECT_PRECONDITION';

export const artifactPrefix = (strategy: string, ref: ArtifactRef): string => `${strategy}/${ref.kind}/${ref.hash}`;

export interface NewArtifact {
  kind: ArtifactKind;
  files: Record<string, Uint8Array>;
  inputs?: Record<string, ArtifactRef>;
  facts?: Record<string, unknown>;
  /** An earlier artifact: files that it has with the same bytes are taken over from it instead of being written again. */
  sharing?: ArtifactRef | null;
}

/**
 * Write a content-addressed folder: files first, `manifest.json` last, so that a folder with a manifest is whole.
 * Writing the same content again writes nothing.
 */
export async function putArtifact(store: ObjectStore, strategy: string, artifact: NewArtifact): Promise<ArtifactRef> {
  const names = Object.keys(artifact.files).sort();
  const files = Object.fromEntries(
    names.map((name) => [name, { sha256: sha256(artifact.files[name]), bytes: artifact.files[name].byteLength }]),
  );
  const manifest: Manifest = {
    schema: 1,
    kind: artifact.kind,
    strategy,
    files,
    inputs: artifact.inputs ?? {},
    facts: artifact.facts ?? {},
  };
  const text = canonicalJson(manifestSchema.parse(manifest));
  const ref: ArtifactRef = { kind: artifact.kind, hash: sha256(text) };
  const prefix = artifactPrefix(strategy, ref);
  if (await store.exists(`${prefix}/manifest.json`)) return ref;
  const earlier = artifact.sharing ? await earlierFiles(store, strategy, artifact.sharing) : new Map<string, string>();
  for (const name of names) {
    const { sha256: hash } = files[name];
    const from = earlier.get(hash);
    if (from && (await store.copy(from, `${prefix}/${name}`, hash))) continue;
    await store.put(`${prefix}/${name}`, artifact.files[name]);
  }
  try {
    await store.put(`${prefix}/manifest.json`, new TextEncoder().encode(text), { ifNoneMatch: '*' });
  } catch (error) {
    if (!isPreconditionFailed(error)) throw error; // another writer of the same bytes came first
  }
  return ref;
}

/** Hash of a file -> its key. An earlier artifact that is gone or damaged shares nothing: the bytes are at hand. */
async function earlierFiles(store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<Map<string, string>> {
  const manifest = await getManifest(store, strategy, ref).catch((error: unknown) => {
    if (error instanceof ProductError) return null;
    throw error;
  });
  const prefix = artifactPrefix(strategy, ref);
  return new Map(Object.entries(manifest?.files ?? {}).map(([name, entry]) => [entry.sha256, `${prefix}/${name}`]));
}

/** The manifest, its hash checked. */
export async function getManifest(store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<Manifest> {
  const key = `${artifactPrefix(strategy, ref)}/manifest.json`;
  const bytes = await mustGet(store, key);
  checkHash(key, bytes, ref.hash);
  const manifest = JSON.parse(new TextDecoder().decode(bytes)) as { schema?: unknown };
  if (typeof manifest.schema === 'number' && manifest.schema > 1) {
    throw refused('ARTIFACT_NEWER_SCHEMA', 'A newer version of this program wrote the artifact', {
      facts: { key, schema: manifest.schema, understood: 1 },
      remedy: 'Update this program (git pull, npm ci), or use a home of its own.',
    });
  }
  return manifestSchema.parse(manifest);
}

/** One file of an artifact, its hash checked against the manifest (itself checked; `known`: it was read before). */
export async function getArtifactFile(
  store: ObjectStore,
  strategy: string,
  ref: ArtifactRef,
  name: string,
  known?: Manifest,
): Promise<Uint8Array> {
  const manifest = known ?? (await getManifest(store, strategy, ref));
  const entry = manifest.files[name];
  if (!entry) {
    throw refused('ARTIFACT_FILE_MISSING', 'The artifact has no such file', {
      facts: { kind: ref.kind, hash: ref.hash, name, has: Object.keys(manifest.files) },
    });
  }
  const key = `${artifactPrefix(strategy, ref)}/${name}`;
  const bytes = await mustGet(store, key);
  checkHash(key, bytes, entry.sha256);
  return bytes;
}

export async function getArtifactJson<T>(
  store: ObjectStore,
  strategy: string,
  ref: ArtifactRef,
  name: string,
): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await getArtifactFile(store, strategy, ref, name))) as T;
}

/**
 * A pointer: the only mutable object, moved by conditional write. Value is JSON.
 *
 * @throws ProductError POINTER_UNREADABLE (refused) for one that is no JSON: no hash says what it was.
 */
export async function getPointer<T>(
  store: ObjectStore,
  strategy: string,
  name: string,
): Promise<{ value: T; etag: string } | null> {
  const key = `${strategy}/pointers/${name}.json`;
  const found = await store.get(key);
  if (!found) return null;
  try {
    return { value: JSON.parse(new TextDecoder().decode(found.bytes)) as T, etag: found.etag };
  } catch (cause) {
    throw refused('POINTER_UNREADABLE', 'A pointer of the store cannot be read', {
      facts: { key, bytes: found.bytes.byteLength, problem: (cause as Error).message },
      remedy: 'Restore the object from a copy. One below pointers/memo may be removed: its stage runs again.',
      cause,
    });
  }
}

/** Move a pointer from the state with `etag` (null: it must not exist yet). Throws `OBJECT_PRECONDITION` to the loser. */
export async function movePointer(
  store: ObjectStore,
  strategy: string,
  name: string,
  value: unknown,
  etag: string | null,
): Promise<void> {
  const bytes = new TextEncoder().encode(canonicalJson(value));
  await store.put(`${strategy}/pointers/${name}.json`, bytes, etag === null ? { ifNoneMatch: '*' } : { ifMatch: etag });
}

async function mustGet(store: ObjectStore, key: string): Promise<Uint8Array> {
  const found = await store.get(key);
  if (!found)
    throw refused('OBJECT_MISSING', 'A stored object is missing', {
      facts: { key },
      remedy: 'Restore the object, or run the day again in a new home.',
    });
  return found.bytes;
}

function checkHash(key: string, bytes: Uint8Array, expected: string): void {
  const actual = sha256(bytes);
  if (actual !== expected) {
    throw refused('OBJECT_HASH_MISMATCH', 'A stored object does not have the bytes that its name promises', {
      facts: { key, expected, actual },
      remedy: 'The file was changed after it was written. Restore it from a copy; do not use what rests on it.',
    });
  }
}
