import type { WeightedGraph } from './weighted-graph.ts';

/** Number of triangles that each node is a corner of. */
export const triangles = ({ neighbours }: WeightedGraph): number[] =>
  neighbours.map((row) => {
    const near = new Set(row);
    const twice = row.reduce((sum, j) => sum + neighbours[j].reduce((n, k) => n + Number(near.has(k)), 0), 0);
    return twice / 2;
  });

/** Share of the pairs of each node's neighbours that are neighbours themselves (Watts and Strogatz 1998); 0 with fewer than two. */
export function clusteringCoefficients(graph: WeightedGraph): number[] {
  return triangles(graph).map((count, i) => {
    const degree = graph.neighbours[i].length;
    return degree < 2 ? 0 : (2 * count) / (degree * (degree - 1));
  });
}

/** Core number: the largest k for which a node is in a subgraph whose nodes all have k neighbours in it (Seidman 1983). */
export function coreNumbers({ neighbours }: WeightedGraph): Int32Array {
  const left = Int32Array.from(neighbours, (row) => row.length);
  const core = new Int32Array(left.length);
  const open = new Set(neighbours.keys());
  let k = 0;
  while (open.size > 0) {
    const node = [...open].reduce((least, i) => (left[i] < left[least] ? i : least));
    k = Math.max(k, left[node]);
    core[node] = k;
    open.delete(node);
    for (const j of neighbours[node]) left[j]--;
  }
  return core;
}
