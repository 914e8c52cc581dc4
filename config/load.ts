import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { z } from 'zod';
import { badInput } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import { ALGORITHMS, LEARNER_SCHEMAS } from '../domain/training/settings.ts';
import { assertUsableLimits } from './limits.ts';
import {
  type Config,
  computeSchema,
  configSchema,
  profileSchema,
  type RelationFile,
  type Relations,
  type Settings,
  universeSchema,
} from './schema.ts';

export interface LoadOptions {
  /** Folder of the project (or of the Lambda bundle): `config/` lies in it. */
  root: string;
  /** The state folder; universes that `drl data import` made lie in its `universes/` and go before the bundled ones. */
  home?: string | undefined;
  /** A person's own file, laid over `config/config.json`. May also hold `limits`, `costs`, `anchor` (of the universe) and `training`, `embeddings`, `graph`, `learningControl` (of the profile). */
  configFile?: string | undefined;
  /** Universe and profile of this run; else what the configuration names. */
  universe?: string | undefined;
  profile?: string | undefined;
  /** What the command line or the environment sets, laid over the files; the same keys as a configuration file. */
  overrides?: Record<string, unknown> | undefined;
}

type Json = Record<string, unknown>;
/** One source of values: where they came from, as a person would look for it. */
interface Layer {
  name: string;
  value: Json;
}

const SECTIONS = ['limits', 'costs', 'anchor', 'training', 'embeddings', 'graph', 'learningControl'] as const;

/**
 * Everything that one run needs to know, read and checked once. Unknown keys, wrong values and limits that leave nothing
 * to decide are refused with the file, the field and what to do (`CONFIG_*`, exit code 2).
 */
export function loadSettings(options: LoadOptions): Settings {
  const folder = join(options.root, 'config');
  const layers: Layer[] = [
    { name: 'config/config.json', value: readJson(join(folder, 'config.json'), 'config/config.json') },
  ];
  if (options.configFile)
    layers.push({ name: options.configFile, value: readJson(options.configFile, options.configFile) });
  if (options.overrides)
    layers.push({ name: 'command line or environment', value: withoutUndefined(options.overrides) });

  const section = (name: (typeof SECTIONS)[number]): Layer[] =>
    layers.flatMap((layer) =>
      name in layer.value ? [{ name: layer.name, value: { [name]: layer.value[name] } }] : [],
    );
  const config = parseLayers(
    configSchema,
    layers.map((layer) => ({
      ...layer,
      value: Object.fromEntries(Object.entries(layer.value).filter(([key]) => !isSection(key))),
    })),
    [...SECTIONS],
  );

  const universe = loadUniverse(options, config, [...section('limits'), ...section('costs'), ...section('anchor')]);
  const profileFile = join('config', 'profiles', `${options.profile ?? config.profile}.json`);
  if (!existsSync(join(options.root, profileFile))) {
    throw badInput('CONFIG_PROFILE', 'There is no such profile', {
      facts: { profile: options.profile ?? config.profile, known: idsIn(join(folder, 'profiles')) },
      remedy: 'Name one of the known profiles with --profile.',
    });
  }
  const file: Layer = { name: profileFile, value: readJson(join(options.root, profileFile), profileFile) };
  const profile = parseLayers(profileSchema, [
    ...learnerLayers(options.root, 'training', [file, ...section('training')]),
    ...learnerLayers(options.root, 'peer', 'peer' in file.value ? [{ ...file, value: { peer: file.value.peer } }] : []),
    ...section('embeddings'),
    ...section('graph'),
    ...section('learningControl'),
  ]);
  const compute = parseLayers(computeSchema, [
    { name: 'config/compute.json', value: readJson(join(folder, 'compute.json'), 'config/compute.json') },
  ]);
  return { config, universe, profile, compute, relations: relationFiles(options, universe.id) };
}

/**
 * Settings of a learner are laid over its file in `config/learners`. Where a layer names another algorithm than those below it, what they say
 * of their own alone (a clip range, a replay buffer) no longer holds.
 */
function learnerLayers(root: string, key: 'training' | 'peer', layers: Layer[]): Layer[] {
  const said = (layer: Layer): Json => (isObject(layer.value[key]) ? layer.value[key] : {});
  const at = layers.findLastIndex((layer) => said(layer).algorithm !== undefined);
  const algorithm = ALGORITHMS.find((known) => at >= 0 && known === said(layers[at]).algorithm);
  if (!algorithm) return layers;
  const name = `config/learners/${algorithm}.json`;
  const preset: Layer = { name, value: { [key]: readJson(join(root, name), name) } };
  const own = Object.keys(LEARNER_SCHEMAS[algorithm].shape);
  const below = layers.slice(0, at).map((layer) => ({
    ...layer,
    value: { ...layer.value, [key]: Object.fromEntries(Object.entries(said(layer)).filter(([k]) => own.includes(k))) },
  }));
  return [preset, ...below, ...layers.slice(at)];
}

/** What a person says about the relations of a universe's assets: `<id>.suppliers.csv`, `<id>.holdings.csv` beside the universe. */
function relationFiles(options: LoadOptions, id: string): Relations {
  const read = (kind: string): RelationFile | null => {
    const folder = universeFolders(options).find(({ path }) => existsSync(join(path, `${id}.${kind}.csv`)));
    if (!folder) return null;
    return {
      file: `${folder.name}/${id}.${kind}.csv`,
      text: readFileSync(join(folder.path, `${id}.${kind}.csv`), 'utf8'),
    };
  };
  return { suppliers: read('suppliers'), holdings: read('holdings') };
}

/** The universes that a person may name: those in the home go before the bundled ones of the same id. */
export function listUniverses(options: Pick<LoadOptions, 'root' | 'home'>): string[] {
  return [...new Set(universeFolders(options).flatMap((folder) => idsIn(folder.path)))].sort();
}

function loadUniverse(options: LoadOptions, config: Config, sections: Layer[]): Settings['universe'] {
  const id = options.universe ?? config.universe;
  const known = listUniverses(options);
  const folder = universeFolders(options).find(
    (candidate) => known.includes(id) && existsSync(join(candidate.path, `${id}.json`)),
  );
  if (!folder) {
    throw badInput('CONFIG_UNIVERSE', 'There is no such universe', {
      facts: { universe: id, known },
      remedy:
        'Name one of the known universes with --universe, or import your own bars with "drl data import <folder>".',
    });
  }
  const name = `${folder.name}/${id}.json`;
  const file: Layer = { name, value: readJson(join(folder.path, `${id}.json`), name) };
  const universe = parseLayers(universeSchema, [file, ...sections]);
  if (universe.id !== id) {
    throw badInput('CONFIG_VALUE', 'A universe file must be named for its id', {
      facts: { file: name, field: 'id', value: universe.id, expected: id },
      remedy: `Set "id" to "${id}" or rename the file.`,
    });
  }
  assertUsableLimits(universe, (field) => originOf([file, ...sections], ['limits', ...field.split('.')]));
  return universe;
}

const universeFolders = ({ root, home }: Pick<LoadOptions, 'root' | 'home'>): { path: string; name: string }[] => [
  ...(home ? [{ path: join(home, 'universes'), name: 'universes' }] : []),
  { path: join(root, 'config', 'universes'), name: 'config/universes' },
];

const idsIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith('.json'))
        .map((file) => basename(file, '.json'))
        .sort()
    : [];

const isSection = (key: string): boolean => (SECTIONS as readonly string[]).includes(key);
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readJson(path: string, name: string): Json {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw badInput('CONFIG_FILE', 'A configuration file cannot be read', {
      cause,
      facts: { file: name, problem: (cause as NodeJS.ErrnoException).code },
      remedy: 'Check the path and its permissions.',
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badInput('CONFIG_JSON', 'A configuration file is not JSON', {
      cause,
      facts: { file: name, problem: (cause as Error).message },
      remedy: 'Correct the file at the place that the problem names.',
    });
  }
  if (!isObject(value))
    throw badInput('CONFIG_JSON', 'A configuration file must hold one JSON object', {
      facts: { file: name },
      remedy: 'Start the file with { and end it with }.',
    });
  return value;
}

/** Objects are laid over each other key by key; arrays and plain values are replaced. */
function overlay(base: Json, over: Json): Json {
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    result[key] = isObject(below) && isObject(value) ? overlay(below, value) : value;
  }
  return result;
}

function withoutUndefined(value: Json): Json {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, isObject(item) ? withoutUndefined(item) : item]),
  );
}

function parseLayers<T>(schema: z.ZodType<T>, layers: Layer[], alsoKnown: string[] = []): T {
  const merged = layers.reduce<Json>((sum, layer) => overlay(sum, layer.value), {});
  const parsed = schema.safeParse(merged);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const at = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    const field = [...at, key];
    const known = [...knownKeys(schema, at, merged), ...(at.length === 0 ? alsoKnown : [])];
    const meant = nearest(key, known);
    throw badInput('CONFIG_UNKNOWN_KEY', 'A configuration key is not known', {
      facts: { file: originOf(layers, field), field: field.join('.'), known },
      remedy: `${meant ? `Did you mean ${meant}? ` : ''}Correct the spelling or remove the key; config/schema.ts says what each means.`,
    });
  }
  throw badInput('CONFIG_VALUE', 'A configuration value is not usable', {
    facts: {
      file: originOf(layers, at),
      field: at.join('.') || '(root)',
      value: valueAt(merged, at) ?? '(missing)',
      problem: issue.message,
    },
    remedy: 'Correct the value where it is set.',
  });
}

/** The topmost source that says anything at the path, or else at the nearest place above it. */
function originOf(layers: Layer[], path: string[]): string {
  for (let length = path.length; length > 0; length--) {
    const found = layers.findLast((layer) => valueAt(layer.value, path.slice(0, length)) !== undefined);
    if (found) return found.name;
  }
  return layers[0]!.name;
}

const valueAt = (value: unknown, path: string[]): unknown =>
  path.reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? (at as Json)[key] : undefined), value);

/** The keys that the schema has at a path of the value, where it is an object there. */
function knownKeys(schema: z.ZodType, path: string[], value: unknown): string[] {
  let at: unknown = schema;
  path.forEach((key, depth) => {
    at = shapeOf(at, valueAt(value, path.slice(0, depth)))?.[key];
  });
  return Object.keys(shapeOf(at, valueAt(value, path)) ?? {});
}

/** Of an object, of what is wrapped (optional, nullable, default), or of the member of a union that the value is meant to be. */
function shapeOf(schema: unknown, value: unknown): Json | undefined {
  const { shape, options, def } = (schema ?? {}) as {
    shape?: Json;
    options?: { shape: Record<string, z.ZodType> }[];
    def?: { innerType?: unknown; discriminator?: string };
  };
  if (def?.innerType) return shapeOf(def.innerType, value);
  const [name, word] = [def?.discriminator ?? '', isObject(value) ? value[def?.discriminator ?? ''] : undefined];
  return shape ?? options?.find((option) => option.shape[name]?.safeParse(word).success)?.shape;
}
