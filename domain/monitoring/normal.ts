const { abs, exp, log, sqrt, PI } = Math;
const DENSITY = 1 / sqrt(2 * PI);

/** The fast pair for loops of millions; where digits count, use domain/metrics/normal-distribution.ts. */

/** Standard normal distribution function, absolute error below 7.5e-8 (Abramowitz and Stegun 26.2.17). */
export function normalCdf(x: number): number {
  const z = abs(x);
  const t = 1 / (1 + 0.2316419 * z);
  const tail =
    DENSITY *
    exp(-0.5 * z * z) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x >= 0 ? 1 - tail : tail;
}

const A = [
  -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
];
const B = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572];
const C = [
  -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const D = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];

const horner = (coefficients: readonly number[], x: number): number => coefficients.reduce((sum, c) => sum * x + c, 0);

/** Inverse of the standard normal distribution function, relative error below 1.15e-9 (Acklam's rational approximation). 0 < p < 1. */
export function normalQuantile(p: number): number {
  if (p < 0.02425) {
    const q = sqrt(-2 * log(p));
    return horner(C, q) / (horner(D, q) * q + 1);
  }
  if (p > 1 - 0.02425) return -normalQuantile(1 - p);
  const q = p - 0.5;
  const r = q * q;
  return (horner(A, r) * q) / (horner(B, r) * r + 1);
}
