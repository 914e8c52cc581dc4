import { defined } from './moments.ts';
import { percentile } from './percentile.ts';

/** |95th percentile / 5th percentile|. null where the 5th is 0. */
export function tailRatio(returns: ArrayLike<number>): number | null {
  const high = percentile(returns, 95);
  const low = percentile(returns, 5);
  return high === null || low === null ? null : defined(Math.abs(high) / Math.abs(low));
}
