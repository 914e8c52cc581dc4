/** Trials whose average correlation is above this count as one. */
export const SAME_TRIAL_CORRELATION = 0.5;

/**
 * The effective number of independent trials: clusters of their returns by average linkage, joined while the average correlation
 * between two clusters is above 0.5. A hundred seeds that all hold the same portfolio are one trial; a hundred unrelated ones are
 * a hundred.
 * @param paths returns of each trial over the same sessions; constant paths form one cluster.
 */
export function effectiveTrials(paths: readonly Float64Array[], threshold = SAME_TRIAL_CORRELATION): number {
  const correlation = correlations(paths);
  const clusters: number[][] = paths.map((_, i) => [i]);
  for (;;) {
    let [p, q, best] = [-1, -1, threshold];
    for (let i = 0; i < clusters.length; i += 1) {
      for (let j = i + 1; j < clusters.length; j += 1) {
        const link = averageLink(correlation, paths.length, clusters[i], clusters[j]);
        if (link > best) [p, q, best] = [i, j, link];
      }
    }
    if (p < 0) return clusters.length;
    clusters[p] = [...clusters[p], ...clusters[q]];
    clusters.splice(q, 1);
  }
}

function averageLink(correlation: Float64Array, n: number, a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (const i of a) for (const j of b) sum += correlation[i * n + j];
  return sum / (a.length * b.length);
}

function correlations(paths: readonly Float64Array[]): Float64Array {
  const n = paths.length;
  const standard = paths.map((path) => {
    const mean = path.reduce((sum, r) => sum + r, 0) / path.length;
    const norm = Math.sqrt(path.reduce((sum, r) => sum + (r - mean) ** 2, 0));
    return norm === 0 ? null : path.map((r) => (r - mean) / norm);
  });
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < n; j += 1) {
      const [a, b] = [standard[i], standard[j]];
      out[i * n + j] = a === null || b === null ? Number(a === b) : a.reduce((sum, value, t) => sum + value * b[t], 0);
    }
  }
  return out;
}
