const FLOOR = 1e-4;

/** numpy.quantile, linear, of a sorted sample. */
function quantile(sorted: Float64Array, p: number): number {
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

/** Share of the sample in each bin (edge[i-1], edge[i]], outer edges infinite. */
function shares(sample: ArrayLike<number>, edges: readonly number[]): Float64Array {
  const counts = new Float64Array(edges.length + 1);
  for (let i = 0; i < sample.length; i++) {
    let bin = 0;
    while (bin < edges.length && sample[i] > edges[bin]) bin += 1;
    counts[bin] += 1;
  }
  return counts.map((count) => count / sample.length);
}

/**
 * Population stability index: sum (c - r) ln(c / r) over bins cut at the quantiles of the reference (equal quantiles once);
 * shares are floored at 1e-4. A rule of thumb calls 0.1 a small and 0.25 a large shift; it knows no sample size, so it is an
 * effect size here and raises nothing.
 */
export function populationStability(reference: ArrayLike<number>, current: ArrayLike<number>, bins = 10): number {
  const sorted = Float64Array.from(reference).sort();
  const edges: number[] = [];
  for (let i = 1; i < bins; i++) {
    const edge = quantile(sorted, i / bins);
    if (edges.at(-1) !== edge) edges.push(edge);
  }
  const r = shares(reference, edges);
  const c = shares(current, edges);
  let total = 0;
  for (let i = 0; i < r.length; i++) {
    const before = Math.max(r[i], FLOOR);
    const after = Math.max(c[i], FLOOR);
    total += (after - before) * Math.log(after / before);
  }
  return total;
}
