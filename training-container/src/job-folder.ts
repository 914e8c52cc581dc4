import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { EnvironmentData } from '../../domain/environment/environment.ts';
import { badInput, ProductError } from '../../domain/errors.ts';
import type { FeatureTensor } from '../../domain/features/spec.ts';
import { sha256 } from '../../domain/lineage/canonical.ts';
import { STATE_COLUMNS } from '../../domain/policy/policy.ts';
import { assertFeasibleLimits } from '../../domain/risk/feasible-limits.ts';
import {
  INITIAL_PARAMETERS,
  JOB_ARRAYS,
  type LearnJobSpec,
  type TrainingJobSpec,
  trainingJobSchema,
} from '../../domain/training/job.ts';
import { decodeNpy, type NpyArray } from '../../domain/training/npy.ts';
import { assertWorkers } from '../../domain/training/settings.ts';
import { usableCores } from './cpu.ts';

/** Read and check `<folder>/input/job.json`. `hash` is the SHA-256 of its bytes, which name the arrays by hash. */
export async function readJob(folder: string): Promise<{ spec: TrainingJobSpec; hash: string }> {
  const file = join(folder, 'input', 'job.json');
  const bytes = await readFile(file).catch((cause) => {
    throw badInput('JOB_MISSING', 'The training folder has no input/job.json', {
      facts: { field: 'input/job.json' },
      cause,
      remedy: 'See training-container/README.md for what the folder must hold.',
    });
  });
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw badInput('JOB_NOT_JSON', 'input/job.json is not JSON', { cause });
  }
  const parsed = trainingJobSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [];
    throw badInput('JOB_SCHEMA', 'input/job.json does not describe a training job', {
      facts: { field: [...issue.path, ...unknown.slice(0, 1)].join('.') || '(root)', problem: issue.message },
      remedy: 'The fields and their meaning are in domain/training/job.ts and domain/training/settings.ts.',
    });
  }
  if (parsed.data.stateColumns.join() !== STATE_COLUMNS.join()) {
    throw badInput('JOB_STATE_COLUMNS', 'The job was written for other state columns', {
      facts: { wanted: STATE_COLUMNS, found: parsed.data.stateColumns },
    });
  }
  checkLookback(parsed.data);
  if (parsed.data.kind === 'learn') assertWorkers(parsed.data.training, usableCores());
  return { spec: parsed.data, hash: sha256(bytes) };
}

/** What would only be found when the environment is made: limits that no portfolio meets, episodes that the window has no room for. */
function checkMarket(spec: LearnJobSpec): void {
  const { from, to, episodeDays, dates } = spec;
  assertFeasibleLimits(spec.limits, spec.symbols.length);
  if (from < to && to < dates.length && to - from > episodeDays) return;
  throw badInput('EPISODE_TOO_LONG', 'The training window has no room for one episode', {
    facts: {
      field: 'episodeDays',
      value: episodeDays,
      from,
      to,
      sessions: dates.length,
      sessionsNeeded: episodeDays + 2,
    },
    remedy: 'Use shorter episodes or a longer window within the sessions of the job.',
  });
}

function checkLookback(spec: TrainingJobSpec): void {
  if (spec.kind === 'baseline') return;
  const { lookbackDays: seen = 1 } = spec.normaliser;
  const { lookbackDays, architecture } = spec.training;
  if (seen === lookbackDays) return;
  throw badInput('JOB_LOOKBACK', 'The observations of the job do not look back as far as its network', {
    facts: { field: 'normaliser.lookbackDays', value: seen, training: lookbackDays, architecture },
    remedy: 'Give normaliser.lookbackDays and training.lookbackDays one value.',
  });
}

/** The market and features of a `learn` job, each array's hash and shape checked. */
export async function readEnvironmentData(folder: string, spec: LearnJobSpec): Promise<EnvironmentData> {
  const arrays: Record<string, NpyArray> = {};
  for (const name of Object.keys(JOB_ARRAYS)) arrays[name] = await readArray(folder, name, spec.arrays[name]);
  const [T, A, F] = [spec.dates.length, spec.symbols.length, spec.columns.length];
  const typed = <Kind extends NpyArray['data']>(
    name: keyof typeof JOB_ARRAYS,
    Kind: new (...args: never[]) => Kind,
    shape: number[],
  ): Kind => {
    const array = arrays[name];
    if (array.data instanceof Kind && array.shape.join() === shape.join()) return array.data;
    throw badInput('JOB_ARRAY_SHAPE', 'An array of the job has not the type or shape of the contract', {
      facts: { file: name, wanted: JOB_ARRAYS[name], shapeWanted: shape, shapeFound: array.shape },
    });
  };
  const { dates, symbols, groups, exits, columns, riskGroups } = spec;
  const panel = {
    dates,
    symbols,
    groups,
    exits,
    close: typed('close.npy', Float64Array, [T, A]),
    returns: typed('returns.npy', Float64Array, [T, A]),
    volume: typed('volume.npy', Float64Array, [T, A]),
    tradable: typed('tradable.npy', Uint8Array, [T, A]),
    listed: typed('listed.npy', Uint8Array, [T, A]),
  };
  const tensor = {
    dates,
    symbols,
    columns,
    values: typed('features.npy', Float32Array, [T, A, F]),
    anchorLogit: typed('anchor_logit.npy', Float32Array, [T, A]),
    anchorExposure: typed('anchor_exposure.npy', Float32Array, [T]),
  };
  const masks = (rows: number[][]): Uint8Array[] => rows.map((row) => Uint8Array.from(row));
  const named = (list: { name: string; members: number[] }[]) =>
    list.map(({ name, members }) => ({ name, members: Uint8Array.from(members) }));
  const history = riskGroups && {
    dates: riskGroups.dates,
    symbols,
    hubs: masks(riskGroups.hubs),
    illiquid: masks(riskGroups.illiquid),
    overlapping: riskGroups.overlapping?.map(({ neighbourhoods, communities }) => {
      return { neighbourhoods: named(neighbourhoods), communities: named(communities) };
    }),
  };
  checkMarket(spec);
  checkFeatures(tensor, panel.tradable, new Set(spec.lapsing));
  return { panel, tensor, normaliser: spec.normaliser, groups: history, limits: spec.limits, costs: spec.costs };
}

/**
 * NaN says that a feature is not known yet, and such an asset is not traded. A feature that was known at the session before, on an asset that
 * trades on both, and one that is infinite, are breaks in the data; that a lapsing column is unknown, and the anchor with it, is none.
 */
function checkFeatures(
  { dates, symbols, columns, values, anchorLogit }: FeatureTensor,
  tradable: Uint8Array,
  lapsing: ReadonlySet<string>,
): void {
  const [A, F] = [symbols.length, columns.length];
  const known = new Uint8Array(A);
  const refuse = (row: number, feature: string, value: number): never => {
    throw notFinite(dates[Math.floor(row / A)], symbols[row % A], feature, value);
  };
  for (let row = 0; row < tradable.length; row++) {
    let unknown: string | null = null;
    let lapsed = false;
    for (let f = 0; f <= F; f++) {
      const [feature, value] = f < F ? [columns[f], values[row * F + f]] : ['anchorLogit', anchorLogit[row]];
      if (!Number.isNaN(value)) {
        if (!Number.isFinite(value)) refuse(row, feature, value);
      } else if (lapsing.has(feature)) lapsed = true;
      // an incomplete row has no anchor: that alone says nothing
      else if (f < F || !lapsed) unknown ??= feature;
    }
    const asset = row % A;
    if (unknown !== null && known[asset] === 1 && tradable[row] === 1) refuse(row, unknown, Number.NaN);
    known[asset] = tradable[row] === 1 && unknown === null && !lapsed ? 1 : 0;
  }
}

const notFinite = (day: string, asset: string, feature: string, value: number): ProductError =>
  badInput('FEATURES_NOT_FINITE', `Feature ${feature} of ${asset} on ${day} is not a finite number`, {
    facts: { asset, day, feature, value: String(value) },
    remedy: 'Check the bars of this asset on this day (drl data check), then compute the features again.',
  });

/** The parameters to begin with; null where the job names none. */
export async function readInitial(
  folder: string,
  spec: LearnJobSpec,
  parameters: number,
): Promise<Float64Array | null> {
  if (spec.initial === null) return null;
  const { data, shape } = await readArray(folder, INITIAL_PARAMETERS, spec.initial);
  if (data instanceof Float64Array && shape.join() === String(parameters)) return data;
  throw badInput('JOB_INITIAL_SHAPE', 'The parameters to begin with are those of another network', {
    facts: { file: INITIAL_PARAMETERS, shapeWanted: [parameters], shapeFound: shape },
    remedy: 'Start from the parameters of a run with the same algorithm, architecture, hidden size and features.',
  });
}

async function readArray(folder: string, name: string, hash: string | undefined): Promise<NpyArray> {
  const bytes = await readFile(join(folder, 'input', name)).catch((cause) => {
    throw badInput('JOB_ARRAY_MISSING', 'An array of the training job is missing', { facts: { file: name }, cause });
  });
  if (sha256(bytes) !== hash)
    throw badInput('JOB_ARRAY_HASH', 'An array of the training job is not the one that job.json names', {
      facts: { file: name, expected: hash ?? null, actual: sha256(bytes) },
    });
  return decodeNpy(bytes, name);
}

/** Write a file whole or not at all. */
export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(`${path}.part`, bytes);
    await rename(`${path}.part`, path);
  } catch (cause) {
    await rm(`${path}.part`, { force: true }).catch(() => undefined);
    throw unwritable(path, cause as NodeJS.ErrnoException);
  }
}

function unwritable(path: string, cause: NodeJS.ErrnoException): ProductError {
  const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(cause.code ?? '');
  return new ProductError(
    full ? 'DISK_FULL' : 'FILE_NOT_WRITTEN',
    full
      ? 'The disk is full: the file was not written, and what was there before is as it was'
      : 'The file could not be written',
    {
      facts: { file: basename(path), system: cause.code ?? cause.message },
      remedy: full
        ? 'Make room and start the trainer again on the same folder: it goes on from its last checkpoint.'
        : 'Check that the folder exists and may be written to.',
      cause,
    },
  );
}
