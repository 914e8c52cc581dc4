import { z } from 'zod';
import { putArtifact } from '../../adapters/object-store/port.ts';
import { learnersOf, type Profile } from '../../config/schema.ts';
import { ProductError } from '../../domain/errors.ts';
import { riskGroupsHistory } from '../../domain/features/groups.ts';
import { canonicalJson, hashOf } from '../../domain/lineage/canonical.ts';
import { artifactRefSchema } from '../../domain/lineage/manifest.ts';
import { MODEL_FILES, type Model, modelSchema, type Trial, trialSchema } from '../../domain/lineage/model.ts';
import { JOB_OUTPUT } from '../../domain/training/job.ts';
import type { TrainingSettings } from '../../domain/training/settings.ts';
import { loadDataset } from '../artifacts/dataset.ts';
import { loadFeatures } from '../artifacts/features.ts';
import { runSchema } from '../contracts.ts';
import { defineStage } from '../middleware/stage.ts';
import type { Ports } from '../ports.ts';
import { buildTrainingJob, sightOf } from './job.ts';

const input = runSchema.extend({
  ingest: z.object({ dataset: artifactRefSchema }),
  features: z.object({ features: artifactRefSchema }),
  trial: trialSchema,
});
type Input = z.infer<typeof input>;
const NEEDS = ['settings', 'store', 'ledger', 'trainingJob', 'tracker', 'progress', 'codeVersion'] as const;
type TrainPorts = Pick<Ports, (typeof NEEDS)[number]>;

const recordSchema = z.looseObject({
  environmentSteps: z.number().int(),
  curve: z.array(z.record(z.string(), z.number().nullable())),
});

export const nameOf = (trial: Trial): string =>
  trial.kind === 'baseline' ? 'model-0 inverse volatility' : `${trial.kind} w${trial.window} s${trial.seed}`;

/** The settings that a trial is trained with. The baseline learns nothing; the challenger's settings name it. */
const settingsOf = (trial: Trial, profile: Profile): TrainingSettings =>
  learnersOf(profile).find(({ algorithm }) => algorithm === trial.kind) ?? profile.training;

/** Stage `train`: one (window, seed) of the plan, or the baseline. Every trial is in the log before it starts, and stays there. */
export const trainStage = defineStage({
  name: 'train',
  input,
  needs: NEEDS,
  isFinal: () => true,
  async run(event: Input, ports: TrainPorts) {
    const { settings, ledger } = ports;
    const { strategy, date, trial } = event;
    const configHash = hashOf({
      training: settingsOf(trial, settings.profile),
      limits: settings.universe.limits,
      costs: settings.universe.costs,
    });
    const id = hashOf({
      strategy,
      date,
      trial,
      configHash,
      features: event.features.features.hash,
      codeVersion: ports.codeVersion,
    });
    await ledger.appendTrial({
      id,
      strategy,
      date,
      trial,
      configHash,
      status: 'started',
      candidate: null,
      metrics: {},
    });
    try {
      return await trainTrial(event, id, ports);
    } catch (error) {
      await ledger.finishTrial(id, { status: 'failed', candidate: null, metrics: {} });
      throw error;
    }
  },
});

async function trainTrial(event: Input, id: string, ports: TrainPorts) {
  const { settings, store, ledger } = ports;
  const { strategy, trial } = event;
  const name = nameOf(trial);
  const dataset = event.ingest.dataset;
  const [{ panel }, features] = await Promise.all([
    loadDataset(store, strategy, dataset),
    loadFeatures(store, strategy, event.features.features),
  ]);
  const fitted = features.normalisers[`${trial.trainFrom}..${trial.trainTo}`];
  if (!fitted)
    throw new ProductError('TRAIN_NORMALISER', 'The features hold no normaliser of this training window', {
      facts: { trainFrom: trial.trainFrom, trainTo: trial.trainTo },
      remedy: 'Run the features stage of this day again.',
    });
  const { limits, costs } = settings.universe;
  const training = settingsOf(trial, settings.profile);
  const normaliser = sightOf(fitted, trial, training);
  const groups = riskGroupsHistory(panel.symbols, features.hubs, features.illiquid);
  const { files } = await ports.trainingJob.run({
    id: `${strategy}-${id.slice(0, 16)}`,
    files: buildTrainingJob({ tensor: features.tensor, normaliser, panel, groups, limits, costs, training, trial }),
    onProgress: ({ step, total }) => ports.progress({ step, total, unit: 'env steps', message: name }),
  });
  const record = recordSchema.parse(JSON.parse(new TextDecoder().decode(files[JOB_OUTPUT.record])));
  const model: Model = modelSchema.parse({
    schema: 1,
    name,
    kind: trial.kind,
    universe: settings.universe.id,
    symbols: [...panel.symbols],
    featureSpec: features.spec,
    featureSpecHash: features.specHash,
    normaliser,
    limits,
    costs,
    trial,
    training: trial.kind === 'baseline' ? {} : { ...training },
    dataset,
    features: event.features.features,
    codeVersion: ports.codeVersion,
  } satisfies Model);
  const candidate = await putArtifact(store, strategy, {
    kind: 'candidates',
    files: {
      ...kept(files),
      [MODEL_FILES.policy]: files[JOB_OUTPUT.policy],
      [MODEL_FILES.record]: files[JOB_OUTPUT.record],
      [MODEL_FILES.model]: new TextEncoder().encode(canonicalJson(model)),
    },
    inputs: { dataset, features: event.features.features },
    facts: { name, kind: trial.kind, universe: settings.universe.id },
  });
  const metrics = record.curve.at(-1) ?? {};
  await ports.tracker.logRun(trackedRun(id, event, name, training, record.curve));
  await ledger.finishTrial(id, { status: 'finished', candidate: candidate.hash, metrics });
  return { candidate, trial, name, environmentSteps: record.environmentSteps };
}

/** Policies on the way, and the parameters that a later run may start from. */
const kept = (files: Record<string, Uint8Array>): Record<string, Uint8Array> =>
  Object.fromEntries(
    Object.entries(files).filter(([name]) => name.startsWith('snapshots/') || name === JOB_OUTPUT.parameters),
  );

function trackedRun(
  id: string,
  { strategy, trial, ingest }: Input,
  name: string,
  training: TrainingSettings,
  curve: Record<string, number | null>[],
) {
  const { reward, ...scalars } = training;
  const params = Object.fromEntries(
    Object.entries({ ...scalars, ...reward }).map(([key, value]) => [
      key,
      value === null ? 'none' : typeof value === 'object' ? canonicalJson(value) : value,
    ]),
  );
  const names = [...new Set(curve.flatMap((point) => Object.keys(point)))];
  const series = (metric: string) =>
    curve.flatMap((point, index) =>
      typeof point[metric] === 'number' ? [{ step: Number(point.global_step ?? index), value: point[metric] }] : [],
    );
  return {
    id,
    experiment: strategy,
    name,
    params,
    metrics: Object.fromEntries(names.map((metric) => [metric, series(metric)])),
    tags: { kind: trial.kind, window: String(trial.window), seed: String(trial.seed), dataset: ingest.dataset.hash },
  };
}
