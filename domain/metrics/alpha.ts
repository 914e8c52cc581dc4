import { beta } from './beta.ts';
import { defined, SESSIONS_PER_YEAR } from './moments.ts';

/** Jensen's alpha, compounded to a year: (1 + mean(r - beta b))^252 - 1. null where beta is. */
export function alpha(returns: ArrayLike<number>, benchmark: ArrayLike<number>): number | null {
  const slope = beta(returns, benchmark);
  if (slope === null) return null;
  let sum = 0;
  for (let i = 0; i < returns.length; i += 1) sum += returns[i] - slope * benchmark[i];
  return defined((1 + sum / returns.length) ** SESSIONS_PER_YEAR - 1);
}
