/** Bars of one symbol in order, prices as traded. `dividend`: paid per unit after the split; `split`: units after for one before. */
export interface RawSeries {
  close: ArrayLike<number>;
  volume: ArrayLike<number>;
  dividend: ArrayLike<number>;
  split: ArrayLike<number>;
}

export interface AdjustedSeries {
  /** Of each bar: what a price before it is multiplied by because of what happened on it. */
  factor: Float64Array;
  /** Close in units of the last bar, splits and distributions taken out; the last bar is as traded. */
  close: Float64Array;
  /** Close in units of the last bar, splits alone taken out. */
  splitClose: Float64Array;
  /** Volume in units of the last bar. */
  volume: Float64Array;
}

/**
 * Back adjustment as CRSP and most vendors do it: on each ex-date factor = (1 - D S / P) / S with P the close as traded of the bar before, S the
 * split, D the distribution per new unit; the adjusted close is the close times the factors of all later bars. A spin-off is a distribution of
 * what its units were worth. The ratio of two adjusted closes assumes that D was bought back at the close before: it is near to, and not the
 * same as, the total return (P_t + D) S / P_(t-1) - 1 that {@link buildPanel} takes.
 */
export function backAdjust({ close, volume, dividend, split }: RawSeries): AdjustedSeries {
  const n = close.length;
  const adjusted = {
    factor: new Float64Array(n).fill(1),
    close: new Float64Array(n),
    splitClose: new Float64Array(n),
    volume: new Float64Array(n),
  };
  let [all, splits] = [1, 1];
  for (let t = n - 1; t >= 0; t--) {
    adjusted.close[t] = close[t] * all;
    adjusted.splitClose[t] = close[t] / splits;
    adjusted.volume[t] = volume[t] * splits;
    if (t > 0) adjusted.factor[t] = (1 - (dividend[t] * split[t]) / close[t - 1]) / split[t];
    all *= adjusted.factor[t];
    splits *= split[t];
  }
  return adjusted;
}
