import { getArtifactFile, getManifest } from '../../adapters/object-store/port.ts';
import type { Settings } from '../../config/schema.ts';
import { figuresOf } from '../../domain/backtest/figures.ts';
import { riskGroupsHistory } from '../../domain/features/groups.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { loadDataset } from '../../functions/artifacts/dataset.ts';
import { loadFeatures } from '../../functions/artifacts/features.ts';
import { loadModel } from '../../functions/artifacts/model.ts';
import { policyOf, runOver } from '../../functions/validate/out-of-sample.ts';
import { serveInstallation } from '../http/serve.ts';
import { type Installation, openInstallation } from '../installation.ts';
import { readSettings } from '../settings.ts';
import { table } from '../table.ts';
import { parseAlgorithm, type TrainingDay, trainingDay, trainTrials, trialsOf } from '../training.ts';
import { assign, type CommonOptions, parseDate, printJson, wholeNumbers } from './args.ts';
import { stage } from './stage.ts';

export interface TrainOptions extends CommonOptions {
  date?: string;
  algorithm?: string;
  seeds?: string;
  windows?: string;
  set?: string[];
  warmStart?: boolean;
  port?: number;
}

interface Row {
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
  seconds: number;
  candidate: string;
}

/**
 * The stage of the day's plan; or, where anything about it is asked for, a learner on windows x seeds of the day's data, with every policy, snapshots
 * too, judged on the sessions after its window.
 */
export async function train(options: TrainOptions): Promise<number> {
  const own = [options.algorithm, options.seeds, options.windows, options.set, options.warmStart, options.port];
  if (own.every((value) => value === undefined)) return stage('train', options);
  const installation = await openInstallation(options, 'train');
  try {
    const server = options.port === undefined ? null : await serveInstallation(installation, options.port);
    try {
      if (server) console.error(`live learning curve: ${server.url}/`);
      return await trainAndJudge(installation, options);
    } finally {
      await server?.close();
    }
  } finally {
    await installation.close();
  }
}

async function trainAndJudge(installation: Installation, options: TrainOptions): Promise<number> {
  const date = options.date === undefined ? await installation.newestDate() : parseDate(options.date, '--date');
  const settings = settingsOf(installation, options);
  const { training } = settings.profile;
  const day = await trainingDay(installation, date);
  const windows = options.windows === undefined ? null : wholeNumbers(options.windows, '--windows');
  const [seeds] = options.seeds === undefined ? [settings.profile.seeds] : wholeNumbers(options.seeds, '--seeds');
  const trials = trialsOf(day, settings, training.algorithm, windows, seeds);
  const rows: Row[] = [];
  await trainTrials(installation, day, settings, trials, async ({ trial, candidate, environmentSteps, seconds }) => {
    for (const judged of await judge(installation, day, candidate)) {
      const { window, seed, testFrom, testTo } = trial;
      rows.push({ window, seed, testFrom, testTo, ...judged, environmentSteps, seconds, candidate: candidate.hash });
    }
  });
  rows.sort((a, b) => a.window - b.window || a.seed - b.seed || (a.step ?? Infinity) - (b.step ?? Infinity));
  if (options.json) printJson({ date, universe: settings.universe.id, training, trials: rows });
  else print(rows, `${settings.universe.id}, ${training.algorithm}, ${date}\n${settings.universe.sourceLine}`);
  return 0;
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

/** Out of sample, after costs and limits: the last policy, and every snapshot on the way. */
async function judge(installation: Installation, day: TrainingDay, ref: ArtifactRef) {
  const { store, onnxRuntime } = await installation.ports(['store', 'onnxRuntime']);
  const { strategy } = installation.settings.config;
  const [{ panel }, features, loaded, manifest] = await Promise.all([
    loadDataset(store, strategy, day.dataset),
    loadFeatures(store, strategy, day.features),
    loadModel(store, strategy, ref),
    getManifest(store, strategy, ref),
  ]);
  const { limits, costs, trial } = loaded.model;
  const groups = riskGroupsHistory(panel.symbols, features.hubs, features.illiquid);
  const snapshots = Object.keys(manifest.files).filter((name) => name.startsWith('snapshots/'));
  const policies = [
    { step: null, onnx: loaded.policy },
    ...(await Promise.all(
      snapshots.map(async (name) => ({
        step: Number(/(\d+)\.onnx$/.exec(name)?.[1]),
        onnx: await getArtifactFile(store, strategy, ref, name),
      })),
    )),
  ];
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

function print(rows: readonly Row[], title: string): void {
  const percent = (value: number | null): string => (value === null ? '-' : `${(value * 100).toFixed(1)} %`);
  console.log(`${title}\nout of sample, after costs and limits\n`);
  console.log(
    table(
      [
        'window',
        'seed',
        'policy',
        'tested',
        'Sharpe',
        'return/yr',
        'max drawdown',
        'turnover/yr',
        'env steps',
        'seconds',
        'candidate',
      ],
      rows.map((row) => [
        String(row.window),
        String(row.seed),
        row.step === null ? 'last' : `step ${row.step}`,
        `${row.testFrom} ${row.testTo}`,
        row.sharpe?.toFixed(2) ?? '-',
        percent(row.annualReturn),
        percent(row.maxDrawdown),
        percent(row.turnover),
        String(row.environmentSteps),
        row.seconds.toFixed(1),
        row.candidate.slice(0, 12),
      ]),
    ),
  );
}
