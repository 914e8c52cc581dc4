import { getArtifactFile, getManifest } from '../../adapters/object-store/port.ts';
import type { Settings } from '../../config/schema.ts';
import { figuresOf } from '../../domain/backtest/figures.ts';
import { riskGroupsHistory } from '../../domain/features/groups.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { JOB_OUTPUT } from '../../domain/training/job.ts';
import { assertWorkers } from '../../domain/training/settings.ts';
import { loadDataset } from '../../functions/artifacts/dataset.ts';
import { loadFeatures } from '../../functions/artifacts/features.ts';
import { loadModel } from '../../functions/artifacts/model.ts';
import { policyOf, runOver } from '../../functions/validate/out-of-sample.ts';
import { serveInstallation } from '../http/serve.ts';
import { type Installation, openInstallation } from '../installation.ts';
import { readSettings } from '../settings.ts';
import { runStageOf } from '../stage.ts';
import { table } from '../table.ts';
import {
  parseAlgorithm,
  type TrainedTrialOutput,
  type TrainingDay,
  trainingDay,
  trainTrials,
  trialsOf,
} from '../training.ts';
import { assign, type CommonOptions, count, parseDate, printJson, wholeNumbers } from './args.ts';

export interface TrainOptions extends CommonOptions {
  date?: string;
  algorithm?: string;
  seeds?: string;
  windows?: string;
  set?: string[];
  warmStart?: boolean;
  port?: number;
}

/** A policy, judged out of sample. */
interface Row {
  name: string;
  window: number;
  seed: number;
  /** null: the policy that training ended in. */
  step: number | null;
  testFrom: string;
  testTo: string;
  sharpe: number | null;
  annualReturn: number | null;
  maxDrawdown: number | null;
  turnover: number | null;
  environmentSteps: number;
  /** null: it was trained before, and answered from memory. */
  seconds: number | null;
  candidate: string;
}

type Trained = Pick<TrainedTrialOutput, 'trial' | 'name' | 'candidate' | 'environmentSteps'>;

/**
 * The day's own plan; or, where anything about it is asked for, a learner on windows x seeds of the day's data. Every policy, snapshots too, is
 * judged on the sessions after its window.
 */
export async function train(options: TrainOptions): Promise<number> {
  const own = [options.algorithm, options.seeds, options.windows, options.set, options.warmStart];
  const installation = await openInstallation(options, 'train');
  try {
    const settings = settingsOf(installation, options);
    const date = options.date === undefined ? await installation.newestDate() : parseDate(options.date, '--date');
    const server = options.port === undefined ? null : await serveInstallation(installation, options.port);
    try {
      if (server) installation.progress.note(`learning curves  ${server.url}/`);
      if (own.every((value) => value === undefined)) await trainPlan(installation, date, options);
      else await trainOwn(installation, settings, date, options);
    } finally {
      await server?.close();
    }
    return 0;
  } finally {
    await installation.close();
  }
}

/** Stage `train`: baseline, challenger's learner and its peer, as `npm start` would train them. */
async function trainPlan(installation: Installation, date: string, { json }: TrainOptions): Promise<void> {
  const day = await trainingDay(installation, date);
  const run = await runStageOf(installation, 'train', date);
  if (json) return printJson({ date, ...run });
  const rows: Row[] = [];
  for (const trained of run.output as Trained[]) rows.push(...(await rowsOf(installation, day, trained, null)));
  print(rows, installation.settings, `the plan of ${date} (${run.status} in ${run.seconds.toFixed(1)} s)`);
}

async function trainOwn(
  installation: Installation,
  settings: Settings,
  date: string,
  options: TrainOptions,
): Promise<void> {
  const { training } = settings.profile;
  assertWorkers(training, installation.cores.count);
  const windows = options.windows === undefined ? null : wholeNumbers(options.windows, '--windows');
  const seeds = options.seeds === undefined ? settings.profile.seeds : count(options.seeds, '--seeds');
  const day = await trainingDay(installation, date);
  const trials = trialsOf(day, settings, training.algorithm, windows, seeds);
  const { progress } = installation;
  progress.stage('train');
  progress.expect(trials.length);
  const rows: Row[] = [];
  await trainTrials(installation, day, settings, trials, async (output) => {
    progress.done('train', output.remembered ? 'unchanged' : 'done', output.name);
    rows.push(...(await rowsOf(installation, day, output, output.remembered ? null : output.seconds)));
  });
  if (options.json) printJson({ date, universe: settings.universe.id, training, trials: rows.sort(inOrder) });
  else print(rows, settings, `${training.algorithm} on the data of ${date}`);
}

/** The settings of this training: what `--algorithm` and `--set` say is laid over the configuration. */
function settingsOf({ home }: Installation, options: TrainOptions): Settings {
  const algorithm = options.algorithm === undefined ? undefined : parseAlgorithm(options.algorithm);
  const training: Record<string, unknown> = { ...(algorithm && { algorithm }) };
  for (const assignment of options.set ?? []) assign(training, assignment);
  const settings = readSettings(options, home, { training });
  const { warmStart = settings.profile.warmStart } = options;
  return { ...settings, profile: { ...settings.profile, warmStart } };
}

async function rowsOf(
  installation: Installation,
  day: TrainingDay,
  { trial, name, candidate, environmentSteps }: Trained,
  seconds: number | null,
): Promise<Row[]> {
  const { window, seed, testFrom, testTo } = trial;
  const judged = await judge(installation, day, candidate, environmentSteps);
  return judged.map((row) => ({
    ...{ name, window, seed, testFrom, testTo },
    ...row,
    ...{ environmentSteps: row.step ?? environmentSteps, seconds, candidate: candidate.hash },
  }));
}

/** Out of sample, after costs and limits: every snapshot on the way, and the last policy. */
async function judge(installation: Installation, day: TrainingDay, ref: ArtifactRef, lastStep: number) {
  const { store, onnxRuntime } = await installation.ports(['store', 'onnxRuntime']);
  const { strategy } = installation.settings.config;
  const [{ panel }, features, loaded, manifest] = await Promise.all([
    loadDataset(store, strategy, day.dataset),
    loadFeatures(store, strategy, day.features),
    loadModel(store, strategy, ref),
    getManifest(store, strategy, ref),
  ]);
  const { limits, costs, trial } = loaded.model;
  const groups = riskGroupsHistory(panel.symbols, features);
  const steps = Object.keys(manifest.files).flatMap((name) => /^snapshots\/(\d+)\.onnx$/.exec(name)?.[1] ?? []);
  const before = steps.map(Number).filter((step) => step < lastStep);
  const policies: { step: number | null; onnx: Uint8Array }[] = [{ step: null, onnx: loaded.policy }];
  for (const step of before)
    policies.push({ step, onnx: await getArtifactFile(store, strategy, ref, JOB_OUTPUT.snapshot(step)) });
  const judged = [];
  for (const { step, onnx } of policies) {
    const policy = await onnxRuntime.load(onnx);
    try {
      const target = policyOf({ loaded, policy }, features.tensor);
      const range = { from: trial.testFrom, to: trial.testTo };
      const result = await runOver({ panel, groups, limits, costs }, target, range);
      const { sharpe, annualReturn, maxDrawdown, turnover } = figuresOf(result, range.from, range.to);
      judged.push({ step, sharpe, annualReturn, maxDrawdown, turnover });
    } finally {
      await policy.close();
    }
  }
  return judged;
}

const inOrder = (a: Row, b: Row): number =>
  a.window - b.window ||
  a.seed - b.seed ||
  Number(a.name > b.name) - Number(a.name < b.name) ||
  (a.step ?? Infinity) - (b.step ?? Infinity);

function print(rows: Row[], { universe }: Settings, what: string): void {
  const percent = (value: number | null, digits = 1): string =>
    value === null ? '-' : `${(value * 100).toFixed(digits).replace(/^-(0\.?0*)$/, '$1')} %`;
  const header = ['policy', 'judged on', 'Sharpe', 'return/yr', 'max drawdown', 'turnover/yr', 'env steps', 'seconds'];
  const lines = rows
    .sort(inOrder)
    .map((row) => [
      row.step === null ? row.name : `${row.name} at step ${row.step}`,
      `${row.testFrom} to ${row.testTo}`,
      row.sharpe?.toFixed(2) ?? '-',
      percent(row.annualReturn),
      percent(row.maxDrawdown),
      percent(row.turnover, 0),
      row.environmentSteps.toLocaleString('en-US'),
      row.seconds?.toFixed(1) ?? '-',
      row.candidate.slice(0, 12),
    ]);
  console.log(`\n${universe.id}: ${what}, out of sample, after costs and limits\n`);
  console.log(table([...header, 'candidate'], lines, 2));
  console.log(
    '\nEvery trial is in the log and counts when a Sharpe ratio is deflated. With intervals, beside baselines: drl research learners',
  );
  console.log(universe.sourceLine);
}
