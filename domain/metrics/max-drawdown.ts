/** Worst fall from a peak, min(V / peak - 1), with V starting at 1: negative or 0. null for no returns. */
export function maxDrawdown(returns: ArrayLike<number>): number | null {
  if (returns.length === 0) return null;
  let value = 1;
  let peak = 1;
  let worst = 0;
  for (let i = 0; i < returns.length; i += 1) {
    value *= 1 + returns[i];
    if (value > peak) peak = value;
    worst = Math.min(worst, value / peak - 1);
  }
  return worst;
}

/** Root mean square of the drawdowns over all sessions (Martin and McCann 1989). null for no returns. */
export function ulcerIndex(returns: ArrayLike<number>): number | null {
  if (returns.length === 0) return null;
  let value = 1;
  let peak = 1;
  let squares = 0;
  for (let i = 0; i < returns.length; i += 1) {
    value *= 1 + returns[i];
    if (value > peak) peak = value;
    squares += (value / peak - 1) ** 2;
  }
  return Math.sqrt(squares / returns.length);
}
