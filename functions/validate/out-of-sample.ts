import {
  type BacktestResult,
  type MarketData,
  modelPolicy,
  runBacktest,
  type TargetPolicy,
} from '../../domain/backtest/backtest.ts';
import { figuresOf, returnsBetween } from '../../domain/backtest/figures.ts';
import type { FeatureTensor } from '../../domain/features/spec.ts';
import type { Figures } from '../../domain/lineage/gate-report.ts';
import type { ModelKind, Trial } from '../../domain/lineage/model.ts';
import type { MarketPanel } from '../../domain/market/panel.ts';
import { baselinePolicies } from '../../domain/policy/baselines.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import type { LoadedModel } from '../artifacts/model.ts';

/** A trained candidate, its policy loaded. */
export interface TrainedTrial {
  trial: Trial;
  loaded: LoadedModel;
  policy: Policy;
}

/** Sessions that are judged, ISO dates, inclusive. */
export interface TestRange {
  from: string;
  to: string;
}

/** A decision at t is filled at t + 1 and earns from t + 2 on: start two sessions early, so that the first test session is earned. */
const LEAD = 2;

/** From the first test session of the walk-forward to its last; without trained candidates, the baseline's own test sessions. */
export function outOfSampleRange({
  baseline,
  trained,
}: {
  baseline: TrainedTrial;
  trained: readonly TrainedTrial[];
}): TestRange {
  const trials = trained.length > 0 ? trained.map(({ trial }) => trial) : [baseline.trial];
  return {
    from: trials.map(({ testFrom }) => testFrom).sort()[0],
    to: trials.map(({ testTo }) => testTo).sort()[trials.length - 1],
  };
}

/** Every baseline of the literature over the same sessions, at the same costs and lag. */
export async function baselineRuns(data: MarketData, range: TestRange): Promise<BacktestResult[]> {
  const runs: BacktestResult[] = [];
  for (const policy of baselinePolicies()) runs.push(await runOver(data, policy, range));
  return runs;
}

/** Figures by policy over the judged sessions. */
export const figuresByName = (runs: readonly BacktestResult[], { from, to }: TestRange): Record<string, Figures> =>
  Object.fromEntries(runs.map((run) => [run.name, figuresOf(run, from, to)]));

export const policyOf = (
  { loaded, policy }: Pick<TrainedTrial, 'loaded' | 'policy'>,
  tensor: FeatureTensor,
): TargetPolicy => modelPolicy(loaded.model.name, policy, tensor, loaded.model.normaliser);

/** Run a policy so that its returns from `range.from` to `range.to` are those of a book that is invested. */
export function runOver(data: MarketData, policy: TargetPolicy, range: TestRange): Promise<BacktestResult> {
  const first = data.panel.dates.indexOf(range.from);
  const last = data.panel.dates.indexOf(range.to);
  return runBacktest(data, policy, Math.max(0, first - LEAD), last);
}

export interface TrialReturns {
  kind: ModelKind;
  window: number;
  seed: number;
  returns: Float64Array;
}

/** Each candidate on the test sessions of its own window, from all cash. */
export async function trialReturns(
  data: MarketData,
  trials: readonly TrainedTrial[],
  tensor: FeatureTensor,
  onDone: (done: number) => void,
): Promise<TrialReturns[]> {
  const results: TrialReturns[] = [];
  for (const each of trials) {
    const { kind, window, seed, testFrom: from, testTo: to } = each.trial;
    const result = await runOver(data, policyOf(each, tensor), { from, to });
    results.push({ kind, window, seed, returns: returnsBetween(result, from, to) });
    onDone(results.length);
  }
  return results;
}

/**
 * The walk-forward of one seed as one policy: on each session decides the candidate whose test window has begun last, one book
 * throughout, so that moving from window to window costs what it costs.
 */
export function walkForwardPolicy(
  name: string,
  trials: readonly TrainedTrial[],
  tensor: FeatureTensor,
  panel: MarketPanel,
): TargetPolicy {
  const windows = [...trials].sort((a, b) => a.trial.window - b.trial.window);
  const starts = windows.map(({ trial }) => panel.dates.indexOf(trial.testFrom) - LEAD);
  const policies = windows.map((each) => policyOf(each, tensor));
  const at = (t: number): TargetPolicy =>
    policies[
      Math.max(
        0,
        starts.findLastIndex((start) => start <= t),
      )
    ];
  return {
    name,
    usable: (t, market) => (at(t).usable as NonNullable<TargetPolicy['usable']>)(t, market),
    decide: (t, book, data) => at(t).decide(t, book, data),
  };
}
