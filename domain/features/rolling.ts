/**
 * Prefix sums in fixed point. Each value is first rounded to a multiple of 2^-62 and cut at +-2^13, and split into a multiple of 2^-24 and a
 * rest: sums of either part over 2^16 sessions are exact in a double. So the sum of a window is the same to the bit wherever the summation
 * began, which is what lets one new day be computed from its look-back alone.
 */
export interface PrefixSum {
  readonly high: Float64Array;
  readonly low: Float64Array;
}

/** Adding and taking away 1.5 x 2^k rounds to the spacing of doubles there, 2^(k - 52), ties to even. */
const [ROUND_HIGH, ROUND_LOW] = [1.5 * 2 ** 28, 1.5 * 2 ** -10];
/** What a value counts at most. */
export const LARGEST_TERM = 2 ** 13;

/** Prefix sums of finite `values`. `high[i] + low[i]` is the sum of the first `i` of them. */
export function prefixSum(values: ArrayLike<number>, into: PrefixSum = emptySum(values.length)): PrefixSum {
  const { length } = values;
  const { high, low } = into;
  let sum = 0;
  let rest = 0;
  for (let i = 0; i < length; i++) {
    let x = values[i];
    if (x > LARGEST_TERM) x = LARGEST_TERM;
    else if (x < -LARGEST_TERM) x = -LARGEST_TERM;
    const part = x + ROUND_HIGH - ROUND_HIGH;
    sum += part;
    rest += x - part + ROUND_LOW - ROUND_LOW;
    high[i + 1] = sum;
    low[i + 1] = rest;
  }
  return into;
}

const emptySum = (length: number): PrefixSum => ({
  high: new Float64Array(length + 1),
  low: new Float64Array(length + 1),
});

/** Sums of terms that are written anew for each asset, in the same memory: nothing is left to collect. */
export class TermSums {
  readonly terms: Float64Array;
  readonly sums: PrefixSum;

  constructor(length: number) {
    this.terms = new Float64Array(length);
    this.sums = emptySum(length);
  }

  /** The sums of the terms as they are now. */
  add(): PrefixSum {
    return prefixSum(this.terms, this.sums);
  }
}

/** Sum of the values at indices `from`..`to`, both inclusive. */
export const windowSum = (sums: PrefixSum, from: number, to: number): number =>
  sums.high[to + 1] - sums.high[from] + (sums.low[to + 1] - sums.low[from]);

/** How many of the first `i` flags are set. */
export function prefixCount(flags: Uint8Array): Int32Array {
  const counts = new Int32Array(flags.length + 1);
  for (let i = 0; i < flags.length; i++) counts[i + 1] = counts[i] + flags[i];
  return counts;
}

/** Flags set at indices `from`..`to`, both inclusive. */
export const windowCount = (counts: Int32Array, from: number, to: number): number => counts[to + 1] - counts[from];

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
