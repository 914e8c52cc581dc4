import { createRandom, type Random } from '../../../domain/simulation/random.ts';
import { edgeIndex, type WalkGraph } from './walk-graph.ts';

export interface WalkOptions {
  /** Walks from every node. */
  walks: number;
  /** Nodes a walk. */
  walkLength: number;
  /** Return parameter: going back weighs 1/p. */
  p: number;
  /** In-out parameter: leaving the neighbourhood of the last node weighs 1/q. */
  q: number;
  seed: number;
}

/** Alias tables (Walker 1977) of all rows of a graph: place k of a row is kept with probability `keep[k]`, else it is `other[k]`. */
export interface AliasTables {
  readonly keep: Float64Array;
  readonly other: Int32Array;
}

/** Draws before the row is reckoned: with `p` and `q` between 1/4 and 4 hardly ever as many are needed. */
const MAX_DRAWS = 64;

/** Tables that draw a neighbour by its weight in constant time. */
export function aliasTables({ nodes, offsets, weights }: WalkGraph): AliasTables {
  const keep = new Float64Array(weights.length).fill(1);
  const other = Int32Array.from(weights, (_, place) => place);
  for (let node = 0; node < nodes; node++) {
    const [from, to] = [offsets[node], offsets[node + 1]];
    let sum = 0;
    for (let place = from; place < to; place++) sum += weights[place];
    const small: number[] = [];
    const large: number[] = [];
    for (let place = from; place < to; place++) {
      keep[place] = (weights[place] * (to - from)) / sum;
      (keep[place] < 1 ? small : large).push(place);
    }
    while (small.length > 0 && large.length > 0) {
      const [poor, rich] = [small.pop() as number, large.pop() as number];
      other[poor] = rich;
      keep[rich] -= 1 - keep[poor];
      (keep[rich] < 1 ? small : large).push(rich);
    }
    // What rounding left over is whole.
    for (const place of [...small, ...large]) keep[place] = 1;
  }
  return { keep, other };
}

/** Place of a neighbour of `node` among all targets, drawn by weight. The node has neighbours. */
export function drawNeighbour({ offsets }: WalkGraph, { keep, other }: AliasTables, node: number, u: number): number {
  const scaled = u * (offsets[node + 1] - offsets[node]);
  const whole = Math.floor(scaled);
  const place = offsets[node] + whole;
  return scaled - whole < keep[place] ? place : other[place];
}

/**
 * The node after `current`, reached from `previous` (-1: the first step), by the second-order probabilities of Grover and Leskovec (2016,
 * section 3.2.2): weight x 1/p for going back, x 1 to a neighbour of `previous`, x 1/q else. A neighbour is drawn by weight and taken with
 * probability bias / largest bias, else drawn again: no table of second order, however large the graph. Where `p` or `q` lets few
 * through, the row is reckoned after some draws.
 */
export function nextNode(
  graph: WalkGraph,
  tables: AliasTables,
  previous: number,
  current: number,
  { p, q }: Pick<WalkOptions, 'p' | 'q'>,
  random: Random,
): number {
  const plain = previous < 0 || (p === 1 && q === 1);
  const largest = Math.max(1, 1 / p, 1 / q);
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const next = graph.targets[drawNeighbour(graph, tables, current, random.uniform())];
    if (plain || random.uniform() * largest < biasOf(graph, previous, next, p, q)) return next;
  }
  return drawByBias(graph, previous, current, p, q, random.uniform());
}

const biasOf = (graph: WalkGraph, previous: number, next: number, p: number, q: number): number =>
  next === previous ? 1 / p : q === 1 || edgeIndex(graph, previous, next) >= 0 ? 1 : 1 / q;

/** One pass over the row of `current`: each neighbour by its weight times its bias. */
function drawByBias(graph: WalkGraph, previous: number, current: number, p: number, q: number, u: number): number {
  const from = graph.offsets[current];
  const shares = graph.weights
    .slice(from, graph.offsets[current + 1])
    .map((weight, k) => weight * biasOf(graph, previous, graph.targets[from + k], p, q));
  const sum = shares.reduce((total, share) => total + share, 0);
  let chosen = 0;
  for (let left = u * sum - shares[0]; left >= 0 && chosen < shares.length - 1; left -= shares[chosen]) chosen++;
  return graph.targets[from + chosen];
}

/** Start nodes of all walks, int32 [walks x nodes]: every node once a round, shuffled in each. */
export function startNodes(nodes: number, { walks, seed }: WalkOptions): Int32Array {
  const random = createRandom(seed);
  const starts = new Int32Array(walks * nodes);
  for (let round = 0; round < walks; round++) {
    const order = starts.subarray(round * nodes, (round + 1) * nodes).map((_, i) => i);
    for (let i = nodes - 1; i > 0; i--) {
      const j = random.integer(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    starts.set(order, round * nodes);
  }
  return starts;
}

/** One walk from `walk[0]` to the end of `walk`. Where a node has no neighbours the walk stays. */
export function fillWalk(
  walk: Int32Array,
  graph: WalkGraph,
  tables: AliasTables,
  options: WalkOptions,
  random: Random,
): void {
  let previous = -1;
  for (let step = 1; step < walk.length; step++) {
    const current = walk[step - 1];
    const alone = graph.offsets[current] === graph.offsets[current + 1];
    walk[step] = alone ? current : nextNode(graph, tables, previous, current, options, random);
    previous = current;
  }
}
