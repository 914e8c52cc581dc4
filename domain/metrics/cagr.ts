import { defined, SESSIONS_PER_YEAR } from './moments.ts';
import { totalReturn } from './total-return.ts';

/** Compound annual growth rate by sessions: prod(1 + r)^(252 / n) - 1. null for no returns or a total loss beyond NAV. */
export function cagr(returns: ArrayLike<number>): number | null {
  if (returns.length === 0) return null;
  return defined((1 + totalReturn(returns)) ** (SESSIONS_PER_YEAR / returns.length) - 1);
}
