import { edgeIndex, type WalkGraph } from './walk-graph.ts';

/** Probability of each neighbour of `node` as the first step: its weight over the sum of weights. */
export function firstStep(graph: WalkGraph, node: number): Float64Array {
  return normalise(graph.weights.slice(graph.offsets[node], graph.offsets[node + 1]));
}

/** The exact second-order probability of each neighbour of `current`, reached from `previous`. */
export function transition(graph: WalkGraph, previous: number, current: number, p: number, q: number): Float64Array {
  const from = graph.offsets[current];
  const weights = graph.weights.slice(from, graph.offsets[current + 1]);
  for (let k = 0; k < weights.length; k++) {
    const next = graph.targets[from + k];
    if (next === previous) weights[k] /= p;
    else if (edgeIndex(graph, previous, next) < 0) weights[k] /= q;
  }
  return normalise(weights);
}

function normalise(weights: Float64Array): Float64Array {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
