/** One vector per asset and snapshot. */
export interface EmbeddingHistory {
  /** As-of dates of the snapshots, ascending. */
  readonly dates: readonly string[];
  readonly symbols: readonly string[];
  readonly dimensions: number;
  /** float32 [snapshots, symbols, dimensions]; a row of NaN where the asset is not in the snapshot. */
  readonly vectors: Float32Array;
}

/** Index of the last date that is <= `date`, or -1. `dates` ascend. */
export function latestIndex(dates: readonly string[], date: string): number {
  let low = 0;
  let high = dates.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (dates[middle] <= date) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
