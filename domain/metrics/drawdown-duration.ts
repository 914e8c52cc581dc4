export interface DrawdownDurations {
  /** Runs of sessions below the running peak; an open last one counts. */
  count: number;
  /** Sessions under water in the longest run. */
  longest: number;
  /** Mean over runs; 0 where there are none. */
  average: number;
}

/** How long NAV stays below its peak, counted in sessions under water (own clock: libraries use four different ones). */
export function drawdownDurations(returns: ArrayLike<number>): DrawdownDurations {
  let value = 1;
  let peak = 1;
  let run = 0;
  let count = 0;
  let longest = 0;
  let total = 0;
  for (let i = 0; i < returns.length; i += 1) {
    value *= 1 + returns[i];
    if (value >= peak) {
      peak = value;
      run = 0;
      continue;
    }
    if (run === 0) count += 1;
    run += 1;
    total += 1;
    longest = Math.max(longest, run);
  }
  return { count, longest, average: count === 0 ? 0 : total / count };
}
