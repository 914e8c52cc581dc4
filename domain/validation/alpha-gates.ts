import type { Gate } from '../lineage/gate-report.ts';
import { SESSIONS_PER_YEAR } from '../metrics/moments.ts';
import { normalCdf } from '../metrics/normal-distribution.ts';
import { trackRecordOf } from '../metrics/psr.ts';
import { dailySharpe, sharpe, sharpeStandardError } from '../metrics/sharpe.ts';
import { createRandom } from '../simulation/random.ts';
import { pairedBlockBootstrap } from './bootstrap.ts';
import { deflatedSharpe, expectedMaximumSharpe } from './deflated-sharpe.ts';
import { effectiveTrials } from './effective-trials.ts';
import { pbo } from './pbo.ts';

/** Thresholds of the alpha gates; as in the configuration. */
export interface AlphaGatesConfig {
  minSharpe: number;
  sharpeYears: number;
  minDeflatedSharpe: number;
  maxPbo: number;
  /** null: PBO is not among the gates. */
  pboMinTrials: number | null;
  bootstrapLowerBound: number;
  bootstrapSamples: number;
  bootstrapBlockDays: number;
  minDays: number;
}

/** Net daily returns over the whole walk-forward, test windows joined. */
export interface OutOfSample {
  dates: readonly string[];
  returns: Float64Array;
}

export interface AlphaGateInput {
  gates: AlphaGatesConfig;
  /** The challenger as it would be run (all seeds, never the best one). */
  challenger: OutOfSample;
  /** The champion and volatility-targeted 1/N over the same sessions. */
  champion: OutOfSample;
  volTarget: OutOfSample;
  /** Out-of-sample returns of every trained trial; trials of one window share their sessions. */
  trials: readonly { window: number; seed: number; returns: Float64Array }[];
  /** From the trial log: every seed, window, population member and aborted run. At least `trials.length`. */
  trialCount: number;
  /** Seed of the bootstrap. */
  seed?: number;
}

/** What a challenger must pass to replace the champion; each failure says why in plain words. */
export function evaluateAlphaGates(input: AlphaGateInput): Gate[] {
  return [
    sharpeGate(input),
    deflatedGate(input),
    bootstrapGate('notWorseThanChampion', input, input.champion),
    bootstrapGate('notWorseThanVolTarget', input, input.volTarget),
    ...pboGate(input),
  ];
}

const alpha = (gate: string, value: number | null, threshold: number, pass: boolean, reason: string): Gate => ({
  gate,
  group: 'alpha',
  value,
  threshold,
  pass,
  ...(pass ? {} : { reason }),
});

/** "too little evidence" where there are fewer sessions than the configuration asks for. */
function tooLittle(days: number, gates: AlphaGatesConfig): string | null {
  if (days >= gates.minDays) return null;
  const error = sharpeStandardError(days);
  return `too little evidence: ${days} days${error === null ? '' : ` give a standard error of ${error.toFixed(2)}`} (at least ${gates.minDays} are needed)`;
}

function sharpeGate({ gates, challenger }: AlphaGateInput): Gate {
  const wanted = Math.round(gates.sharpeYears * SESSIONS_PER_YEAR);
  const last = challenger.returns.subarray(Math.max(0, challenger.returns.length - wanted));
  const missing = tooLittle(last.length, gates);
  const value = missing === null ? sharpe(last) : null;
  if (value === null)
    return alpha(
      'sharpe',
      null,
      gates.minSharpe,
      false,
      missing ?? 'the returns are constant: there is no Sharpe ratio',
    );
  const error = sharpeStandardError(last.length) as number;
  const pass = value >= gates.minSharpe && last.length >= wanted;
  const short = last.length < wanted ? `too little evidence: ${last.length} days, ${wanted} are needed; ` : '';
  return alpha(
    'sharpe',
    value,
    gates.minSharpe,
    pass,
    `${short}the out-of-sample Sharpe ratio over ${last.length} days is ${value.toFixed(2)} (standard error ${error.toFixed(2)}), ${gates.minSharpe.toFixed(2)} is asked for`,
  );
}

/**
 * Effective number of trials: clusters among the seeds of each window, summed, plus every logged trial that left no returns. The
 * variance of trial Sharpe ratios is that of the seeds' whole paths, but no less than 1 / n: what zero-skill trials show.
 */
export function trialStatistics({ trials, trialCount, challenger }: AlphaGateInput): {
  effective: number;
  variance: number;
} {
  const windows = [...new Set(trials.map(({ window }) => window))];
  const clusters = windows.reduce(
    (sum, w) => sum + effectiveTrials(trials.filter(({ window }) => window === w).map(({ returns }) => returns)),
    0,
  );
  const effective = clusters + Math.max(0, trialCount - trials.length);
  const ratios = seedPaths(trials).flatMap((path) => dailySharpe(path) ?? []);
  const mean = ratios.reduce((sum, r) => sum + r, 0) / ratios.length;
  const spread = ratios.length < 2 ? 0 : ratios.reduce((sum, r) => sum + (r - mean) ** 2, 0) / (ratios.length - 1);
  return { effective, variance: Math.max(spread, 1 / Math.max(1, challenger.returns.length)) };
}

/** One path a seed: its windows joined. Seeds that lack a window are left out. */
function seedPaths(trials: AlphaGateInput['trials']): Float64Array[] {
  const windows = [...new Set(trials.map(({ window }) => window))].sort((a, b) => a - b);
  const seeds = [...new Set(trials.map(({ seed }) => seed))].sort((a, b) => a - b);
  return seeds.flatMap((seed) => {
    const parts = windows.flatMap(
      (window) => trials.find((trial) => trial.window === window && trial.seed === seed)?.returns ?? [],
    );
    return parts.length === windows.length ? [Float64Array.from(parts.flatMap((part) => Array.from(part)))] : [];
  });
}

function deflatedGate(input: AlphaGateInput): Gate {
  const { gates, challenger } = input;
  const missing = tooLittle(challenger.returns.length, gates);
  const record = missing === null ? trackRecordOf(challenger.returns) : null;
  if (record === null)
    return alpha(
      'deflatedSharpe',
      null,
      gates.minDeflatedSharpe,
      false,
      missing ?? 'the returns are constant: there is no Sharpe ratio',
    );
  const { effective, variance } = trialStatistics(input);
  const value = deflatedSharpe(record, variance, effective);
  if (value === null)
    return alpha(
      'deflatedSharpe',
      null,
      gates.minDeflatedSharpe,
      false,
      'the deflated Sharpe ratio is not defined for these returns',
    );
  const chance = (expectedMaximumSharpe(variance, effective) * Math.sqrt(SESSIONS_PER_YEAR)).toFixed(2);
  return alpha(
    'deflatedSharpe',
    value,
    gates.minDeflatedSharpe,
    value >= gates.minDeflatedSharpe,
    `the probability that the Sharpe ratio is above what the best of ${effective} trials without skill would show (${chance}) is ${value.toFixed(2)}`,
  );
}

function bootstrapGate(gate: string, input: AlphaGateInput, other: OutOfSample): Gate {
  const { gates, challenger } = input;
  const missing = tooLittle(challenger.returns.length, gates);
  if (missing !== null) return alpha(gate, null, gates.bootstrapLowerBound, false, missing);
  const random = createRandom(input.seed ?? 1);
  const interval = pairedBlockBootstrap(challenger.returns, other.returns, {
    samples: gates.bootstrapSamples,
    blockDays: gates.bootstrapBlockDays,
    random,
  });
  if (interval === null)
    return alpha(
      gate,
      null,
      gates.bootstrapLowerBound,
      false,
      'one of the two has constant returns: there is no Sharpe ratio to compare',
    );
  const { lower, upper, difference } = interval;
  return alpha(
    gate,
    lower,
    gates.bootstrapLowerBound,
    lower > gates.bootstrapLowerBound,
    `the Sharpe ratio differs by ${difference.toFixed(2)}, 90 % interval ${lower.toFixed(2)} to ${upper.toFixed(2)}: that it is worse cannot be ruled out`,
  );
}

/** PBO needs enough configurations to split; fewer are too little evidence. */
function pboGate({ gates, trials, trialCount }: AlphaGateInput): Gate[] {
  if (gates.pboMinTrials === null) return [];
  if (trialCount < gates.pboMinTrials) {
    const reason = `too little evidence: ${trialCount} trials, ${gates.pboMinTrials} are needed (drl run training --profile full)`;
    return [alpha('pbo', null, gates.maxPbo, false, reason)];
  }
  const paths = seedPaths(trials);
  const rows = paths[0]?.length ?? 0;
  if (paths.length < 2 || rows < 32)
    return [
      alpha('pbo', null, gates.maxPbo, false, `too little evidence: ${paths.length} complete paths of ${rows} days`),
    ];
  const matrix = new Float64Array(rows * paths.length);
  for (let row = 0; row < rows; row += 1)
    for (let c = 0; c < paths.length; c += 1) matrix[row * paths.length + c] = paths[c][row];
  const value = pbo(matrix, paths.length).pbo;
  return [
    alpha(
      'pbo',
      value,
      gates.maxPbo,
      value < gates.maxPbo,
      `in ${(100 * value).toFixed(0)} % of the splits the best configuration in sample is in the lower half out of sample`,
    ),
  ];
}

/** The arithmetic behind the alpha gates, for the report: what the evidence at hand can and cannot show. */
export function evidenceNotes(input: AlphaGateInput): string[] {
  const { gates, challenger, trialCount } = input;
  const days = Math.min(challenger.returns.length, Math.round(gates.sharpeYears * SESSIONS_PER_YEAR));
  const error = sharpeStandardError(days);
  if (error === null) return ['There is no out-of-sample day yet: no alpha gate can be assessed.'];
  const chance = (truth: number): string =>
    `${(100 * (1 - normalCdf((gates.minSharpe - truth) / error))).toFixed(0)} %`;
  const { effective, variance } = trialStatistics(input);
  const year = Math.sqrt(SESSIONS_PER_YEAR);
  const hurdle = expectedMaximumSharpe(variance, effective) * year;
  const needed = hurdle + 1.645 * (sharpeStandardError(challenger.returns.length) as number);
  return [
    `The standard error of a Sharpe ratio over ${days} days is ${error.toFixed(2)}.`,
    `A strategy whose true Sharpe ratio is 0 passes "Sharpe >= ${gates.minSharpe} over ${days} days" ${chance(0)} of the time, one of 0.6 ${chance(0.6)}, one of 1.0 ${chance(1)}.`,
    `${trialCount} trials were logged; they count as ${effective} independent ones. The best of so many without skill is expected to show a Sharpe ratio of ${hurdle.toFixed(2)} over ${challenger.returns.length} days, so a deflated Sharpe ratio of 0.95 needs about ${needed.toFixed(1)}.`,
  ];
}
