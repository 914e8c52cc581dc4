/** Mean of the middle half of the values (Agarwal et al. 2021): the quarter at each end, fractional weights included, is left out. null for none. */
export function interquartileMean(values: ArrayLike<number>): number | null {
  const n = values.length;
  if (n === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const low = n / 4;
  const high = n - low;
  let sum = 0;
  for (let i = 0; i < n; i += 1) sum += sorted[i] * Math.max(0, Math.min(i + 1, high) - Math.max(i, low));
  return sum / (high - low);
}
