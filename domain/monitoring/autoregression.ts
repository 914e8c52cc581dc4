import type { Random } from '../simulation/random.ts';

/** A stationary Gaussian AR(p) of variance 1: x_t = sum phi_k x_{t-k} + e_t. */
export interface Autoregression {
  coefficients: Float64Array;
  /** Standard deviation of e. */
  innovation: number;
}

/** Autocorrelations 0..maxLag of a series about its mean (biased estimator, hence positive definite). */
function autocorrelations(series: Float64Array, maxLag: number): Float64Array {
  const n = series.length;
  const mean = series.reduce((sum, x) => sum + x, 0) / n;
  const result = new Float64Array(maxLag + 1);
  for (let lag = 0; lag <= maxLag; lag++) {
    for (let t = lag; t < n; t++) result[lag] += (series[t] - mean) * (series[t - lag] - mean);
  }
  return result[0] === 0 ? result : result.map((value) => value / result[0]);
}

/** Short samples pull autocorrelations towards 0 by about (1 + 3 rho) / n (Marriott and Pope 1954); undone, and kept below 1. */
const unbiased = (rho: number, n: number): number => Math.min(0.999, rho + (1 + 3 * rho) / n);

/**
 * Fit by Yule-Walker (Levinson-Durbin recursion), the order 0..maxOrder with the least AIC. The variance is set to 1: the
 * series is meant to be normal scores.
 */
export function fitAutoregression(series: Float64Array, maxOrder = 5): Autoregression {
  const n = series.length;
  const rho = autocorrelations(series, maxOrder).map((value, lag) =>
    lag === 0 ? 1 : value > 0 ? unbiased(value, n) : value,
  );
  let phi: number[] = [];
  let variance = 1;
  let best: Autoregression = { coefficients: new Float64Array(0), innovation: 1 };
  let bestAic = 0;
  for (let order = 1; order <= maxOrder; order++) {
    const partial = (rho[order] - phi.reduce((sum, value, k) => sum + value * rho[order - 1 - k], 0)) / variance;
    if (!(Math.abs(partial) < 1)) break;
    phi = [...phi.map((value, k) => value - partial * phi[order - 2 - k]), partial];
    variance *= 1 - partial * partial;
    const aic = n * Math.log(variance) + 2 * order;
    if (aic < bestAic) {
      bestAic = aic;
      best = { coefficients: Float64Array.from(phi), innovation: Math.sqrt(variance) };
    }
  }
  return best;
}

/** A stretch of the process in its stationary state, written to `out`. */
export function simulateAutoregression(process: Autoregression, random: Random, out: Float64Array): void {
  const { coefficients, innovation } = process;
  const length = out.length;
  const order = coefficients.length;
  const warmUp = order === 0 ? 0 : Math.ceil(8 * correlationTime(process));
  const recent = new Float64Array(order);
  for (let t = -warmUp; t < length; t++) {
    let x = innovation * random.normal();
    for (let k = 0; k < order; k++) x += coefficients[k] * recent[k];
    for (let k = order - 1; k > 0; k--) recent[k] = recent[k - 1];
    if (order > 0) recent[0] = x;
    if (t >= 0) out[t] = x;
  }
}

/** Sessions after which the process has forgotten: 1 / (1 - sum |phi| towards 1), at most 200. */
function correlationTime({ coefficients }: Autoregression): number {
  const persistence = Math.abs(coefficients.reduce((sum, phi) => sum + phi, 0));
  return Math.min(200, 1 / Math.max(1e-3, 1 - persistence));
}

/** Independent observations that n of this process are worth for a mean: n / (1 + 2 sum (1 - k/n) rho_k). */
export function effectiveSize({ coefficients }: Autoregression, n: number): number {
  const order = coefficients.length;
  if (order === 0) return n;
  const rho = impliedAutocorrelations(coefficients, n);
  let inflation = 1;
  for (let k = 1; k < n; k++) inflation += 2 * (1 - k / n) * rho[k];
  return n / Math.max(1 / n, inflation);
}

/** Autocorrelations of an AR(p): its impulse responses psi_j give rho_k = sum psi_j psi_{j+k} / sum psi_j^2. */
function impliedAutocorrelations(coefficients: Float64Array, n: number): Float64Array {
  const length = n + 400;
  const response = new Float64Array(length);
  response[0] = 1;
  for (let j = 1; j < length; j++) {
    for (let k = 0; k < coefficients.length && k < j; k++) response[j] += coefficients[k] * response[j - 1 - k];
  }
  const rho = new Float64Array(n);
  for (let k = 0; k < n; k++) for (let j = 0; j + k < length; j++) rho[k] += response[j] * response[j + k];
  const variance = rho[0];
  return rho.map((value) => value / variance);
}
