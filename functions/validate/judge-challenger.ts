import type { BacktestResult } from '../../domain/backtest/backtest.ts';
import { returnsBetween } from '../../domain/backtest/figures.ts';
import { hashOf } from '../../domain/lineage/canonical.ts';
import type { Gate } from '../../domain/lineage/gate-report.ts';
import { isLearned, type ModelKind } from '../../domain/lineage/model.ts';
import { interquartileMean } from '../../domain/metrics/interquartile-mean.ts';
import { sharpe } from '../../domain/metrics/sharpe.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import type { AlphaGatesConfig } from '../../domain/validation/alpha-gates.ts';
import { pairedBlockBootstrap } from '../../domain/validation/bootstrap.ts';
import {
  type AlphaGateInput,
  evaluateAlphaGates,
  evidenceNotes,
  learningControlGate,
  type OutOfSample,
  verdictOf,
} from '../../domain/validation/gates.ts';
import { runRiskGates } from '../../domain/validation/run-risk-gates.ts';
import { reproducible } from '../artifacts/decision.ts';
import type { Candidate, Evidence } from './evidence.ts';
import { type LearningControl, learningControl } from './learning-control.ts';
import {
  baselineRuns,
  figuresByName,
  outOfSampleRange,
  policyOf,
  runOver,
  type TestRange,
  type TrialReturns,
  trialReturns,
  walkForwardPolicy,
} from './out-of-sample.ts';
import { type Judged, sourcesOf, type ValidateInput, type ValidatePorts } from './types.ts';

/** How the walk-forward of a peer is called in the report. */
const PEER_NAME: Partial<Record<ModelKind, string>> = { ppo: 'PPO', sac: 'SAC', direct: 'directGradients' };

/**
 * Judge the challenger. Which candidate that is was settled before any result was seen: the last window's, first seed. Its
 * out-of-sample series is the walk-forward of that seed alone, because one seed is what would decide: a mean over seeds would
 * flatter it. The other seeds and the peer are shown, and every one counts as a trial; the peer's returns say nothing about how much the
 * challenger's own ratio varies, so they are not in that variance. null: nothing was trained.
 */
export async function judgeChallenger(
  event: ValidateInput,
  evidence: Evidence,
  ports: ValidatePorts,
): Promise<Judged | null> {
  const { data, tensor, trained, peers, champion } = evidence;
  const all = [...trained, ...peers];
  const challenger = trained.find(({ trial }) => trial.window === trained.at(-1)?.trial.window);
  if (!challenger) return null;
  const { gates } = ports.settings.config;
  const { name, kind } = challenger.loaded.model;
  const range = outOfSampleRange(evidence);
  const progress = (done: number): void =>
    ports.progress({
      step: done,
      total: all.length,
      unit: 'candidates',
      message: `${name}: out of sample ${range.from} to ${range.to}`,
    });
  progress(0);
  const everyTrial = await trialReturns(data, all, tensor, progress);
  const trials = everyTrial.slice(0, trained.length);
  const ofSeed = (candidates: readonly Candidate[]): Candidate[] =>
    candidates.filter(({ trial }) => trial.seed === challenger.trial.seed);
  const run = (policy: Parameters<typeof runOver>[1]): Promise<BacktestResult> => runOver(data, policy, range);
  const own = await run(walkForwardPolicy(name, ofSeed(trained), tensor, data.panel));
  const standing = await run(champion.target);
  const baselines = await baselineRuns(data, range);
  const peer =
    peers.length === 0
      ? null
      : await run(
          walkForwardPolicy(PEER_NAME[peers[0].trial.kind] ?? peers[0].trial.kind, ofSeed(peers), tensor, data.panel),
        );
  const series = [own, { ...standing, name: champion.name }, ...(peer ? [peer] : []), ...baselines];
  const volTarget = baselines.find((baseline) => baseline.name === 'volTargetEqualWeight') as BacktestResult;
  const alphaInput: AlphaGateInput = {
    gates: gates.alpha,
    challenger: outOfSample(own, range),
    champion: outOfSample(standing, range),
    volTarget: outOfSample(volTarget, range),
    trials,
    trialCount: Math.max(all.length, await loggedTrials(event.strategy, ports)),
  };
  const same = await reproducible(ports.store, ports.exactRuntime, sourcesOf(event, challenger.ref));
  const control = await learningControl(event.strategy, ports.settings.profile, ports);
  const judged: Gate[] = [
    ...(await runRiskGates(data, policyOf(challenger, tensor), evidence.firstSession, gates.risk, same)),
    ...evaluateAlphaGates(alphaInput),
    learningControlGate(control.ratio, gates.learningControl),
  ];
  const report: Judged['report'] = {
    schema: 1,
    gatesHash: hashOf(gates),
    date: event.date,
    candidate: challenger.ref,
    name,
    kind,
    ...verdictOf(judged),
    gates: judged,
    outOfSample: figuresByName(series, range),
    outOfSampleFrom: range.from,
    outOfSampleTo: range.to,
    trials: alphaInput.trialCount,
    perTrial: everyTrial.map(({ kind, window, seed, returns }) => ({ kind, window, seed, sharpe: sharpe(returns) })),
    notes: [
      ...challengerNotes(challenger, trials, champion.note, control),
      ...(peer ? [peerNote(own, peer, range, gates.alpha)] : []),
      ...evidenceNotes(alphaInput),
    ],
  };
  return { report, series, range };
}

const outOfSample = (result: BacktestResult, { from, to }: TestRange): OutOfSample => ({
  dates: result.dates.filter((date) => date >= from && date <= to),
  returns: returnsBetween(result, from, to),
});

/** What the challenger's learner adds to its peer on the same sessions, windows and seed: an estimate with its interval, not a gate. */
function peerNote(own: BacktestResult, peer: BacktestResult, { from, to }: TestRange, gates: AlphaGatesConfig): string {
  const added = pairedBlockBootstrap(returnsBetween(own, from, to), returnsBetween(peer, from, to), {
    samples: gates.bootstrapSamples,
    blockDays: gates.bootstrapBlockDays,
    random: createRandom(0),
  });
  const said = `What ${own.name} adds to its peer, ${peer.name}, on the same windows and seed: `;
  if (added === null) return `${said}not defined, because the returns of one of them are constant.`;
  const { difference, lower, upper } = added;
  const verdict = lower > 0 ? 'it is better' : upper < 0 ? 'it is worse' : 'no difference can be told from chance';
  return `${said}a Sharpe ratio of ${difference.toFixed(2)} (90 % interval ${lower.toFixed(2)} to ${upper.toFixed(2)}): ${verdict}.`;
}

/** Every trained trial of the log counts, whatever became of it. */
async function loggedTrials(strategy: string, { ledger }: ValidatePorts): Promise<number> {
  return (await ledger.trials(strategy)).filter(({ trial }) => isLearned(trial.kind)).length;
}

function challengerNotes(
  { loaded, trial }: Candidate,
  trials: readonly TrialReturns[],
  championNote: string,
  control: LearningControl,
): string[] {
  const ratios = trials.flatMap(({ returns }) => sharpe(returns) ?? []);
  const middle = interquartileMean(ratios);
  const windows = new Set(trials.map(({ window }) => window)).size;
  const spread =
    ratios.length === 0 ? '' : `, from ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  return [
    `The challenger is the candidate of the last window, seed ${trial.seed}: chosen before any result was seen, never the best seed.`,
    `Its out-of-sample days join ${windows} windows, each decided by the candidate of seed ${trial.seed} that was trained before it. Over all ${trials.length} candidates on their own windows the interquartile mean of the Sharpe ratio is ${middle?.toFixed(2) ?? 'undefined'}${spread}.`,
    `The risk gates run ${loaded.model.name} over the full history, the sessions up to ${trial.trainTo} that it was trained on included.`,
    championNote,
    `Learning control: with the same settings the learner reaches a Sharpe ratio of ${control.achieved.toFixed(2)} on unseen days of a simulated market whose best policy reaches ${control.optimal.toFixed(2)}.`,
  ];
}
