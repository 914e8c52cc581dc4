import type { Random } from '../simulation/random.ts';

const { min } = Math;

/** Predicts x_t from the `coefficients.length` values before it: x_t = sum phi_k x_{t-k} + e, with e of standard deviation `innovation`. */
interface Predictor {
  coefficients: Float64Array;
  innovation: number;
}

/** A stationary Gaussian AR(p) of variance 1. */
export interface Autoregression {
  /** Best linear predictors from 0, 1, ... p values: the last is the process, the others start it in its stationary state. */
  predictors: Predictor[];
  /** Autocorrelations at lags 0..p; with the last predictor they give all others. */
  autocorrelations: Float64Array;
}

/** Autocorrelations 0..maxLag of a series about its mean (biased estimator, hence positive definite). */
function sampleAutocorrelations(series: Float64Array, maxLag: number): Float64Array {
  const n = series.length;
  const mean = series.reduce((sum, x) => sum + x, 0) / n;
  const result = new Float64Array(maxLag + 1);
  for (let lag = 0; lag <= maxLag; lag++) {
    let sum = 0;
    for (let t = lag; t < n; t++) sum += (series[t] - mean) * (series[t - lag] - mean);
    result[lag] = sum;
  }
  return result[0] === 0 ? result : result.map((value) => value / result[0]);
}

/** Short samples pull autocorrelations towards 0 by about (1 + 3 rho) / n (Marriott and Pope 1954); undone, and kept below 1. */
const unbiased = (rho: number, n: number): number => Math.min(0.999, rho + (1 + 3 * rho) / n);

/** The process with these autocorrelations at lags 0..p, by the Levinson-Durbin recursion; shorter where they are not possible. */
export function autoregressionOf(rho: ArrayLike<number>): Autoregression {
  const predictors: Predictor[] = [{ coefficients: new Float64Array(0), innovation: 1 }];
  let phi: number[] = [];
  let variance = 1;
  for (let order = 1; order < rho.length; order++) {
    const partial = (rho[order] - phi.reduce((sum, value, k) => sum + value * rho[order - 1 - k], 0)) / variance;
    if (!(Math.abs(partial) < 1)) break;
    phi = [...phi.map((value, k) => value - partial * phi[order - 2 - k]), partial];
    variance *= 1 - partial * partial;
    predictors.push({ coefficients: Float64Array.from(phi), innovation: Math.sqrt(variance) });
  }
  return { predictors, autocorrelations: Float64Array.from(rho).slice(0, predictors.length) };
}

/**
 * Fit by Yule-Walker, the order 0..maxOrder with the least AIC. The variance is set to 1: the series is meant to be normal scores.
 */
export function fitAutoregression(series: Float64Array, maxOrder = 5): Autoregression {
  const n = series.length;
  const sample = sampleAutocorrelations(series, maxOrder);
  const rho = sample.map((value, lag) => (lag === 0 ? 1 : value > 0 ? unbiased(value, n) : value));
  const { predictors } = autoregressionOf(rho);
  const aic = predictors.map(({ innovation }, order) => 2 * n * Math.log(innovation) + 2 * order);
  const best = aic.indexOf(Math.min(...aic));
  return { predictors: predictors.slice(0, best + 1), autocorrelations: rho.slice(0, best + 1) };
}

/** A stretch of the process in its stationary state, written to `out`. */
export function simulateAutoregression({ predictors }: Autoregression, random: Random, out: Float64Array): void {
  const order = predictors.length - 1;
  const length = out.length;
  for (let t = 0; t < length; t++) {
    const { coefficients, innovation } = predictors[min(t, order)];
    let x = innovation * random.normal();
    for (let k = 0; k < coefficients.length; k++) x += coefficients[k] * out[t - 1 - k];
    out[t] = x;
  }
}

/** Independent observations that n of this process are worth for a mean: n / (1 + 2 sum (1 - k/n) rho_k), at least 1. */
export function effectiveSize({ predictors, autocorrelations }: Autoregression, n: number): number {
  const { coefficients } = predictors[predictors.length - 1];
  const order = coefficients.length;
  const rho = new Float64Array(n);
  let inflation = 1;
  for (let k = 1; k < n; k++) {
    if (k <= order) rho[k] = autocorrelations[k];
    else for (let i = 0; i < order; i++) rho[k] += coefficients[i] * (k - 1 - i === 0 ? 1 : rho[k - 1 - i]);
    inflation += 2 * (1 - k / n) * rho[k];
  }
  return Math.max(1, n / Math.max(1 / n, inflation));
}
