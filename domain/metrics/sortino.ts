import { defined, SESSIONS_PER_YEAR } from './moments.ts';

/** Annual downside deviation: sqrt(mean(min(r, 0)^2)) x sqrt(252), over all sessions, not only the losing ones. null for no returns. */
export function downsideDeviation(returns: ArrayLike<number>): number | null {
  if (returns.length === 0) return null;
  let squares = 0;
  for (let i = 0; i < returns.length; i += 1) squares += Math.min(returns[i], 0) ** 2;
  return Math.sqrt(squares / returns.length) * Math.sqrt(SESSIONS_PER_YEAR);
}

/** Annual mean over annual downside deviation (Sortino and van der Meer 1991). null without a losing session. */
export function sortino(returns: ArrayLike<number>): number | null {
  const downside = downsideDeviation(returns);
  if (downside === null) return null;
  let sum = 0;
  for (let i = 0; i < returns.length; i += 1) sum += returns[i];
  return defined(((sum / returns.length) * SESSIONS_PER_YEAR) / downside);
}
