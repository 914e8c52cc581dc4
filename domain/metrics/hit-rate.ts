/** Share of sessions with a gain, among all sessions. null for no returns. */
export function hitRate(returns: ArrayLike<number>): number | null {
  let hits = 0;
  for (let i = 0; i < returns.length; i += 1) if (returns[i] > 0) hits += 1;
  return returns.length === 0 ? null : hits / returns.length;
}
