import { nonNegativeQuadratic } from './non-negative.ts';

const normalised = (x: Float64Array): Float64Array => {
  let total = 0;
  for (const value of x) total += value;
  return total > 0 ? x.map((value) => value / total) : x;
};

/** Long-only weights of least variance, summing to 1 (Markowitz 1952): C x = 1 on the assets held, normalised. */
export function minVarianceWeights(covariance: Float64Array, k: number): Float64Array {
  return normalised(nonNegativeQuadratic(covariance, new Float64Array(k).fill(1)));
}

/**
 * Long-only weights of highest Sharpe ratio at risk-free rate 0, summing to 1 (Sharpe 1966): C x = mean on the assets held, normalised.
 * All zero (cash) where no asset has a positive mean.
 */
export function maxSharpeWeights(covariance: Float64Array, means: Float64Array): Float64Array {
  return normalised(nonNegativeQuadratic(covariance, means));
}

/** Weights in inverse proportion to volatility, summing to 1. */
export function inverseVolatilityWeights(covariance: Float64Array, k: number): Float64Array {
  return normalised(Float64Array.from({ length: k }, (_, a) => 1 / Math.sqrt(covariance[a * (k + 1)])));
}
