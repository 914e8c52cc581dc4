import { normalQuantile } from '../metrics/normal-distribution.ts';
import { probabilisticSharpe, type TrackRecord } from '../metrics/psr.ts';

const EULER_MASCHERONI = 0.5772156649015329;

/**
 * The Sharpe ratio (per session) that the best of `trials` independent trials without skill is expected to show:
 * SR* = sqrt(V) [(1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e))] (Bailey and Lopez de Prado 2014, eq. 1). 0 for one trial.
 * @param variance of the trials' Sharpe ratios, per session.
 */
export function expectedMaximumSharpe(variance: number, trials: number): number {
  if (trials <= 1) return 0;
  const first = normalQuantile(1 - 1 / trials);
  const second = normalQuantile(1 - 1 / (trials * Math.E));
  return Math.sqrt(variance) * ((1 - EULER_MASCHERONI) * first + EULER_MASCHERONI * second);
}

/** Deflated Sharpe ratio: PSR against the ratio that selection alone would give. */
export function deflatedSharpe(record: TrackRecord, variance: number, trials: number): number | null {
  return probabilisticSharpe(record, expectedMaximumSharpe(variance, trials));
}

export { probabilisticSharpe } from '../metrics/psr.ts';
