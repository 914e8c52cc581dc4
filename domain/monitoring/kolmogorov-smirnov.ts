/**
 * Two-sample Kolmogorov-Smirnov statistic: the largest distance between two empirical distribution functions, 0 to 1.
 * Equals scipy.stats.ks_2samp(...).statistic. Both samples non-empty and finite.
 */
export function kolmogorovSmirnov(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  const x = Float64Array.from(reference).sort();
  const y = Float64Array.from(current).sort();
  let i = 0;
  let j = 0;
  let largest = 0;
  while (i < x.length && j < y.length) {
    const at = Math.min(x[i], y[j]);
    while (i < x.length && x[i] <= at) i += 1;
    while (j < y.length && y[j] <= at) j += 1;
    largest = Math.max(largest, Math.abs(i / x.length - j / y.length));
  }
  return largest;
}
