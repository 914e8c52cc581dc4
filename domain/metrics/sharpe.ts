import { defined, momentsOf, SESSIONS_PER_YEAR } from './moments.ts';

/**
 * Annual Sharpe ratio: mean(r - rf) / std(r, ddof 1) x sqrt(252) (Sharpe 1994).
 * @param riskFreeDaily per session, not per year.
 * @returns null for a constant series (its deviation is exactly 0) and with fewer than two returns.
 */
export function sharpe(returns: ArrayLike<number>, riskFreeDaily = 0): number | null {
  const daily = dailySharpe(returns, riskFreeDaily);
  return daily === null ? null : daily * Math.sqrt(SESSIONS_PER_YEAR);
}

/** The same per session: what PSR and DSR are computed from. */
export function dailySharpe(returns: ArrayLike<number>, riskFreeDaily = 0): number | null {
  const { n, mean, squares } = momentsOf(returns);
  if (n < 2 || squares === 0) return null;
  return defined((mean - riskFreeDaily) / Math.sqrt(squares / (n - 1)));
}

/** Standard error, in years^-1/2 units of the annual ratio, of a Sharpe ratio near 0 over `days` returns: sqrt(252 / n) (Lo 2002). */
export const sharpeStandardError = (days: number): number | null =>
  days < 1 ? null : Math.sqrt(SESSIONS_PER_YEAR / days);

/** Sharpe over the last `window` returns; null when there are fewer. */
export function rollingSharpe(returns: Float64Array, window: number): number | null {
  return returns.length < window ? null : sharpe(returns.subarray(returns.length - window));
}
