import { z } from 'zod';
import {
  getArtifactJson,
  getManifest,
  getPointer,
  movePointer,
  type ObjectStore,
  putArtifact,
} from '../../adapters/object-store/port.ts';
import { refused } from '../../domain/errors.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { isJudgement, QUARANTINE_REASONS, type QuarantineReason, rowId } from '../../domain/market/quarantine.ts';

const RELEASE_FILE = 'release.json';
const reasonSchema = z.enum(Object.keys(QUARANTINE_REASONS) as [QuarantineReason, ...QuarantineReason[]]);

/** Somebody's decision that a row which the contracts found unlikely is true. */
export const releaseSchema = z.strictObject({
  schema: z.literal(1),
  universe: z.string(),
  row: z.strictObject({
    reason: reasonSchema,
    file: z.string(),
    line: z.number().int(),
    symbol: z.string(),
    date: z.string(),
    field: z.string(),
    value: z.string(),
  }),
  /** Who answers for it, and why. */
  by: z.string().min(1),
  because: z.string().min(1),
  at: z.iso.datetime(),
});
export type Release = z.infer<typeof releaseSchema>;

export interface Releases {
  /** The newest release; it names the one before it, and so on. null: there is none. */
  head: ArtifactRef | null;
  releases: Release[];
  /** Ids of the rows that were vouched for. */
  ids: ReadonlySet<string>;
}

const pointerOf = (universe: string): string => `releases/${universe}`;

/** Every release of a universe, newest first. */
export async function loadReleases(store: ObjectStore, strategy: string, universe: string): Promise<Releases> {
  const head = (await getPointer<ArtifactRef>(store, strategy, pointerOf(universe)))?.value ?? null;
  const releases: Release[] = [];
  for (let ref = head; ref; ) {
    releases.push(releaseSchema.parse(await getArtifactJson<unknown>(store, strategy, ref, RELEASE_FILE)));
    ref = (await getManifest(store, strategy, ref)).inputs.previous ?? null;
  }
  return { head, releases, ids: new Set(releases.map(({ row }) => rowId(row))) };
}

/**
 * Append a release. Nothing that was stored changes: the next ingest takes the row in and names the releases among its inputs.
 *
 * @throws ProductError RELEASE_IMPOSSIBLE (refused) for a row that cannot be true whoever vouches for it; OBJECT_PRECONDITION when somebody else
 * released a row of the universe at the same time.
 */
export async function recordRelease(
  store: ObjectStore,
  strategy: string,
  dataset: ArtifactRef,
  given: Release,
): Promise<ArtifactRef> {
  const release = releaseSchema.parse(given);
  if (!isJudgement(release.row.reason)) {
    throw refused('RELEASE_IMPOSSIBLE', `A row with ${release.row.reason} cannot be released: it is not a judgement`, {
      facts: { ...release.row, why: QUARANTINE_REASONS[release.row.reason] },
      remedy: 'Correct the row at its source and import it again.',
    });
  }
  const name = pointerOf(release.universe);
  const last = await getPointer<ArtifactRef>(store, strategy, name);
  const ref = await putArtifact(store, strategy, {
    kind: 'releases',
    files: { [RELEASE_FILE]: new TextEncoder().encode(canonicalJson(release)) },
    inputs: { dataset, ...(last && { previous: last.value }) },
    facts: { universe: release.universe, row: rowId(release.row), by: release.by },
  });
  await movePointer(store, strategy, name, ref, last?.etag ?? null);
  return ref;
}
