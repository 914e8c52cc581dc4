import { exactExp, exactLog } from '../../../domain/policy/exact/math.ts';
import { createRandom, type Random } from '../../../domain/simulation/random.ts';
import type { WalkGraph } from '../walks/walk-graph.ts';
import { type AliasTables, aliasTables, nextNode } from '../walks/walks.ts';
import { type Matrix, zeros } from './matrix.ts';
import { backward, forward, type Pass, rowOf, type SageWeights } from './sage.ts';

export interface SageOptions {
  dimensions: number;
  /** A node's mate is at most so many steps of a walk away. */
  window: number;
  p: number;
  q: number;
  /** Noise nodes a node. */
  negatives: number;
  seed: number;
}

/** Pairs of one step of training: `mates[i]` was reached from `nodes[i]`, `noise` has `negatives` nodes for each. */
export interface Pairs {
  readonly nodes: Int32Array;
  readonly mates: Int32Array;
  readonly noise: Int32Array;
  readonly negatives: number;
}

const RATE = 0.01;
const [DECAY, SQUARE_DECAY, STABLE] = [0.9, 0.999, 1e-8];

/** New weights, uniform as Glorot and Bengio (2010) draw them; the hidden layer is as wide as the vectors. */
export function createSage(
  features: number,
  { dimensions, seed }: Pick<SageOptions, 'dimensions' | 'seed'>,
): SageWeights {
  const random = createRandom(seed);
  const drawn = (rows: number, columns: number): Matrix => {
    const bound = Math.sqrt(6 / (rows + columns));
    const matrix = zeros(rows, columns);
    for (let i = 0; i < matrix.data.length; i++) matrix.data[i] = bound * (2 * random.uniform() - 1);
    return matrix;
  };
  return { first: drawn(2 * features, dimensions), second: drawn(2 * dimensions, dimensions) };
}

/** `start` after `steps` steps of Adam on all nodes of the graph, without supervision: nodes that walks bring together shall lie together. */
export function trainSage(
  start: SageWeights,
  graph: WalkGraph,
  features: Matrix,
  options: SageOptions,
  steps: number,
): SageWeights {
  const weights = { first: copied(start.first), second: copied(start.second) };
  const optimisers = [adam(weights.first.data), adam(weights.second.data)];
  const draw = pairsOf(graph, options);
  for (let step = 0; step < steps; step++) {
    const pass = forward(weights, graph, features);
    const { gradient } = pairLoss(pass, draw());
    const { first, second } = backward(weights, graph, pass, gradient);
    optimisers[0](first.data);
    optimisers[1](second.data);
  }
  return weights;
}

/**
 * The loss of equation 1 of the paper, a pair: -log sigma(z_u . z_v) - sum over noise n of log sigma(-z_u . z_n), and its gradient by the vectors.
 */
export function pairLoss({ vectors }: Pick<Pass, 'vectors'>, pairs: Pairs): { loss: number; gradient: Matrix } {
  const gradient = zeros(vectors.rows, vectors.columns);
  const scale = 1 / Math.max(1, pairs.nodes.length);
  let loss = 0;
  const add = (u: number, v: number, sign: 1 | -1): void => {
    const [x, y, gx, gy] = [rowOf(vectors, u), rowOf(vectors, v), rowOf(gradient, u), rowOf(gradient, v)];
    const score = sign * x.reduce((sum, value, d) => sum + value * y[d], 0);
    const wrong = 1 / (1 + exactExp(score));
    loss -= scale * exactLog(1 - wrong);
    for (let d = 0; d < x.length; d++) {
      gx[d] -= scale * sign * wrong * y[d];
      gy[d] -= scale * sign * wrong * x[d];
    }
  };
  pairs.nodes.forEach((node, i) => {
    add(node, pairs.mates[i], 1);
    for (let k = 0; k < pairs.negatives; k++) add(node, pairs.noise[i * pairs.negatives + k], -1);
  });
  return { loss, gradient };
}

/** Draws the pairs of a step: each node that has neighbours, with one that a walk of 1 to `window` steps ends at. */
function pairsOf(graph: WalkGraph, options: SageOptions): () => Pairs {
  const random = createRandom(options.seed).fork(1);
  const tables = aliasTables(graph);
  const nodes = Int32Array.from({ length: graph.nodes }, (_, node) => node).filter(
    (node) => graph.offsets[node] < graph.offsets[node + 1],
  );
  return () => ({
    nodes,
    mates: nodes.map((node) => mateOf(node, graph, tables, options, random)),
    // The end of a random edge: noise by degree.
    noise: Int32Array.from(
      { length: nodes.length * options.negatives },
      () => graph.targets[random.integer(graph.targets.length)],
    ),
    negatives: options.negatives,
  });
}

function mateOf(node: number, graph: WalkGraph, tables: AliasTables, options: SageOptions, random: Random): number {
  let [previous, current] = [-1, node];
  for (let steps = 1 + random.integer(options.window); steps > 0; steps--) {
    [previous, current] = [current, nextNode(graph, tables, previous, current, options, random)];
  }
  return current;
}

/** Adam (Kingma and Ba 2015) on `values`. Powers are products: Math.pow may differ between engines. */
function adam(values: Float64Array): (gradient: Float64Array) => void {
  const [mean, square] = [new Float64Array(values.length), new Float64Array(values.length)];
  let [meanLeft, squareLeft] = [1, 1];
  return (gradient) => {
    meanLeft *= DECAY;
    squareLeft *= SQUARE_DECAY;
    for (let i = 0; i < values.length; i++) {
      mean[i] = DECAY * mean[i] + (1 - DECAY) * gradient[i];
      square[i] = SQUARE_DECAY * square[i] + (1 - SQUARE_DECAY) * gradient[i] * gradient[i];
      const size = Math.sqrt(square[i] / (1 - squareLeft)) + STABLE;
      values[i] -= (RATE * mean[i]) / (1 - meanLeft) / size;
    }
  };
}

const copied = ({ rows, columns, data }: Matrix): Matrix => ({ rows, columns, data: data.slice() });
