import type { AssetSeries } from '../../domain/features/asset-series.ts';
import type { Regime } from './asset-graph.ts';

/** Weight of the past in the market's variance (RiskMetrics 1996). */
const DECAY = 0.94;
/** Sessions before any regime is told: a year of volatilities to compare with. */
const FIRST_AFTER = 252;
/** Turbulence begins at this quantile of all volatilities so far, and ends below the other. */
const ENTER = 0.8;
const LEAVE = 0.6;

/**
 * The regime of each session as it was known at its close: filtered, never smoothed. The market is the mean return of the assets with one;
 * its variance is an exponential average. A session is turbulent when that variance has reached the 0.8 quantile of all variances up
 * to then, and stays so until it falls below the 0.6 quantile.
 */
export function marketRegimes(series: readonly AssetSeries[], sessions: number): Regime[] {
  const regimes: Regime[] = [];
  /** Every variance so far, ascending. */
  const past: number[] = [];
  let variance = Number.NaN;
  let regime: Regime = 'unknown';
  for (let t = 0; t < sessions; t++) {
    const r = marketReturn(series, t);
    if (!Number.isNaN(r)) {
      variance = Number.isNaN(variance) ? r * r : DECAY * variance + (1 - DECAY) * r * r;
      past.splice(firstAtLeast(past, variance), 0, variance);
    }
    if (past.length >= FIRST_AFTER) regime = next(regime, variance, past);
    regimes.push(regime);
  }
  return regimes;
}

function next(regime: Regime, variance: number, past: readonly number[]): Regime {
  const quantile = (q: number) => past[Math.floor(q * (past.length - 1))];
  if (variance >= quantile(ENTER)) return 'turbulent';
  return regime === 'turbulent' && variance >= quantile(LEAVE) ? 'turbulent' : 'calm';
}

/** Mean return over the assets with an observed one at t; NaN where there is none. */
export function marketReturn(series: readonly AssetSeries[], t: number): number {
  let sum = 0;
  let count = 0;
  for (const { observed, returns } of series) {
    if (observed[t] === 0) continue;
    sum += returns[t];
    count++;
  }
  return count === 0 ? Number.NaN : sum / count;
}

function firstAtLeast(ascending: readonly number[], value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
