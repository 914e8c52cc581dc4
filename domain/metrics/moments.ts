/** Sessions in a year: every annual figure uses it. */
export const SESSIONS_PER_YEAR = 252;

export interface Moments {
  n: number;
  mean: number;
  /** Sum of squared deviations from the mean; exactly 0 for a constant series. */
  squares: number;
}

/** Mean and sum of squared deviations. A series of equal values has exactly zero deviation, so no rounding residue leaks out as 1e16. */
export function momentsOf(values: ArrayLike<number>): Moments {
  const n = values.length;
  let sum = 0;
  let constant = true;
  for (let i = 0; i < n; i += 1) {
    sum += values[i];
    if (values[i] !== values[0]) constant = false;
  }
  if (constant) return { n, mean: n === 0 ? Number.NaN : values[0], squares: 0 };
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i += 1) squares += (values[i] - mean) ** 2;
  return { n, mean, squares };
}

/** Sample standard deviation (ddof 1); null with fewer than two values. */
export function standardDeviation(values: ArrayLike<number>): number | null {
  const { n, squares } = momentsOf(values);
  return n < 2 ? null : Math.sqrt(squares / (n - 1));
}

/** Population skewness g1 and raw kurtosis g4 (3 for a normal); null for a constant series or fewer than two values. */
export function shapeOf(values: ArrayLike<number>): { skewness: number; kurtosis: number } | null {
  const { n, mean, squares } = momentsOf(values);
  if (n < 2 || squares === 0) return null;
  let third = 0;
  let fourth = 0;
  for (let i = 0; i < n; i += 1) {
    const d = values[i] - mean;
    third += d ** 3;
    fourth += d ** 4;
  }
  const variance = squares / n;
  return { skewness: third / n / variance ** 1.5, kurtosis: fourth / n / variance ** 2 };
}

/** A number that is defined, or null: NaN and infinities are not figures. */
export const defined = (value: number): number | null => (Number.isFinite(value) ? value : null);
