/**
 * Prefix sums in double-double arithmetic: a window sum is the difference of two prefixes, so every window costs O(1) and
 * no rounding error builds up over decades of sessions. The exact error of each addition is kept (Knuth's two-sum).
 */
export interface PrefixSum {
  readonly high: Float64Array;
  readonly low: Float64Array;
}

/** Prefix sums of `length` values; `value(i)` must be finite. `high[i] + low[i]` is the sum of the first `i` values. */
export function prefixSum(length: number, value: (index: number) => number): PrefixSum {
  const high = new Float64Array(length + 1);
  const low = new Float64Array(length + 1);
  let sum = 0;
  let error = 0;
  for (let i = 0; i < length; i++) {
    const x = value(i);
    const next = sum + x;
    const part = next - sum;
    error += sum - (next - part) + (x - part);
    sum = next;
    high[i + 1] = sum;
    low[i + 1] = error;
  }
  return { high, low };
}

/** Sum of the values at indices `from`..`to`, both inclusive. */
export const windowSum = (sums: PrefixSum, from: number, to: number): number =>
  sums.high[to + 1] - sums.high[from] + (sums.low[to + 1] - sums.low[from]);

/** Sum of squared deviations from the mean of `n` values, from their sum and sum of squares; never negative. */
export const squaredDeviations = (n: number, sum: number, squares: number): number =>
  Math.max(0, squares - (sum * sum) / n);

/** Maximum over the last `window` values (fewer at the start), by a monotone queue. */
export function rollingMaximum(values: Float64Array, window: number): Float64Array {
  const result = new Float64Array(values.length);
  const queue = new Int32Array(values.length);
  let head = 0;
  let tail = 0;
  for (let i = 0; i < values.length; i++) {
    while (tail > head && values[queue[tail - 1]] <= values[i]) tail--;
    queue[tail++] = i;
    if (queue[head] <= i - window) head++;
    result[i] = values[queue[head]];
  }
  return result;
}
