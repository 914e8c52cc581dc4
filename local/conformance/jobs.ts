import { computeFeatures } from '../../domain/features/compute.ts';
import { defaultFeatureSpec } from '../../domain/features/default-spec.ts';
import { fitNormaliser } from '../../domain/features/normaliser.ts';
import { sha256 } from '../../domain/lineage/canonical.ts';
import type { MarketPanel } from '../../domain/market/panel.ts';
import { encodeNpy } from '../../domain/training/npy.ts';
import type { Algorithm, PpoSettings } from '../../domain/training/settings.ts';
import { buildTrainingJob } from '../../functions/train/job.ts';
import { SESSIONS, shortSettings, smallMarket } from '../../functions/train/small-market.ts';
import { PRESENT } from './workshop.ts';

/** An `input/` folder, by file name. */
export type JobFiles = Readonly<Record<string, Uint8Array>>;

/** Environment steps of one iteration of the reference job, and of the whole. */
export const ITERATION = 512;
export const TOTAL = ITERATION * 48;
/** Iterations between two snapshots of it. */
export const SNAPSHOT_EVERY = 12;
/** The sessions that no job of this market holds: what was learned is judged on them. */
export const UNSEEN = { from: SESSIONS - 99, to: SESSIONS - 1 };

const reference: Partial<PpoSettings> = { totalSteps: TOTAL, learningRate: 0.01, snapshotEvery: SNAPSHOT_EVERY };

/** PPO on three assets whose best policy is known: enough steps to find it. */
export const referenceJob = (changes: Partial<PpoSettings> = {}): JobFiles =>
  buildTrainingJob(smallMarket({ ...reference, ...changes }));

export const baselineJob = (): JobFiles => {
  const market = smallMarket();
  return buildTrainingJob({ ...market, trial: { ...market.trial, kind: 'baseline' } });
};

/** The reference job from parameters of an earlier run. */
export const warmJob = (initial: Float64Array): JobFiles =>
  buildTrainingJob({ ...smallMarket({ ...reference, totalSteps: ITERATION * 2, snapshotEvery: null }), initial });

/** A few updates of one learner. */
export const shortJob = (algorithm: Algorithm, workers = 1): JobFiles => {
  const market = smallMarket();
  const training = { ...shortSettings[algorithm], workers };
  return buildTrainingJob({ ...market, training, trial: { ...market.trial, kind: algorithm } });
};

/** A market of which one asset is delisted, seen two assets at a time, in stages, after simulated markets like it. */
export const COURSE = {
  totalSteps: 1024,
  maxAssets: 2,
  curriculum: { stages: [{ share: 0.5, assets: 2, limits: 'loose' }] },
  pretraining: { markets: ['bootstrap'], steps: 512, sessions: 300, paths: 1 },
} as const;

export const courseJob = (): JobFiles => {
  const { curriculum, pretraining, ...rest } = COURSE;
  const market = smallMarket({
    ...rest,
    curriculum: { stages: [...curriculum.stages] },
    pretraining: { ...pretraining, markets: [...pretraining.markets] },
  });
  const panel = delisted(market.panel, 2, 330);
  // Simulated markets have the features of the product's own catalogue, and no others.
  const tensor = computeFeatures(panel, defaultFeatureSpec({ hasVolume: false, embeddings: false }));
  const [trainFrom, trainTo] = [panel.dates[260], panel.dates[380]];
  const normaliser = fitNormaliser(tensor, trainFrom, trainTo);
  return buildTrainingJob({ ...market, panel, tensor, normaliser, trial: { ...market.trial, trainFrom, trainTo } });
};

/** The panel with an asset whose life ends before the fill of session `t`, at half of its last price, in cash. */
function delisted(panel: MarketPanel, asset: number, t: number): MarketPanel {
  const assets = panel.symbols.length;
  const ended = <Values extends Float64Array | Uint8Array>(values: Values, value: number): Values =>
    values.map((kept, i) => (i % assets === asset && i >= t * assets ? value : kept)) as Values;
  return {
    ...panel,
    close: ended(panel.close, Number.NaN),
    volume: ended(panel.volume, Number.NaN),
    returns: ended(panel.returns, 0),
    tradable: ended(panel.tradable, 0),
    listed: ended(panel.listed, 0),
    exits: [{ t, asset, successor: -1, finalReturn: -0.5 }],
  };
}

export const POPULATION = { members: 2, generations: 2, exploitShare: 0.5, perturb: 1.25 };
/** Environment steps of each of its members. */
export const MEMBER_STEPS = 1024;

export const populationJob = (): JobFiles =>
  buildTrainingJob(smallMarket({ totalSteps: MEMBER_STEPS, population: POPULATION }));

/** How much longer a job is made that ended before it could be cut off. */
const LONGER = 8;

export const longer = (files: JobFiles): JobFiles =>
  edited(files, ({ training }) => {
    training.totalSteps *= LONGER;
  });

function without<T extends object, K extends keyof T>(value: T, ...keys: K[]): Omit<T, K> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key as K))) as Omit<T, K>;
}

// biome-ignore lint/suspicious/noExplicitAny: a job as an adversary edits it
type Spec = any;

export function edited(files: JobFiles, change: (spec: Spec) => void): JobFiles {
  const spec = JSON.parse(new TextDecoder().decode(files['job.json']));
  change(spec);
  return { ...files, 'job.json': new TextEncoder().encode(JSON.stringify(spec)) };
}

/** An array replaced, and named by its new hash. */
const replaced = (files: JobFiles, name: string, bytes: Uint8Array): JobFiles => ({
  ...edited(files, (spec) => {
    spec.arrays[name] = sha256(bytes);
  }),
  [name]: bytes,
});

export interface BadJob {
  /** What is wrong with it. */
  readonly name: string;
  readonly files: () => JobFiles;
  /** Code and facts of the error that the contract asks for. */
  readonly code: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

const job = (): JobFiles => referenceJob();
const DAY = 40;
const ASSET = 1;

/** The reference job with a column that is unknown of one asset for twenty sessions, and the anchor with it, as `lapsing` allows. */
export function lapsingJob(): JobFiles {
  const market = smallMarket({ ...reference, snapshotEvery: null });
  const { columns, symbols, values, anchorLogit } = market.tensor;
  const tensor = { ...market.tensor, values: values.slice(), anchorLogit: anchorLogit.slice() };
  for (let row = DAY * symbols.length + ASSET; row < (DAY + 20) * symbols.length; row += symbols.length) {
    tensor.values[row * columns.length + 1] = Number.NaN;
    tensor.anchorLogit[row] = Number.NaN;
  }
  return edited(buildTrainingJob({ ...market, tensor }), (spec) => {
    spec.lapsing = [columns[1]];
  });
}

function withFeature(value: number): JobFiles {
  const market = smallMarket();
  const values = market.tensor.values.slice();
  values[(DAY * market.tensor.symbols.length + ASSET) * market.tensor.columns.length + 1] = value;
  return buildTrainingJob({ ...market, tensor: { ...market.tensor, values } });
}

function withAnchor(value: number): JobFiles {
  const market = smallMarket();
  const anchorLogit = market.tensor.anchorLogit.slice();
  anchorLogit[DAY * market.tensor.symbols.length + ASSET] = value;
  return buildTrainingJob({ ...market, tensor: { ...market.tensor, anchorLogit } });
}

function cutShort(files: JobFiles, name: string): JobFiles {
  return replaced(files, name, files[name].slice(0, -4));
}

function flipped(files: JobFiles, name: string): JobFiles {
  const bytes = files[name].slice();
  bytes[bytes.length - 1] ^= 1;
  return { ...files, [name]: bytes };
}

/** Input that is not what the contract says: exit code 2, nothing written. */
export function badJobs(): BadJob[] {
  const { panel } = smallMarket();
  const place = { asset: panel.symbols[ASSET], day: panel.dates[DAY] };
  return [
    { name: 'no job.json', files: () => ({}), code: 'JOB_MISSING', facts: {} },
    {
      name: 'job.json is not JSON',
      files: () => ({ ...job(), 'job.json': job()['job.json'].slice(0, -1) }),
      code: 'JOB_NOT_JSON',
      facts: {},
    },
    {
      name: 'an unknown key',
      files: () => edited(job(), (spec) => Object.assign(spec, { comment: 'none' })),
      code: 'JOB_SCHEMA',
      facts: { field: 'comment' },
    },
    {
      name: 'an unknown hyper-parameter',
      files: () => edited(job(), (spec) => Object.assign(spec.training, { momentum: 0.9 })),
      code: 'JOB_SCHEMA',
      facts: { field: 'training.momentum' },
    },
    {
      name: 'a hyper-parameter out of its range',
      files: () => edited(job(), (spec) => Object.assign(spec.training, { gamma: 1.5 })),
      code: 'JOB_SCHEMA',
      facts: { field: 'training.gamma' },
    },
    {
      name: 'other state columns',
      files: () => edited(job(), (spec) => spec.stateColumns.reverse()),
      code: 'JOB_STATE_COLUMNS',
      facts: {},
    },
    {
      name: 'an array is missing',
      files: () => without(job(), 'returns.npy'),
      code: 'JOB_ARRAY_MISSING',
      facts: { file: 'returns.npy' },
    },
    {
      name: 'an array is not the one that job.json names',
      files: () => flipped(job(), 'returns.npy'),
      code: 'JOB_ARRAY_HASH',
      facts: { file: 'returns.npy' },
    },
    {
      name: 'an array is cut short',
      files: () => cutShort(job(), 'close.npy'),
      code: 'NPY_MALFORMED',
      facts: { file: 'close.npy' },
    },
    {
      name: 'an array of another shape',
      files: () => replaced(job(), 'anchor_exposure.npy', encodeNpy({ shape: [3], data: new Float32Array(3) })),
      code: 'JOB_ARRAY_SHAPE',
      facts: { file: 'anchor_exposure.npy' },
    },
    {
      name: 'NaN in a feature that was known',
      files: () => withFeature(Number.NaN),
      code: 'FEATURES_NOT_FINITE',
      facts: { ...place, feature: 'noise' },
    },
    {
      name: 'infinity in a feature',
      files: () => withFeature(Number.POSITIVE_INFINITY),
      code: 'FEATURES_NOT_FINITE',
      facts: { ...place, feature: 'noise' },
    },
    {
      name: 'NaN in the anchor that was known',
      files: () => withAnchor(Number.NaN),
      code: 'FEATURES_NOT_FINITE',
      facts: { ...place, feature: 'anchorLogit' },
    },
    {
      name: 'a horizon longer than the data',
      files: () => edited(job(), (spec) => Object.assign(spec, { episodeDays: 5000 })),
      code: 'EPISODE_TOO_LONG',
      facts: { field: 'episodeDays', value: 5000 },
    },
    {
      name: 'limits that cannot hold together',
      files: () => edited(job(), (spec) => Object.assign(spec.limits, { maxWeight: 0.5, maxGross: 0.3 })),
      code: 'LIMITS_INFEASIBLE',
      facts: { field: PRESENT, value: PRESENT },
    },
    {
      name: 'more workers than cores',
      files: () => referenceJob({ workers: 4096 }),
      code: 'WORKERS_EXCEED_CORES',
      facts: { field: 'training.workers', value: 4096 },
    },
    {
      name: 'a look-back that observations and network do not share',
      files: () => edited(job(), (spec) => Object.assign(spec.training, { lookbackDays: 3 })),
      code: 'JOB_LOOKBACK',
      facts: { field: PRESENT },
    },
    {
      name: 'parameters to begin with of another network',
      files: () => warmJob(new Float64Array(3)),
      code: 'JOB_INITIAL_SHAPE',
      facts: { file: 'initial.npy' },
    },
  ];
}

/** The reference job, with nothing but another seed. */
export const otherSeed = (): JobFiles =>
  edited(referenceJob(), (spec) => {
    spec.seed += 1;
  });
