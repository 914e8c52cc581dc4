import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import type { TrialRow } from '../../adapters/ledger/port.ts';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import {
  getArtifactFile,
  getArtifactJson,
  getManifest,
  type ObjectStore,
  putArtifact,
} from '../../adapters/object-store/port.ts';
import type { TrainingJob } from '../../adapters/training-job/port.ts';
import { createSubprocessTrainingJob } from '../../adapters/training-job/subprocess.ts';
import { loadSettings } from '../../config/load.ts';
import type { Settings } from '../../config/schema.ts';
import { ProductError } from '../../domain/errors.ts';
import { fitNormaliser } from '../../domain/features/normaliser.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { type Model, modelSchema, type Trial } from '../../domain/lineage/model.ts';
import { simulateKnownOptimum } from '../../domain/simulation/known-optimum.ts';
import { knownOptimumTensor } from '../../domain/simulation/known-optimum-tensor.ts';
import { barFiles, DATASET_FILES, quarantineTable } from '../artifacts/dataset.ts';
import { normaliserKey, writeFeatures } from '../artifacts/features.ts';
import { runStage } from '../middleware/stage.ts';
import { smallTraining } from './small-market.ts';
import { trainStage } from './train.ts';

const market = simulateKnownOptimum({ seed: 3, sessions: 420, assets: 3 });
const { tensor, spec } = knownOptimumTensor(market);
const { dates } = market.panel;
const trial: Trial = {
  kind: 'ppo',
  window: 1,
  seed: 0,
  trainFrom: dates[262],
  trainTo: dates[380],
  testFrom: dates[390],
  testTo: dates[419],
};

let folder: string;
let store: ObjectStore;
let settings: Settings;
let dataset: ArtifactRef;
let features: ArtifactRef;
let log: Map<string, TrialRow & { history: string[] }>;
const logged: unknown[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drl-train-stage-'));
  store = new FilesystemObjectStore(folder);
  const loaded = await loadSettings({ root: join(import.meta.dirname, '../..') });
  settings = { ...loaded, profile: { ...loaded.profile, training: smallTraining } };
  dataset = await putArtifact(store, 'main', {
    kind: 'datasets',
    files: {
      ...barFiles(market.bars),
      [DATASET_FILES.instruments]: new TextEncoder().encode(canonicalJson(market.instruments)),
      [DATASET_FILES.quarantine]: quarantineTable([]),
    },
    facts: {
      universe: settings.universe.id,
      asOf: dates[419],
      calendar: 'data',
      interval: '1d',
      numeraire: 'USD',
      licence: 'none',
      redistribution: true,
      sourceLine: 'simulated',
      rows: 1260,
      symbols: 3,
      quarantined: 0,
      firstDate: dates[0],
    },
  });
  const normalisers = { [normaliserKey(trial)]: fitNormaliser(tensor, trial.trainFrom, trial.trainTo) };
  const hubs = { [dates[100]]: [market.panel.symbols[0]] };
  features = await writeFeatures(
    store,
    'main',
    { dataset, graph: dataset, embeddings: dataset },
    { tensor, spec, normalisers, hubs, illiquid: {}, trials: [trial] },
    { universe: settings.universe.id, date: dates[419] },
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => {
  log = new Map();
  logged.length = 0;
});

const ledger = {
  async appendTrial(row: TrialRow) {
    log.set(row.id, { ...row, history: [...(log.get(row.id)?.history ?? []), row.status] });
  },
  async finishTrial(id: string, result: Pick<TrialRow, 'status' | 'candidate' | 'metrics'>) {
    const row = log.get(id) as TrialRow & { history: string[] };
    log.set(id, { ...row, ...result, history: [...row.history, result.status] });
  },
  trials: async (): Promise<TrialRow[]> => [...log.values()],
};

const run = (event: object = {}, trainingJob: TrainingJob = createSubprocessTrainingJob(), progress = jest.fn()) => {
  const state = {
    strategy: 'main',
    universe: settings.universe.id,
    date: dates[419],
    profile: 'quick',
    ingest: { dataset },
    features: { features },
    trial,
    ...event,
  };
  const tracker = { logRun: async (each: unknown) => void logged.push(each) };
  const ports = { settings, ledger: ledger as never, trainingJob, tracker, progress, codeVersion: 'test', store };
  return trainStage.run(trainStage.input.parse(state), ports);
};

test('a trial becomes a candidate folder that names what it was made from, in the same bytes each time', async () => {
  const progress = jest.fn();
  const output = await run({}, createSubprocessTrainingJob(), progress);
  expect(output).toMatchObject({ name: 'ppo w1 s0', trial, environmentSteps: 1024 });
  const manifest = await getManifest(store, 'main', output.candidate);
  expect(manifest).toMatchObject({ kind: 'candidates', inputs: { dataset, features } });
  expect(Object.keys(manifest.files)).toEqual(['model.json', 'parameters.npy', 'policy.onnx', 'training-record.json']);
  const model = modelSchema.parse(await getArtifactJson<Model>(store, 'main', output.candidate, 'model.json'));
  expect(model).toMatchObject({
    name: 'ppo w1 s0',
    kind: 'ppo',
    symbols: market.panel.symbols,
    trial,
    dataset,
    features,
    normaliser: { from: trial.trainFrom, to: trial.trainTo },
  });
  expect(await run()).toEqual(output);
  expect(progress).toHaveBeenCalledWith(expect.objectContaining({ step: 1024, total: 1024, task: 'ppo w1 s0' }));
});

test('the trial is in the log before the trainer starts, finished after, and tracked with its curve', async () => {
  const trainer = createSubprocessTrainingJob();
  const seen: string[] = [];
  const watching: TrainingJob = {
    run: (job) => {
      seen.push(...[...log.values()].map((row) => row.status));
      return trainer.run(job);
    },
  };
  const { candidate } = await run({}, watching);
  expect(seen).toEqual(['started']);
  const [row] = log.values();
  expect(row).toMatchObject({
    status: 'finished',
    candidate: candidate.hash,
    history: ['started', 'finished'],
    metrics: { global_step: 1024 },
  });
  expect(logged).toEqual([
    expect.objectContaining({
      id: row.id,
      name: 'ppo w1 s0',
      params: expect.objectContaining({ learningRate: smallTraining.learningRate, lambdaVolatility: 0.5 }),
      metrics: expect.objectContaining({
        'losses/approx_kl': [expect.objectContaining({ step: 512 }), expect.objectContaining({ step: 1024 })],
      }),
    }),
  ]);
});

test('a training that fails stays in the log as failed, and no candidate is written', async () => {
  const before = await store.list('main/candidates/');
  const failing: TrainingJob = {
    run: async () => {
      throw new ProductError('TRAINER_FAILED', 'died');
    },
  };
  await expect(run({ trial: { ...trial, seed: 9 } }, failing)).rejects.toMatchObject({ code: 'TRAINER_FAILED' });
  expect([...log.values()].map((row) => row.history)).toEqual([['started', 'failed']]);
  expect(await store.list('main/candidates/')).toEqual(before);
});

test('the baseline is a candidate like any other, without a curve', async () => {
  const output = await run({ trial: { ...trial, kind: 'baseline' } });
  expect(output).toMatchObject({ name: 'model-0 inverse volatility', environmentSteps: 0 });
  expect(await getArtifactJson(store, 'main', output.candidate, 'model.json')).toMatchObject({
    kind: 'baseline',
    training: {},
  });
});

test('features without a normaliser of the window, and a state without features, are refused', async () => {
  await expect(run({ trial: { ...trial, trainFrom: dates[270] } })).rejects.toMatchObject({ code: 'TRAIN_NORMALISER' });
  const partial = runStage(trainStage, { strategy: 'main', universe: 'x', date: dates[419], profile: 'quick', trial }, {
    settings,
  } as never);
  await expect(partial).rejects.toMatchObject({ code: 'STAGE_INPUT', kind: 'badInput' });
});

test('a warm start begins with the parameters that the window before ended in, and says when there are none', async () => {
  const before = settings;
  settings = { ...settings, profile: { ...settings.profile, warmStart: true } };
  const jobs: Record<string, Uint8Array>[] = [];
  const real = createSubprocessTrainingJob();
  const job: TrainingJob = {
    run(given) {
      jobs.push(given.files);
      return real.run(given);
    },
  };
  try {
    await expect(run({}, job)).rejects.toMatchObject({ code: 'TRAIN_WARM_START', facts: { window: 0, seed: 0 } });
    const { candidate } = await run({ trial: { ...trial, window: 0 } }, job);
    await run({}, job);
    expect(Object.keys(jobs[0])).not.toContain('initial.npy');
    expect(jobs[1]['initial.npy']).toEqual(await getArtifactFile(store, 'main', candidate, 'parameters.npy'));
  } finally {
    settings = before;
  }
});

test('every member of a population after every generation is in the trial log', async () => {
  const before = settings;
  const population = { members: 2, generations: 2, exploitShare: 0.5, perturb: 1.3 };
  settings = { ...settings, profile: { ...settings.profile, training: { ...smallTraining, population } } };
  try {
    await run();
    const members = [...log.values()].filter(({ metrics }) => 'member' in metrics);
    expect(members).toHaveLength(4);
    for (const { history, metrics, trial: of } of members) {
      expect(history).toEqual(['started', 'finished']);
      expect(of).toEqual(trial);
      expect(metrics).toMatchObject({ learningRate: expect.any(Number), generation: expect.any(Number) });
    }
    expect(log.size).toBe(5);
  } finally {
    settings = before;
  }
});
