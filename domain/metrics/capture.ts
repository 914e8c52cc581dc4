import { lengthMismatch } from './beta.ts';
import { cagr } from './cagr.ts';
import { defined } from './moments.ts';

/** Annualised return on the benchmark's rising sessions over the benchmark's own. null where it has none. */
export const upCapture = (returns: ArrayLike<number>, benchmark: ArrayLike<number>): number | null =>
  capture(returns, benchmark, (b) => b > 0);

/** The same on the benchmark's falling sessions. */
export const downCapture = (returns: ArrayLike<number>, benchmark: ArrayLike<number>): number | null =>
  capture(returns, benchmark, (b) => b < 0);

function capture(
  returns: ArrayLike<number>,
  benchmark: ArrayLike<number>,
  takes: (b: number) => boolean,
): number | null {
  if (returns.length !== benchmark.length) throw lengthMismatch(returns.length, benchmark.length);
  const days = Array.from({ length: returns.length }, (_, i) => i).filter((i) => takes(benchmark[i]));
  const own = cagr(days.map((i) => returns[i]));
  const market = cagr(days.map((i) => benchmark[i]));
  return own === null || market === null ? null : defined(own / market);
}
