import type { WeightedGraph } from './weighted-graph.ts';

/** Paths whose lengths differ by less are of one length: sums of the same distances in another order. */
const SAME_LENGTH = 1e-12;

/** Shortest paths from one node. */
export interface ShortestPaths {
  /** Length to each node; Infinity where there is no path. An edge is 1 / weight long. */
  readonly distance: Float64Array;
  /** Number of shortest paths to each node. */
  readonly paths: Float64Array;
  /** The nodes before each node on its shortest paths. */
  readonly before: readonly number[][];
  /** Nodes that are reached, nearest first. */
  readonly order: readonly number[];
}

/** Dijkstra (1959) without a heap: the graphs here have hundreds of nodes and are dense. */
export function shortestPaths(graph: WeightedGraph, from: number): ShortestPaths {
  const nodes = graph.neighbours.length;
  const distance = new Float64Array(nodes).fill(Infinity);
  const paths = new Float64Array(nodes);
  const before: number[][] = Array.from({ length: nodes }, () => []);
  const done = new Uint8Array(nodes);
  const order: number[] = [];
  distance[from] = 0;
  paths[from] = 1;
  for (;;) {
    const i = nearest(distance, done);
    if (i < 0) return { distance, paths, before, order };
    done[i] = 1;
    order.push(i);
    graph.neighbours[i].forEach((j, k) => {
      const length = distance[i] + 1 / graph.weights[i][k];
      if (done[j] === 1 || length > distance[j] + SAME_LENGTH) return;
      if (length < distance[j] - SAME_LENGTH) {
        distance[j] = length;
        paths[j] = 0;
        before[j] = [];
      }
      paths[j] += paths[i];
      before[j].push(i);
    });
  }
}

function nearest(distance: Float64Array, done: Uint8Array): number {
  let best = -1;
  for (let i = 0; i < distance.length; i++) {
    if (done[i] === 0 && distance[i] < (best < 0 ? Infinity : distance[best])) best = i;
  }
  return best;
}

/**
 * Betweenness: the share of shortest paths between other nodes that pass through each node (Brandes 2001), over (n - 1)(n - 2) / 2.
 */
export function betweenness(graph: WeightedGraph): Float64Array {
  const nodes = graph.neighbours.length;
  const through = new Float64Array(nodes);
  for (let from = 0; from < nodes; from++) {
    const { paths, before, order } = shortestPaths(graph, from);
    const share = new Float64Array(nodes);
    for (const node of order.toReversed()) {
      for (const b of before[node]) share[b] += (paths[b] / paths[node]) * (1 + share[node]);
      if (node !== from) through[node] += share[node];
    }
  }
  // every pair was counted from both ends
  const pairs = (nodes - 1) * (nodes - 2);
  return through.map((x) => (pairs > 0 ? x / pairs : 0));
}

/** Closeness: nodes reached over the sum of distances to them, times the share of nodes reached (Wasserman and Faust 1994). */
export function closeness(graph: WeightedGraph): Float64Array {
  const nodes = graph.neighbours.length;
  return Float64Array.from({ length: nodes }, (_, from) => {
    const { distance, order } = shortestPaths(graph, from);
    const reached = order.length - 1;
    const sum = order.reduce((total, i) => total + distance[i], 0);
    return reached > 0 ? (reached / sum) * (reached / (nodes - 1)) : 0;
  });
}
