import { renumber } from './louvain.ts';

/**
 * Clusters by average linkage (Sokal and Michener 1958): the two clusters whose members are most alike on average become one, as long as
 * that average is at least `least`. Ties fall to the first pair. Numbered by their first member.
 *
 * @param likeness [n * n] symmetric; NaN counts as 0.
 */
export function averageLinkage(likeness: Float64Array, n: number, least: number): Int32Array {
  const between = likeness.map((x) => (Number.isNaN(x) ? 0 : x));
  const size = new Int32Array(n).fill(1);
  const cluster = Int32Array.from({ length: n }, (_, i) => i);
  for (;;) {
    const [a, b] = mostAlike(between, size, n, least);
    if (a < 0) return renumber(cluster);
    for (let k = 0; k < n; k++) {
      if (size[k] === 0 || k === a || k === b) continue;
      const mean = (size[a] * between[a * n + k] + size[b] * between[b * n + k]) / (size[a] + size[b]);
      between[a * n + k] = mean;
      between[k * n + a] = mean;
    }
    size[a] += size[b];
    size[b] = 0;
    for (let i = 0; i < n; i++) if (cluster[i] === b) cluster[i] = a;
  }
}

function mostAlike(between: Float64Array, size: Int32Array, n: number, least: number): [number, number] {
  let best = Number.NEGATIVE_INFINITY;
  let pair: [number, number] = [-1, -1];
  for (let a = 0; a < n; a++) {
    if (size[a] === 0) continue;
    for (let b = a + 1; b < n; b++) {
      const likeness = between[a * n + b];
      if (size[b] === 0 || likeness < least || likeness <= best) continue;
      best = likeness;
      pair = [a, b];
    }
  }
  return pair;
}
