import { SESSIONS_PER_YEAR, standardDeviation } from './moments.ts';

/** Annual volatility: std(ddof 1) x sqrt(252). 0 for a constant series, null with fewer than two returns. */
export function volatility(returns: ArrayLike<number>): number | null {
  const deviation = standardDeviation(returns);
  return deviation === null ? null : deviation * Math.sqrt(SESSIONS_PER_YEAR);
}
