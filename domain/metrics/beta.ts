import { badInput } from '../errors.ts';
import { defined } from './moments.ts';

/** Covariance over the benchmark's variance. null with fewer than two returns or a constant benchmark. */
export function beta(returns: ArrayLike<number>, benchmark: ArrayLike<number>): number | null {
  const n = returns.length;
  if (benchmark.length !== n) throw lengthMismatch(n, benchmark.length);
  if (n < 2) return null;
  let meanR = 0;
  let meanB = 0;
  for (let i = 0; i < n; i += 1) {
    meanR += returns[i] / n;
    meanB += benchmark[i] / n;
  }
  let covariance = 0;
  let variance = 0;
  for (let i = 0; i < n; i += 1) {
    covariance += (returns[i] - meanR) * (benchmark[i] - meanB);
    variance += (benchmark[i] - meanB) ** 2;
  }
  return defined(covariance / variance);
}

export const lengthMismatch = (returns: number, benchmark: number): Error =>
  badInput('METRIC_LENGTH', 'Returns and benchmark are not of the same sessions', { facts: { returns, benchmark } });
