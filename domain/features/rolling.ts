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

/** Prefix sums of finite `values`, or of their products with as many `factors`. `high[i] + low[i]` is the sum of the first `i` of them. */
export function prefixSum(
  values: Float64Array,
  into: PrefixSum = emptySum(values.length),
  factors: Float64Array | null = null,
): PrefixSum {
  const { length } = values;
  const { high, low } = into;
  let sum = 0;
  let rest = 0;
  for (let i = 0; i < length; i++) {
    const value = factors === null ? values[i] : values[i] * factors[i];
    const x = Math.min(Math.max(value, -LARGEST_TERM), LARGEST_TERM);
    const part = x + ROUND_HIGH - ROUND_HIGH;
    sum += part;
    rest += x - part + ROUND_LOW - ROUND_LOW;
    high[i + 1] = sum;
    low[i + 1] = rest;
  }
  return into;
}

/** Memory for the prefix sums of so many values. */
export const emptySum = (length: number): PrefixSum => ({
  high: new Float64Array(length + 1),
  low: new Float64Array(length + 1),
});

/** Sums of windows of terms that are written anew for each asset, in the same memory: nothing is left to collect. */
export class TermSums {
  readonly terms: Float64Array;
  readonly #sums: PrefixSum;
  readonly #windows: Float64Array;

  constructor(length: number) {
    this.terms = new Float64Array(length);
    this.#sums = emptySum(length);
    this.#windows = new Float64Array(length);
  }

  /** The terms summed over the last `days` at each index from `from` on. */
  over(days: number, from: number): Float64Array {
    return windowSums(prefixSum(this.terms, this.#sums), days, from, this.#windows);
  }
}

/** `windowSum` of the last `days` at each index from `from` (`days` or more) on. A loop of its own: numbers that leave a function are boxed. */
export function windowSums({ high, low }: PrefixSum, days: number, from: number, into: Float64Array): Float64Array {
  for (let end = from + 1, start = end - days; end < high.length; end++, start++)
    into[end - 1] = high[end] - high[start] + (low[end] - low[start]);
  return into;
}

/** Sum of the values at indices `from`..`to`, both inclusive. */
export const windowSum = (sums: PrefixSum, from: number, to: number): number =>
  sums.high[to + 1] - sums.high[from] + (sums.low[to + 1] - sums.low[from]);

/** How many of the first `i` flags are set. */
export function prefixCount(flags: Uint8Array, counts: Int32Array = new Int32Array(flags.length + 1)): Int32Array {
  for (let i = 0; i < flags.length; i++) counts[i + 1] = counts[i] + flags[i];
  return counts;
}

/** Flags set at indices `from`..`to`, both inclusive. */
export const windowCount = (counts: Int32Array, from: number, to: number): number => counts[to + 1] - counts[from];

export const square = (x: number): number => x * x;

/** Sum of squared deviations from the mean of `n` values, from their sum and sum of squares; never negative. */
export const squaredDeviations = (n: number, sum: number, squares: number): number =>
  Math.max(0, squares - (sum * sum) / n);

/** Maxima over the last `window` values (fewer at the start), by a monotone queue, of one array after another in the same memory. */
export class WindowMaximum {
  readonly #window: number;
  readonly #result: Float64Array;
  readonly #queue: Int32Array;

  constructor(length: number, window: number) {
    this.#window = window;
    this.#result = new Float64Array(length);
    this.#queue = new Int32Array(length);
  }

  of(values: Float64Array): Float64Array {
    const [window, result, queue] = [this.#window, this.#result, this.#queue];
    let head = 0;
    let tail = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      while (tail > head && values[queue[tail - 1]] <= value) tail--;
      queue[tail++] = i;
      if (queue[head] <= i - window) head++;
      result[i] = values[queue[head]];
    }
    return result;
  }
}

/** Sums over the last `window` values (fewer at the start) of numbers whose sums are exact, such as levels: see asset-series. */
export function slidingSum(values: Float64Array, window: number, into: Float64Array): Float64Array {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    if (i >= window) sum -= values[i - window];
    into[i] = sum;
  }
  return into;
}
