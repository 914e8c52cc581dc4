import type { Random } from '../../domain/simulation/random.ts';
import { edgeIndex, type WalkGraph } from './walk-graph.ts';

/** Probability of each neighbour of `node` as the first step: its weight over the sum of weights. */
export function firstStep(graph: WalkGraph, node: number): Float64Array {
  const weights = graph.weights.slice(graph.offsets[node], graph.offsets[node + 1]);
  return normalise(weights);
}

/**
 * Second-order transition probabilities (Grover and Leskovec 2016, section 3.2.2) from `current`, reached from `previous`, to each
 * neighbour of `current`: its weight times 1/p for going back, 1 for a neighbour of `previous`, else 1/q; normalised.
 */
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
  let sum = 0;
  for (const weight of weights) sum += weight;
  return weights.map((weight) => weight / sum);
}

export interface WalkOptions {
  /** Walks from every node. */
  walks: number;
  /** Nodes a walk. */
  walkLength: number;
  p: number;
  q: number;
}

/**
 * Biased random walks, int32 [walks x nodes, walkLength], node order shuffled in each round. A node without neighbours stays where it is.
 * With p = q = 1 the second order is the first.
 */
export function biasedWalks(graph: WalkGraph, options: WalkOptions, random: Random): Int32Array {
  const { walks, walkLength, p, q } = options;
  const first = Array.from({ length: graph.nodes }, (_, node) => cumulate(firstStep(graph, node)));
  const second = new Map<number, Float64Array>();
  const secondOrder = (previous: number, current: number): Float64Array => {
    const key = previous * graph.nodes + current;
    let table = second.get(key);
    if (!table) {
      table = cumulate(transition(graph, previous, current, p, q));
      second.set(key, table);
    }
    return table;
  };
  const plain = p === 1 && q === 1;
  const order = Int32Array.from({ length: graph.nodes }, (_, i) => i);
  const result = new Int32Array(walks * graph.nodes * walkLength);
  let place = 0;
  for (let round = 0; round < walks; round++) {
    shuffle(order, random);
    for (const start of order) {
      let previous = -1;
      let current = start;
      result[place++] = start;
      for (let step = 1; step < walkLength; step++) {
        const table = plain || previous < 0 ? first[current] : secondOrder(previous, current);
        if (table.length > 0) {
          const next = graph.targets[graph.offsets[current] + draw(table, random.uniform())];
          previous = current;
          current = next;
        }
        result[place++] = current;
      }
    }
  }
  return result;
}

function shuffle(order: Int32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const held = order[i];
    order[i] = order[j];
    order[j] = held;
  }
}

/** Running sums, the last one exactly 1. */
export function cumulate(probabilities: Float64Array): Float64Array {
  const table = new Float64Array(probabilities.length);
  let sum = 0;
  for (let k = 0; k < table.length; k++) {
    sum += probabilities[k];
    table[k] = sum;
  }
  if (table.length > 0) table[table.length - 1] = 1;
  return table;
}

/** First index whose running sum exceeds `u` in [0, 1). */
export function draw(table: Float64Array, u: number): number {
  let low = 0;
  let high = table.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (table[middle] > u) high = middle;
    else low = middle + 1;
  }
  return low;
}
