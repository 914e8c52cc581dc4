/** Historical expected shortfall: mean of the lowest int(c (n - 1)) + 1 returns, c = 1 - level; negative for a loss. null for no returns. */
export function conditionalValueAtRisk(returns: ArrayLike<number>, level: 0.95 | 0.99): number | null {
  const n = returns.length;
  if (n === 0) return null;
  const cutoff = level === 0.95 ? 0.05 : 0.01;
  const count = Math.floor(cutoff * (n - 1)) + 1;
  const sorted = Float64Array.from(returns).sort();
  let sum = 0;
  for (let i = 0; i < count; i += 1) sum += sorted[i];
  return sum / count;
}
