import type { Settings, Stage } from '../config/schema.ts';
import { badInput } from '../domain/errors.ts';
import type { ArtifactRef } from '../domain/lineage/manifest.ts';
import type { Trial } from '../domain/lineage/model.ts';
import { ALGORITHMS, type Algorithm } from '../domain/training/settings.ts';
import { walkForwardTrials } from '../domain/validation/walk-forward.ts';
import { loadDataset } from '../functions/artifacts/dataset.ts';
import { createHandler } from '../functions/train/handler.ts';
import { runInput } from './daily.ts';
import type { Installation } from './installation.ts';
import { readState } from './run-state.ts';
import { eachOf } from './seats.ts';
import { runStageOf } from './stage.ts';

type TrainOutput = { candidate: ArtifactRef; environmentSteps: number; name: string };

const DATA_STAGES: readonly Stage[] = ['ingest', 'graph', 'embeddings', 'features'];

/** What a day's data stages left for training. */
export interface TrainingDay {
  readonly date: string;
  readonly dataset: ArtifactRef;
  readonly features: ArtifactRef;
  /** Sessions of the dataset. */
  readonly dates: readonly string[];
}

/**
 * What training of a day stands on; the data stages that have not run for it in this home are run.
 * @throws DAY_CLOSED where the day is no session.
 */
export async function trainingDay(installation: Installation, date: string): Promise<TrainingDay> {
  for (const stage of DATA_STAGES) {
    if (!(stage in readState(installation, date))) await runStageOf(installation, stage, date);
    const { open, reason } = readState(installation, date).ingest as { open: boolean; reason: string };
    if (open) continue;
    throw badInput('DAY_CLOSED', 'There is nothing to train on for this day', {
      facts: { date, reason },
      remedy: 'Name a session with --date, or leave it out for the newest one.',
    });
  }
  const state = readState(installation, date) as unknown as {
    ingest: { dataset: ArtifactRef };
    features: { features: ArtifactRef };
  };
  const { store } = await installation.ports(['store']);
  const { panel } = await loadDataset(store, installation.settings.config.strategy, state.ingest.dataset);
  return { date, dataset: state.ingest.dataset, features: state.features.features, dates: panel.dates };
}

/** The trials of some windows (all, where null) and seeds of the profile's plan, by window. */
export function trialsOf(
  { dates }: TrainingDay,
  { profile }: Settings,
  algorithm: Algorithm,
  windows: readonly number[] | null,
  seeds: number,
): Trial[] {
  const all = walkForwardTrials(dates, { ...profile, seeds, algorithms: [algorithm] }).filter(
    ({ kind }) => kind === algorithm,
  );
  const known = [...new Set(all.map(({ window }) => window))];
  const unknown = windows?.find((window) => !known.includes(window));
  if (unknown !== undefined || all.length === 0) {
    throw badInput('TRAIN_WINDOW_UNKNOWN', 'There is no such window in the plan', {
      facts: { option: '--windows', value: unknown ?? null, known, sessions: dates.length },
      remedy: known.length > 0 ? 'Name windows of the plan, oldest 0.' : 'Import a longer history.',
    });
  }
  return all.filter(({ window }) => windows === null || windows.includes(window));
}

/** What came of one trial. */
export interface TrainedTrialOutput {
  readonly trial: Trial;
  readonly name: string;
  readonly candidate: ArtifactRef;
  readonly environmentSteps: number;
  readonly seconds: number;
  /** It was trained before, and answered from memory. */
  readonly remembered: boolean;
}

/**
 * Train trials with some settings by the stage's own handler: candidates in the store, every trial in the log, and one that was trained before
 * is answered from memory, so that a study that was cut off goes on. As many at a time as the machine has cores for their workers; with a warm
 * start, one after the other.
 */
export async function trainTrials(
  installation: Installation,
  day: TrainingDay,
  settings: Settings,
  trials: readonly Trial[],
  onDone: (output: TrainedTrialOutput) => Promise<void> | void = () => {},
): Promise<TrainedTrialOutput[]> {
  const handler = createHandler(async (needs) => ({ ...(await installation.ports(needs)), settings }));
  const base = {
    ...runInput(installation, day.date),
    ingest: { dataset: day.dataset },
    features: { features: day.features },
  };
  const { warmStart, training } = settings.profile;
  const { cores, metrics } = installation;
  const one = async (trial: Trial): Promise<TrainedTrialOutput> => {
    const output = await cores.sit(training.workers, async () => {
      const started = performance.now();
      const { candidate, environmentSteps, name } = (await handler({ ...base, trial })) as TrainOutput;
      const seconds = (performance.now() - started) / 1000;
      return { trial, name, candidate, environmentSteps, seconds, remembered: metrics.wasUnchanged('train') };
    });
    await onDone(output);
    return output;
  };
  return eachOf(trials, warmStart ? 1 : cores.count, one);
}

/** The algorithm that a word names. */
export function parseAlgorithm(value: string, option = '--algorithm'): Algorithm {
  const algorithm = ALGORITHMS.find((known) => known === value);
  if (algorithm) return algorithm;
  throw badInput('USAGE_ALGORITHM', 'There is no such learner', {
    facts: { option, value, known: [...ALGORITHMS] },
    remedy: 'Name one of the known learners.',
  });
}
