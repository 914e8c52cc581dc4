import { z } from 'zod';
import { getArtifactFile, putArtifact } from '../../adapters/object-store/port.ts';
import { learnersOf, type Profile } from '../../config/schema.ts';
import { ProductError } from '../../domain/errors.ts';
import { riskGroupsHistory } from '../../domain/features/groups.ts';
import { type AnchorSettings, anchorName } from '../../domain/features/spec.ts';
import { canonicalJson, hashOf } from '../../domain/lineage/canonical.ts';
import { artifactRefSchema } from '../../domain/lineage/manifest.ts';
import { MODEL_FILES, type Model, modelSchema, type Trial, trialSchema } from '../../domain/lineage/model.ts';
import { JOB_OUTPUT } from '../../domain/training/job.ts';
import { decodeNpy } from '../../domain/training/npy.ts';
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
  population: z
    .object({
      winner: z.number().int(),
      lineage: z.array(
        z.object({
          generation: z.number().int(),
          member: z.number().int(),
          hyperparameters: z.record(z.string(), z.number()),
          score: z.number().nullable(),
          copied: z.number().int().nullable(),
        }),
      ),
    })
    .optional(),
});

export const nameOf = (trial: Trial, anchor?: AnchorSettings): string =>
  trial.kind === 'baseline' ? `model-0 ${anchorName(anchor)}` : `${trial.kind} w${trial.window} s${trial.seed}`;

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
  const name = nameOf(trial, settings.universe.anchor);
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
  const groups = riskGroupsHistory(panel.symbols, features);
  const initial = settings.profile.warmStart ? await parametersBefore(event, id, ports) : null;
  const { files } = await ports.trainingJob.run({
    id: `${strategy}-${id.slice(0, 16)}`,
    files: buildTrainingJob({
      tensor: features.tensor,
      normaliser,
      panel,
      groups,
      limits,
      costs,
      training,
      trial,
      initial,
    }),
    onProgress: ({ step, total, point }) => ports.progress({ step, total, unit: 'env steps', task: name, point }),
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
  await logMembers(event, id, record.population, ports);
  await ports.tracker.logRun(trackedRun(id, event, name, training, record.curve));
  await ledger.finishTrial(id, { status: 'finished', candidate: candidate.hash, metrics });
  return { candidate, trial, name, environmentSteps: record.environmentSteps };
}

/** The parameters that the same learner and seed ended in on the window before; null on the first. */
async function parametersBefore({ strategy, date, trial }: Input, id: string, { store, ledger }: TrainPorts) {
  if (trial.window === 0 || trial.kind === 'baseline') return null;
  const rows = await ledger.trials(strategy);
  const { configHash } = rows.find((row) => row.id === id) ?? {};
  const before = rows.findLast(
    (row) =>
      row.date === date &&
      row.status === 'finished' &&
      row.configHash === configHash &&
      row.trial.kind === trial.kind &&
      row.trial.seed === trial.seed &&
      row.trial.window === trial.window - 1,
  );
  if (!before?.candidate) {
    throw new ProductError('TRAIN_WARM_START', 'The window before has no finished training to start from', {
      facts: { kind: trial.kind, seed: trial.seed, window: trial.window - 1 },
      remedy: 'Train the windows in their order, or set warmStart to false in the profile.',
    });
  }
  const ref = { kind: 'candidates' as const, hash: before.candidate };
  const bytes = await getArtifactFile(store, strategy, ref, JOB_OUTPUT.parameters);
  return decodeNpy(bytes, JOB_OUTPUT.parameters).data as Float64Array;
}

/** Every member of a population after every generation is a trial of its own: what was tried counts, whatever became of it. */
async function logMembers(
  { strategy, date, trial }: Input,
  id: string,
  population: z.infer<typeof recordSchema>['population'],
  { ledger }: TrainPorts,
): Promise<void> {
  for (const { generation, member, hyperparameters, score, copied } of population?.lineage ?? []) {
    const own = hashOf({ id, generation, member });
    await ledger.appendTrial({
      id: own,
      strategy,
      date,
      trial,
      configHash: hashOf(hyperparameters),
      status: 'started',
      candidate: null,
      metrics: {},
    });
    await ledger.finishTrial(own, {
      status: 'finished',
      candidate: null,
      metrics: { ...hyperparameters, generation, member, score, copied },
    });
  }
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
