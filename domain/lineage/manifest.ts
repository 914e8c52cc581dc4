import { z } from 'zod';

export const HASH = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex (64 characters)');

/** The kinds of immutable, content-addressed folders that the line writes. The kind is the folder's place in the store. */
export const ARTIFACT_KINDS = [
  'raw',
  'datasets',
  'releases',
  'graphs',
  'embeddings',
  'features',
  'candidates',
  'gate-reports',
  'models',
  'backtests',
  'decisions',
  'settlements',
  'reconciliations',
  'monitors',
  'reports',
] as const;
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number];

export const artifactRefSchema = z.strictObject({ kind: z.enum(ARTIFACT_KINDS), hash: HASH });
/** Names an artifact: `hash` is the SHA-256 of the folder's `manifest.json`. */
export type ArtifactRef = z.infer<typeof artifactRefSchema>;

export const fileEntrySchema = z.strictObject({ sha256: HASH, bytes: z.number().int().nonnegative() });

/**
 * What `manifest.json` of an artifact says: its files by hash, the artifacts that it was made from, and the facts of its kind.
 * No wall-clock time is in it: same inputs, same bytes.
 */
export const manifestSchema = z.strictObject({
  schema: z.literal(1),
  kind: z.enum(ARTIFACT_KINDS),
  strategy: z.string(),
  files: z.record(z.string(), fileEntrySchema),
  /** Role -> artifact, e.g. `{dataset: {...}, embeddings: {...}}`. The chain that `drl verify` walks. */
  inputs: z.record(z.string(), artifactRefSchema),
  /** Facts of the kind (universe, date, feature spec, seed ...), JSON only. */
  facts: z.record(z.string(), z.unknown()),
});
export type Manifest = z.infer<typeof manifestSchema>;
