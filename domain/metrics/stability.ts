import { defined } from './moments.ts';

/** R^2 of the cumulative log return on time. null with fewer than two returns or where it never moves. */
export function stability(returns: ArrayLike<number>): number | null {
  const n = returns.length;
  if (n < 2) return null;
  const path = new Float64Array(n);
  let total = 0;
  let mean = 0;
  for (let i = 0; i < n; i += 1) {
    total += Math.log1p(returns[i]);
    path[i] = total;
    mean += total / n;
  }
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < n; i += 1) {
    const x = i - (n - 1) / 2;
    xy += x * (path[i] - mean);
    xx += x * x;
    yy += (path[i] - mean) ** 2;
  }
  return yy === 0 ? null : defined((xy * xy) / (xx * yy));
}
