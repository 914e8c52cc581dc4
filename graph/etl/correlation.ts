import type { AssetSeries } from '../../domain/features/asset-series.ts';
import type { CorrelationEdge } from './asset-graph.ts';

/** A pair needs returns of both on at least this share of the window's sessions. */
const MIN_COVERAGE = 0.8;

export interface CorrelationOptions {
  /** Correlations below it are no edge. */
  threshold: number;
  /** An edge is kept when it is among this many strongest of either end. */
  maxNeighbours: number;
}

/** The `days` sessions that end at t. */
export const windowSessions = (t: number, days: number): Int32Array =>
  Int32Array.from({ length: days }, (_, k) => t - days + 1 + k);

/**
 * Correlation edges over some sessions, ascending: pairs at or above the threshold that are among the strongest of one of their
 * ends. Ties fall to the first symbols. `members` are asset indices, ascending by symbol.
 */
export function correlationEdges(
  series: readonly AssetSeries[],
  symbols: readonly string[],
  members: readonly number[],
  sessions: Int32Array,
  options: CorrelationOptions,
): CorrelationEdge[] {
  const windows = members.map((a) => windowOf(series[a], sessions));
  const pairs: { i: number; j: number; strength: number }[] = [];
  for (let i = 0; i < members.length; i++) {
    for (let j = i + 1; j < members.length; j++) {
      const correlation = pairCorrelation(windows[i], windows[j]);
      if (!(correlation >= options.threshold)) continue;
      pairs.push({ i, j, strength: Math.round(Math.min(1, correlation) * 1e6) });
    }
  }
  pairs.sort((a, b) => b.strength - a.strength || a.i - b.i || a.j - b.j);
  const degrees = new Int32Array(members.length);
  const kept = pairs.filter(({ i, j }) => {
    const keep = degrees[i] < options.maxNeighbours || degrees[j] < options.maxNeighbours;
    degrees[i]++;
    degrees[j]++;
    return keep;
  });
  kept.sort((a, b) => a.i - b.i || a.j - b.j);
  return kept.map(({ i, j, strength }) => ({ source: symbols[members[i]], target: symbols[members[j]], strength }));
}

/** Values of one asset over some sessions, ready to be correlated with others'. */
export interface Window {
  observed: Uint8Array;
  values: Float64Array;
  /** Values less their mean, and the root of their sum of squares, when no session is missing. */
  centred: Float64Array | null;
  length: number;
}

function windowOf(series: AssetSeries, sessions: Int32Array): Window {
  const observed = new Uint8Array(sessions.length);
  const values = new Float64Array(sessions.length);
  for (let k = 0; k < sessions.length; k++) {
    observed[k] = series.observed[sessions[k]];
    values[k] = series.returns[sessions[k]];
  }
  return correlationWindow(observed, values);
}

/** @param observed [n] 1 where there is a value. */
export function correlationWindow(observed: Uint8Array, values: Float64Array): Window {
  if (observed.includes(0)) return { observed, values, centred: null, length: 0 };
  const centred = new Float64Array(values.length);
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k];
  let squares = 0;
  for (let k = 0; k < values.length; k++) {
    centred[k] = values[k] - sum / values.length;
    squares += centred[k] * centred[k];
  }
  return { observed, values, centred, length: Math.sqrt(squares) };
}

/** Pearson correlation over the sessions on which both have a value; NaN where not known or where one does not move. */
export function pairCorrelation(a: Window, b: Window): number {
  if (a.centred && b.centred) {
    let product = 0;
    for (let s = 0; s < a.centred.length; s++) product += a.centred[s] * b.centred[s];
    return product / (a.length * b.length);
  }
  let n = 0;
  let meanA = 0;
  let meanB = 0;
  for (let s = 0; s < a.values.length; s++) {
    if (a.observed[s] === 0 || b.observed[s] === 0) continue;
    n++;
    meanA += a.values[s];
    meanB += b.values[s];
  }
  if (n < MIN_COVERAGE * a.values.length) return Number.NaN;
  meanA /= n;
  meanB /= n;
  let product = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let s = 0; s < a.values.length; s++) {
    if (a.observed[s] === 0 || b.observed[s] === 0) continue;
    const x = a.values[s] - meanA;
    const y = b.values[s] - meanB;
    product += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  return product / Math.sqrt(squaresA * squaresB);
}
