import { getPointer, type ObjectStore } from '../../adapters/object-store/port.ts';
import { ARTIFACT_KINDS, type ArtifactKind, type ArtifactRef } from '../../domain/lineage/manifest.ts';
import { checkArtifact, type Link } from './artifact.ts';
import { type Verifier, verifyTarget } from './verify.ts';

export interface History {
  ok: boolean;
  /** Stored folders that were checked. */
  objects: number;
  decisions: { date: string; decision: string; ok: boolean }[];
  links: Link[];
}

/** Every stored folder hash-checked, and every decision since a day proved from its transaction. */
export async function checkEverything(verifier: Verifier, since: string | null): Promise<History> {
  const { store } = verifier;
  const links: Link[] = [];
  const folders = await storedFolders(store);
  for (const { strategy, ref } of folders) links.push((await checkArtifact(store, strategy, ref, ref.kind)).link);
  const decisions: History['decisions'] = [];
  for (const { date, decision } of await decidedDays(store)) {
    if (since !== null && date < since) continue;
    const result = await verifyTarget(verifier, decision);
    decisions.push({ date, decision, ok: result.ok });
    links.push(...result.links.filter((link) => !link.ok));
  }
  return { ok: links.every((link) => link.ok), objects: folders.length, decisions, links };
}

/** Every folder of an artifact kind, also one whose manifest is gone. */
async function storedFolders(store: ObjectStore): Promise<{ strategy: string; ref: ArtifactRef }[]> {
  const names = new Set((await store.list('')).map((key) => key.split('/').slice(0, 3).join('/')));
  return [...names].flatMap((name) => {
    const [strategy, kind, hash] = name.split('/');
    return ARTIFACT_KINDS.includes(kind as ArtifactKind) && hash
      ? [{ strategy, ref: { kind: kind as ArtifactKind, hash } }]
      : [];
  });
}

async function decidedDays(store: ObjectStore): Promise<{ date: string; decision: string }[]> {
  const found = /^([^/]+)\/pointers\/(decisions\/by-date\/(.+))\.json$/;
  const days: { date: string; decision: string }[] = [];
  for (const key of await store.list('')) {
    const match = found.exec(key);
    if (!match) continue;
    const pointer = await getPointer<{ decision: ArtifactRef }>(store, match[1], match[2]);
    if (pointer) days.push({ date: match[3], decision: pointer.value.decision.hash });
  }
  return days.sort((a, b) => (a.date < b.date ? -1 : 1));
}
