import { ProductError } from '../errors.ts';
import { createRandom } from '../simulation/random.ts';
import { type Autoregression, effectiveSize, fitAutoregression, simulateAutoregression } from './autoregression.ts';
import { kolmogorovSmirnov } from './kolmogorov-smirnov.ts';
import { normalCdf, normalQuantile } from './normal.ts';
import { populationStability } from './population-stability.ts';

export interface DriftTest {
  /** Two-sample Kolmogorov-Smirnov distance, 0 to 1: an effect size. */
  ks: number;
  /** Population stability index, ten reference quantiles: an effect size. */
  psi: number;
  /** Probability of a distance at least as large when nothing changed, given the autocorrelation of the reference. */
  pValue: number;
  /** Independent observations that the window is worth. */
  effectiveSize: number;
}

/** Simulated windows at most: p-values down to 1/5,001. */
const MAX_SAMPLES = 5_000;
/** Besag and Clifford (1991): stop once so many simulated windows lie further out; p = that many / windows drawn. */
const ENOUGH_EXCEEDANCES = 40;

/**
 * Has the distribution of a series changed between a long reference and a short window after it?
 *
 * The distance is Anderson-Darling's A^2 of the window's places within the reference. What it would be without a change is not
 * taken from the table for independent draws (a feature of one day resembles the day before, and a false alarm a week would be
 * the result) but simulated: the reference as normal scores gets an AR(p) by Yule-Walker, windows of the same length are drawn
 * from it, and their distances, widened for the reference's own sampling error, are the null distribution.
 * Deterministic for a seed.
 *
 * @param reference at least 100 values, in order of time, finite.
 * @param window at least 2 values, in order of time, finite.
 */
export function testDrift(reference: Float64Array, window: Float64Array, seed: number): DriftTest {
  if (reference.length < 100 || window.length < 2) {
    throw new ProductError('DRIFT_TOO_SHORT', 'A drift test needs 100 values of reference and 2 of window', {
      facts: { reference: reference.length, window: window.length },
    });
  }
  const ks = kolmogorovSmirnov(reference, window);
  const psi = populationStability(reference, window);
  const sorted = Float64Array.from(reference).sort();
  if (sorted[0] === sorted[sorted.length - 1]) {
    return { ks, psi, pValue: ks === 0 ? 1 : 0, effectiveSize: window.length };
  }
  const places = window.map((value) => placeIn(sorted, value));
  const process = fitAutoregression(reference.map((value) => normalQuantile(placeIn(sorted, value))));
  const size = effectiveSize(process, window.length);
  const widening = 1 + size / effectiveSize(process, reference.length);
  return {
    ks,
    psi,
    pValue: pValueOf(andersonDarling(places), process, window.length, widening, seed),
    effectiveSize: size,
  };
}

// Global names cost a look-up on each use; these loops run millions of times.
const { log, max } = Math;

function pValueOf(observed: number, process: Autoregression, length: number, widening: number, seed: number): number {
  const random = createRandom(seed);
  const path = new Float64Array(length);
  let further = 0;
  for (let drawn = 1; drawn <= MAX_SAMPLES; drawn++) {
    simulateAutoregression(process, random, path);
    for (let i = 0; i < length; i++) path[i] = normalCdf(path[i]);
    if (andersonDarling(path) * widening >= observed) further += 1;
    if (further === ENOUGH_EXCEEDANCES) return further / drawn;
  }
  return (further + 1) / (MAX_SAMPLES + 1);
}

/** Where a value lies in a sorted sample, strictly between 0 and 1; ties count half. */
function placeIn(sorted: Float64Array, value: number): number {
  return ((lowerBound(sorted, value, false) + lowerBound(sorted, value, true)) / 2 + 0.5) / (sorted.length + 1);
}

/** Number of values below `value` (or not above it). */
function lowerBound(sorted: Float64Array, value: number, orEqual: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value || (orEqual && sorted[middle] === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Anderson-Darling distance of values in (0, 1) from the uniform distribution (Anderson and Darling 1954). Sorts a copy. */
function andersonDarling(values: Float64Array): number {
  const u = values.slice().sort();
  const n = u.length;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const low = max(u[i], EDGE);
    const high = max(1 - u[n - 1 - i], EDGE);
    sum += (2 * i + 1) * log(low * high);
  }
  return -n - sum / n;
}

const EDGE = 1e-12;

/**
 * Holm's step-down adjustment: with adjusted p <= alpha raising an alarm, the chance of any false alarm among all tests is at
 * most alpha, however they depend on each other.
 */
export function adjustHolm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a] - pValues[b] || a - b);
  const adjusted = new Array<number>(pValues.length);
  let highest = 0;
  order.forEach((index, rank) => {
    highest = Math.max(highest, Math.min(1, (pValues.length - rank) * pValues[index]));
    adjusted[index] = highest;
  });
  return adjusted;
}
