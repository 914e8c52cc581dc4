import type { BacktestResult, MarketData, TargetPolicy } from '../../domain/backtest/backtest.ts';
import { riskGroupsHistory } from '../../domain/features/groups.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import type { Trial } from '../../domain/lineage/model.ts';
import { loadDataset } from '../../functions/artifacts/dataset.ts';
import { type LoadedFeatures, loadFeatures } from '../../functions/artifacts/features.ts';
import { loadModel } from '../../functions/artifacts/model.ts';
import {
  baselineRuns,
  policyOf,
  runOver,
  type TestRange,
  type TrainedTrial,
  walkForwardPolicy,
} from '../../functions/validate/out-of-sample.ts';
import type { Installation } from '../installation.ts';
import { type TrainedTrialOutput, type TrainingDay, trainingDay, trainTrials } from '../training.ts';
import { type LearnerOptions, type LearnerPlan, learnerPlan } from './learner-plan.ts';
import { type LearnerDocument, type StudiedRuns, summarise } from './learner-summary.ts';

/** With fewer seeds than this, a study says so. */
const ENOUGH_SEEDS = 3;

interface Evidence {
  readonly day: TrainingDay;
  readonly data: MarketData;
  readonly features: LoadedFeatures;
  readonly range: TestRange;
}

/**
 * What the learners earn out of sample: trained on every window of the plan, judged on the sessions after it, one book through all windows,
 * seed by seed, beside the baselines on the same sessions, costs and limits. Seeds are the outermost loop, so that complete seeds exist
 * whenever the study is ended; what was trained before is answered from memory, so that it goes on where it was cut off.
 */
export async function learnerStudy(
  installation: Installation,
  date: string,
  options: LearnerOptions,
): Promise<{ document: LearnerDocument; runs: StudiedRuns }> {
  const planOf = learnerPlan(installation, options);
  const day = await trainingDay(installation, date);
  const plan = planOf(day);
  const evidence = await gather(installation, day, plan);
  const runs: StudiedRuns = {
    learners: emptyRuns(plan),
    baselines: [await modelZero(installation, evidence), ...(await baselineRuns(evidence.data, evidence.range))],
  };
  const complete = await trainSeeds(installation, evidence, plan, runs);
  const document = summarise(runs, {
    date,
    universe: installation.settings.universe,
    gates: installation.settings.config.gates.alpha,
    range: evidence.range,
    windows: [...new Set(plan.learners[0].trials.map(({ window }) => window))],
    notes: shortfall(complete, plan),
  });
  return { document, runs };
}

const emptyRuns = ({ learners }: LearnerPlan): StudiedRuns['learners'] =>
  learners.map(({ algorithm, settings }) => ({
    algorithm,
    training: settings.profile.training,
    warmStart: settings.profile.warmStart,
    seeds: [],
  }));

/** The learners of a plan alone, on the features of a day that may be another's: its walk-forwards by seed, and the sessions that are judged. */
export async function trainedRuns(
  installation: Installation,
  day: TrainingDay,
  plan: LearnerPlan,
): Promise<{ learners: StudiedRuns['learners']; range: TestRange }> {
  const evidence = await gather(installation, day, plan);
  const learners = emptyRuns(plan);
  await trainSeeds(installation, evidence, plan, { learners, baselines: [] });
  return { learners, range: evidence.range };
}

async function gather(installation: Installation, day: TrainingDay, { learners }: LearnerPlan): Promise<Evidence> {
  const { store } = await installation.ports(['store']);
  const { config, universe } = installation.settings;
  const [{ panel }, features] = await Promise.all([
    loadDataset(store, config.strategy, day.dataset),
    loadFeatures(store, config.strategy, day.features),
  ]);
  const groups = riskGroupsHistory(panel.symbols, features);
  const { trials } = learners[0];
  return {
    day,
    data: { panel, groups, limits: universe.limits, costs: universe.costs },
    features,
    range: { from: trials[0].testFrom, to: (trials.at(-1) as Trial).testTo },
  };
}

/** Seed after seed, until there are as many as asked for or the time is used up. @returns how many. */
async function trainSeeds(
  installation: Installation,
  evidence: Evidence,
  plan: LearnerPlan,
  { learners }: StudiedRuns,
): Promise<number> {
  const started = performance.now();
  let longest = 0;
  for (let seed = 1; seed <= plan.seeds; seed++) {
    const begun = performance.now();
    // A seed that could not end in time is not begun: half a seed is no result.
    if (plan.hours !== null && seed > 1 && begun - started + longest > plan.hours * 3_600_000) return seed - 1;
    const outputs = await trainSeed(installation, evidence.day, plan, seed);
    for (const learner of learners) {
      const own = outputs.filter(({ trial }) => trial.kind === learner.algorithm);
      const run = await walkForward(installation, evidence, own, (trained) =>
        walkForwardPolicy(learner.algorithm, trained, evidence.features.tensor, evidence.data.panel),
      );
      learner.seeds.push({ seed, run, environmentSteps: own.reduce((sum, o) => sum + o.environmentSteps, 0) });
    }
    longest = Math.max(longest, performance.now() - begun);
  }
  return plan.seeds;
}

/** All learners and windows of one seed, so many trials at once; with a warm start the windows of a learner one after the other. */
async function trainSeed(
  installation: Installation,
  day: TrainingDay,
  { learners, parallel }: LearnerPlan,
  seed: number,
): Promise<TrainedTrialOutput[]> {
  const outputs: TrainedTrialOutput[] = [];
  const tasks = learners.flatMap(({ settings, trials }) => {
    const own = trials.filter((trial) => trial.seed === seed);
    const groups = settings.profile.warmStart ? [own] : own.map((trial) => [trial]);
    return groups.map((group) => () => trainTrials(installation, day, settings, group, done));
  });
  const total = learners.reduce((sum, { trials }) => sum + trials.filter((trial) => trial.seed === seed).length, 0);
  const done = (output: TrainedTrialOutput): void => {
    const { kind, window } = output.trial;
    outputs.push(output);
    installation.progress.note(
      `seed ${seed}: ${outputs.length} of ${total} trials, ${kind} window ${window} in ${output.seconds.toFixed(1)} s`,
    );
  };
  const next = tasks.values();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (const task of next) await task();
    }),
  );
  return outputs;
}

/** Model 0, which learns nothing, with the normaliser of the day's plan. */
async function modelZero(installation: Installation, evidence: Evidence): Promise<BacktestResult> {
  const baseline = evidence.features.trials.filter(({ kind }) => kind === 'baseline');
  const outputs = await trainTrials(installation, evidence.day, installation.settings, baseline);
  return walkForward(installation, evidence, outputs, ([only]) => policyOf(only, evidence.features.tensor));
}

/** Candidates as one policy over the sessions that are judged, after costs and limits. */
async function walkForward(
  installation: Installation,
  { data, range }: Evidence,
  outputs: readonly { candidate: ArtifactRef }[],
  policyFrom: (trained: readonly TrainedTrial[]) => TargetPolicy,
): Promise<BacktestResult> {
  const { store, onnxRuntime } = await installation.ports(['store', 'onnxRuntime']);
  const { strategy } = installation.settings.config;
  const opened: { close(): Promise<void> }[] = [];
  try {
    const trained: TrainedTrial[] = [];
    for (const { candidate } of outputs) {
      const loaded = await loadModel(store, strategy, candidate);
      const policy = await onnxRuntime.load(loaded.policy);
      opened.push(policy);
      trained.push({ trial: loaded.model.trial, loaded, policy });
    }
    return await runOver(data, policyFrom(trained), range);
  } finally {
    for (const policy of opened) await policy.close();
  }
}

function shortfall(complete: number, { seeds, hours }: LearnerPlan): string[] {
  const notes: string[] = [];
  if (complete < seeds)
    notes.push(`${complete} of ${seeds} seeds: the time (${hours} h) was used up. The same command goes on from here.`);
  if (complete < ENOUGH_SEEDS) notes.push(`Fewer than ${ENOUGH_SEEDS} seeds say little about a learner.`);
  return notes;
}
