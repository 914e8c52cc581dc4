import type { WeightedGraph } from './weighted-graph.ts';

const TOLERANCE = 1e-14;
const MAX_STEPS = 10_000;

/**
 * Eigenvector centrality (Bonacich 1972): the positive eigenvector of the largest eigenvalue of the matrix of weights, of Euclidean
 * norm 1. By power iteration on A + I, which has the same vectors and cannot swing between two sides of a bipartite graph.
 */
export function eigenvectorCentrality({ neighbours, weights }: WeightedGraph): Float64Array {
  let vector = new Float64Array(neighbours.length).fill(1 / Math.sqrt(neighbours.length));
  for (let step = 0; step < MAX_STEPS; step++) {
    const next = vector.slice();
    neighbours.forEach((row, i) => {
      row.forEach((j, k) => {
        next[i] += weights[i][k] * vector[j];
      });
    });
    const norm = Math.sqrt(next.reduce((sum, x) => sum + x * x, 0));
    let change = 0;
    for (let i = 0; i < next.length; i++) {
      next[i] /= norm;
      change += Math.abs(next[i] - vector[i]);
    }
    vector = next;
    if (change < TOLERANCE) break;
  }
  return vector;
}
