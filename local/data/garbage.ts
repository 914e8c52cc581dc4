import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseImportPath } from '../../adapters/market-data/folder.ts';
import { FilesystemObjectStore, TEMPORARY_PREFIX } from '../../adapters/object-store/filesystem.ts';
import { getManifest, getPointer } from '../../adapters/object-store/port.ts';
import { badInput } from '../../domain/errors.ts';
import {
  ARTIFACT_KINDS,
  type ArtifactKind,
  type ArtifactRef,
  artifactRefSchema,
} from '../../domain/lineage/manifest.ts';
import type { Home } from '../home.ts';

/** Kinds that are kept for themselves: what was decided, settled, judged or registered is history, not garbage. */
const ROOTS: readonly ArtifactKind[] = [
  'decisions',
  'settlements',
  'reconciliations',
  'models',
  'gate-reports',
  'reports',
  'monitors',
  'backtests',
];

const STATE_FILE = /\.state\.json$/;

const DAY_MS = 86_400_000;
/** A training that was cut off may be taken up again for a week: its checkpoint can be many hours of work. */
const RESUMED_WITHIN_MS = 7 * DAY_MS;
/** Nobody writes one file for a day. */
const WRITTEN_WITHIN_MS = DAY_MS;

export interface Garbage {
  readonly folders: number;
  /** Stored folders that neither history, nor a pointer, a day's state, nor an imported universe rests on. */
  readonly unreachable: string[];
  /** Trainings that were cut off and not taken up again for a week: their folders below `jobs`. */
  readonly unfinished: string[];
  /** Files of the store that a writer which was killed left half written a day ago or earlier. */
  readonly halfWritten: string[];
  readonly deleted: boolean;
}

/**
 * What can go from a home, and with `remove` goes. Whoever calls it holds the lock: a training that is under way has its folder there too.
 * Of an artifact the manifest goes first: one that is removed in part is then no artifact, and whoever stores it again writes it whole.
 */
export async function collectGarbage(
  { path, store: root, universes, jobs }: Pick<Home, 'path' | 'store' | 'universes' | 'jobs'>,
  remove: boolean,
  removeFile: typeof rm = rm,
): Promise<Garbage> {
  const store = new FilesystemObjectStore(root);
  const keys = await store.list('');
  const folders = new Set(
    keys
      .map((key) => key.split('/').slice(0, 3).join('/'))
      .filter((name) => ARTIFACT_KINDS.includes(name.split('/')[1] as ArtifactKind)),
  );
  /** A folder without a manifest was left by a writer that was killed: nothing can rest on it. */
  const whole = new Set(
    keys.filter((key) => key.endsWith('/manifest.json')).map((key) => key.split('/').slice(0, 3).join('/')),
  );
  const reached = new Set<string>();
  const reach = async (strategy: string, ref: ArtifactRef): Promise<void> => {
    const name = `${strategy}/${ref.kind}/${ref.hash}`;
    if (reached.has(name) || !whole.has(name)) return;
    reached.add(name);
    for (const input of Object.values((await getManifest(store, strategy, ref)).inputs)) await reach(strategy, input);
  };
  for (const name of folders) {
    const [strategy, kind, hash] = name.split('/');
    if (ROOTS.includes(kind as ArtifactKind)) await reach(strategy, { kind: kind as ArtifactKind, hash });
  }
  for (const key of keys.filter((each) => each.split('/')[1] === 'pointers')) {
    const [strategy, , ...name] = key.split('/');
    const pointer = await getPointer(store, strategy, name.join('/').replace(/\.json$/, ''));
    for (const ref of refsIn(pointer?.value)) await reach(strategy, ref);
  }
  for (const { strategy, ref } of await statesOfDays(join(path, 'runs'))) await reach(strategy, ref);
  for (const { strategy, hash } of await imports(universes)) await reach(strategy, { kind: 'raw', hash });
  const unreachable = [...folders].filter((name) => !reached.has(name)).sort();
  const unfinished = await trainingsGivenUp(jobs);
  const halfWritten = await filesGivenUp(root);
  const garbage = [...unreachable.map((name) => join(root, name)), ...unfinished.map((name) => join(jobs, name))];
  for (const file of remove ? halfWritten : []) await removeFile(join(root, file), { force: true });
  for (const folder of remove ? garbage : []) {
    await removeFile(join(folder, 'manifest.json'), { force: true });
    await removeFile(folder, { recursive: true });
  }
  const deleted = remove && garbage.length + halfWritten.length > 0;
  return { folders: folders.size, unreachable, unfinished, halfWritten, deleted };
}

/** Folders of trainings in which nothing was written for a week. */
async function trainingsGivenUp(jobs: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of (await readdir(jobs).catch(() => [])).sort()) {
    const entries = await readdir(join(jobs, name), { recursive: true }).catch(() => []);
    const ages = await Promise.all(['', ...entries].map((entry) => ageMs(join(jobs, name, entry))));
    if (Math.min(...ages) > RESUMED_WITHIN_MS) found.push(name);
  }
  return found;
}

async function filesGivenUp(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true }).catch(() => []);
  const temporary = entries.filter((entry) => basename(entry).startsWith(TEMPORARY_PREFIX)).sort();
  const ages = await Promise.all(temporary.map((entry) => ageMs(join(root, entry))));
  return temporary.filter((_, i) => ages[i] > WRITTEN_WITHIN_MS);
}

const ageMs = async (path: string): Promise<number> => Date.now() - (await stat(path)).mtimeMs;

function refsIn(value: unknown): ArtifactRef[] {
  const parsed = artifactRefSchema.safeParse(value);
  if (parsed.success) return [parsed.data];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(refsIn) : [];
}

/** What the stages of each day returned: a day that was cut off goes on from there. */
async function statesOfDays(runs: string): Promise<{ strategy: string; ref: ArtifactRef }[]> {
  const found: { strategy: string; ref: ArtifactRef }[] = [];
  for (const strategy of await readdir(runs).catch(() => [])) {
    for (const name of (await readdir(join(runs, strategy))).filter((each) => STATE_FILE.test(each))) {
      const state = await readJson(join(runs, strategy, name));
      found.push(...refsIn(state).map((ref) => ({ strategy, ref })));
    }
  }
  return found;
}

/** The artifacts that imported universes read their bars from. */
async function imports(folder: string): Promise<{ strategy: string; hash: string }[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
  const found: { strategy: string; hash: string }[] = [];
  for (const name of names) {
    const { provider } = (await readJson(join(folder, name))) as { provider?: Source & { providers?: Source[] } };
    for (const { path } of provider ? [provider, ...(provider.providers ?? [])] : []) {
      const imported = typeof path === 'string' ? parseImportPath(path) : null;
      if (imported) found.push(imported);
    }
  }
  return found;
}

type Source = { path?: unknown };

/** @throws ProductError GC_UNREADABLE (bad input): what rests on what nobody reads is not known, so nothing is removed. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw badInput('GC_UNREADABLE', 'A file that says what is still needed cannot be read', {
      facts: { file: path, problem: cause instanceof Error ? cause.message : String(cause) },
      remedy: 'Nothing was removed. Mend the file, or take it out of the home if it is not wanted.',
      cause,
    });
  }
}
