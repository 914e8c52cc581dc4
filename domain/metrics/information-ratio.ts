import { lengthMismatch } from './beta.ts';
import { momentsOf, SESSIONS_PER_YEAR, standardDeviation } from './moments.ts';

const activeReturns = (returns: ArrayLike<number>, benchmark: ArrayLike<number>): Float64Array => {
  if (returns.length !== benchmark.length) throw lengthMismatch(returns.length, benchmark.length);
  return Float64Array.from(returns, (value, i) => value - benchmark[i]);
};

/** Mean over standard deviation of the active return, per session, not annualised. null where the active return is constant. */
export function informationRatio(returns: ArrayLike<number>, benchmark: ArrayLike<number>): number | null {
  const { n, mean, squares } = momentsOf(activeReturns(returns, benchmark));
  return n < 2 || squares === 0 ? null : mean / Math.sqrt(squares / (n - 1));
}

/** Annual standard deviation of the active return. null with fewer than two returns. */
export function trackingError(returns: ArrayLike<number>, benchmark: ArrayLike<number>): number | null {
  const deviation = standardDeviation(activeReturns(returns, benchmark));
  return deviation === null ? null : deviation * Math.sqrt(SESSIONS_PER_YEAR);
}
