import { artifactPrefix, type ObjectStore } from '../../adapters/object-store/port.ts';
import { sha256 } from '../../domain/lineage/canonical.ts';
import { type ArtifactKind, type ArtifactRef, type Manifest, manifestSchema } from '../../domain/lineage/manifest.ts';

/** One step of the proof. `path` is where a person finds it, `hash` what it must hash to. */
export interface Link {
  link: string;
  path: string;
  hash: string | null;
  ok: boolean;
  detail: string;
}

/** Check a stored folder: the manifest against its name, every file against the manifest. Reads every byte. */
export async function checkArtifact(
  store: ObjectStore,
  strategy: string,
  ref: ArtifactRef,
  role: string,
): Promise<{ link: Link; manifest: Manifest | null }> {
  const path = artifactPrefix(strategy, ref);
  const broken = (detail: string, manifest: Manifest | null = null) => ({
    link: { link: role, path, hash: ref.hash, ok: false, detail },
    manifest,
  });
  const stored = await store.get(`${path}/manifest.json`);
  if (!stored) return broken('manifest.json is missing');
  const actual = sha256(stored.bytes);
  if (actual !== ref.hash) return broken(`manifest.json hashes to ${actual}`);
  const manifest = parseManifest(stored.bytes);
  if (!manifest) return broken('manifest.json is not a manifest');
  if (manifest.kind !== ref.kind || manifest.strategy !== strategy)
    return broken(`the manifest is of ${manifest.strategy}/${manifest.kind}`);
  let bytes = stored.bytes.byteLength;
  for (const [name, entry] of Object.entries(manifest.files)) {
    const file = await store.get(`${path}/${name}`).catch(() => null);
    if (!file) return broken(`${name} is missing`, manifest);
    const hash = sha256(file.bytes);
    if (hash !== entry.sha256) return broken(`${name} hashes to ${hash}, the manifest says ${entry.sha256}`, manifest);
    bytes += file.bytes.byteLength;
  }
  const count = Object.keys(manifest.files).length;
  return {
    link: {
      link: role,
      path,
      hash: ref.hash,
      ok: true,
      detail: `${count} ${count === 1 ? 'file' : 'files'}, ${bytes.toLocaleString('en-US')} bytes`,
    },
    manifest,
  };
}

function parseManifest(bytes: Uint8Array): Manifest | null {
  try {
    return manifestSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data ?? null;
  } catch {
    return null; // not JSON
  }
}

/** The kinds of the chain, in the order in which it is walked, by the name that a reader knows. */
const LINK_NAMES: Partial<Record<ArtifactKind, string>> = {
  settlements: 'settlement',
  decisions: 'decision',
  models: 'model',
  candidates: 'training record',
  'gate-reports': 'gate report',
  features: 'features',
  embeddings: 'embeddings',
  graphs: 'graph snapshot',
  datasets: 'dataset',
  releases: 'release of rows',
  raw: 'file',
};
const ORDER = Object.keys(LINK_NAMES);

/** The kind's name, and the role where it says more: `model (challenger)`, `decision (previous)`. */
function linkName({ kind }: ArtifactRef, role: string): string {
  const name = LINK_NAMES[kind] ?? kind;
  return role === 'challenger' || role === 'previous' ? `${name} (${role})` : name;
}

/** Every artifact that `root` rests on, each once, in the order in which data travels backwards. */
export async function walkArtifacts(
  store: ObjectStore,
  strategy: string,
  root: ArtifactRef,
  stopAt: (ref: ArtifactRef) => boolean = () => false,
): Promise<Link[]> {
  const seen = new Set<string>();
  const found: { kind: string; link: Link }[] = [];
  const queue: { ref: ArtifactRef; role: string }[] = [{ ref: root, role: '' }];
  for (let next = queue.shift(); next; next = queue.shift()) {
    const key = `${next.ref.kind}/${next.ref.hash}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const { link, manifest } = await checkArtifact(store, strategy, next.ref, linkName(next.ref, next.role));
    found.push({ kind: next.ref.kind, link });
    if (next.ref !== root && stopAt(next.ref)) continue;
    for (const [role, ref] of Object.entries(manifest?.inputs ?? {})) queue.push({ ref, role });
  }
  return found.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind)).map(({ link }) => link);
}
