import { percentile } from './percentile.ts';

/** Historical value at risk: the (1 - level) percentile of returns, linear interpolation; negative for a loss. null for no returns. */
export const valueAtRisk = (returns: ArrayLike<number>, level: 0.95 | 0.99): number | null =>
  percentile(returns, 100 - 100 * level);
