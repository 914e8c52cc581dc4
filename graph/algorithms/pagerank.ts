import { strengths, type WeightedGraph } from './weighted-graph.ts';

const DAMPING = 0.85;
const TOLERANCE = 1e-14;
const MAX_STEPS = 1000;

/**
 * PageRank (Brin and Page 1998) with damping 0.85: the share of time that a walk spends at each node which follows edges in
 * proportion to their weight and starts anew, with probability 0.15 or where there is no edge, at a node drawn from `restart`. Sums to 1.
 *
 * @param restart [nodes] non-negative, any sum above 0. @default the same for every node
 */
export function pageRank(graph: WeightedGraph, restart?: ArrayLike<number>): Float64Array {
  const nodes = graph.neighbours.length;
  const start = Float64Array.from({ length: nodes }, (_, i) => (restart ? restart[i] : 1));
  const total = start.reduce((sum, x) => sum + x, 0);
  for (let i = 0; i < nodes; i++) start[i] /= total;
  const strength = strengths(graph);
  let rank: Float64Array = start.slice();
  for (let step = 0; step < MAX_STEPS; step++) {
    const next = followEdges(graph, rank, strength, start);
    let change = 0;
    for (let i = 0; i < nodes; i++) change += Math.abs(next[i] - rank[i]);
    rank = next;
    if (change < TOLERANCE) break;
  }
  return rank;
}

function followEdges(graph: WeightedGraph, rank: Float64Array, strength: number[], start: Float64Array): Float64Array {
  const next = new Float64Array(rank.length);
  let restarts = 1 - DAMPING;
  for (let i = 0; i < rank.length; i++) {
    if (strength[i] === 0) restarts += DAMPING * rank[i];
    const share = (DAMPING * rank[i]) / strength[i];
    for (let k = 0; k < graph.neighbours[i].length; k++) next[graph.neighbours[i][k]] += share * graph.weights[i][k];
  }
  for (let i = 0; i < rank.length; i++) next[i] += restarts * start[i];
  return next;
}
