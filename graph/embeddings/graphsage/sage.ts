import type { WalkGraph } from '../walks/walk-graph.ts';
import { type Matrix, multiply, multiplyTransposed, transposed, zeros } from './matrix.ts';

/** What is learned: two layers, each applied to a node's own values beside the mean of its neighbours'. */
export interface SageWeights {
  /** [2 x features, hidden] */
  readonly first: Matrix;
  /** [2 x hidden, dimensions] */
  readonly second: Matrix;
}

/** All that a forward pass leaves behind for the backward pass. */
export interface Pass {
  readonly vectors: Matrix;
  readonly lengths: Float64Array;
  readonly joined: readonly [Matrix, Matrix];
  readonly hidden: Matrix;
}

/** Keeps the length of a vector of zeros from dividing by zero. */
const TINY = 1e-12;

/**
 * GraphSAGE with the mean aggregator (Hamilton, Ying, Leskovec 2017, algorithm 1, two layers): h' = relu(W [h, mean of neighbours' h]), the last layer
 * without relu, each vector scaled to length 1. Neighbours count by the weight of their edge. Weights that were learned on one graph place the
 * nodes of any other whose features mean the same; a node without neighbours stands by its own features.
 * @param features [nodes, features]
 */
export function forward({ first, second }: SageWeights, graph: WalkGraph, features: Matrix): Pass {
  const lower = besideMean(graph, features);
  const hidden = multiply(lower, first);
  for (let i = 0; i < hidden.data.length; i++) if (hidden.data[i] < 0) hidden.data[i] = 0;
  const upper = besideMean(graph, hidden);
  const vectors = multiply(upper, second);
  const lengths = new Float64Array(vectors.rows);
  for (let i = 0; i < vectors.rows; i++) {
    const row = rowOf(vectors, i);
    lengths[i] = Math.sqrt(row.reduce((sum, x) => sum + x * x, TINY));
    for (let d = 0; d < row.length; d++) row[d] /= lengths[i];
  }
  return { vectors, lengths, joined: [lower, upper], hidden };
}

/** Gradient of a loss by the weights, out of its gradient by the vectors. */
export function backward({ second }: SageWeights, graph: WalkGraph, pass: Pass, byVectors: Matrix): SageWeights {
  const byUpper = zeros(byVectors.rows, byVectors.columns);
  for (let i = 0; i < byVectors.rows; i++) {
    const [vector, g, out] = [rowOf(pass.vectors, i), rowOf(byVectors, i), rowOf(byUpper, i)];
    const along = g.reduce((sum, value, d) => sum + value * vector[d], 0);
    for (let d = 0; d < out.length; d++) out[d] = (g[d] - along * vector[d]) / pass.lengths[i];
  }
  const byJoined = multiply(byUpper, transposed(second));
  const byHidden = withoutMean(graph, byJoined);
  for (let i = 0; i < byHidden.data.length; i++) if (pass.hidden.data[i] === 0) byHidden.data[i] = 0;
  return {
    first: multiplyTransposed(pass.joined[0], byHidden),
    second: multiplyTransposed(pass.joined[1], byUpper),
  };
}

export const rowOf = ({ columns, data }: Matrix, row: number): Float64Array =>
  data.subarray(row * columns, (row + 1) * columns);

/** [h, mean of neighbours' h]; the mean over no neighbours is zero. */
function besideMean(graph: WalkGraph, h: Matrix): Matrix {
  const out = zeros(h.rows, 2 * h.columns);
  eachNeighbour(graph, (node, target, share) => {
    const [from, into] = [rowOf(h, target), rowOf(out, node)];
    for (let d = 0; d < h.columns; d++) into[h.columns + d] += share * from[d];
  });
  for (let node = 0; node < h.rows; node++) out.data.set(rowOf(h, node), 2 * node * h.columns);
  return out;
}

/** The transpose of `besideMean`. */
function withoutMean(graph: WalkGraph, joined: Matrix): Matrix {
  const size = joined.columns / 2;
  const out = zeros(joined.rows, size);
  for (let node = 0; node < joined.rows; node++) out.data.set(rowOf(joined, node).subarray(0, size), node * size);
  eachNeighbour(graph, (node, target, share) => {
    const [from, into] = [rowOf(joined, node), rowOf(out, target)];
    for (let d = 0; d < size; d++) into[d] += share * from[size + d];
  });
  return out;
}

/** Every edge from both its ends, with its share of the weights at `node`. */
function eachNeighbour(
  { nodes, offsets, targets, weights }: WalkGraph,
  visit: (node: number, target: number, share: number) => void,
): void {
  for (let node = 0; node < nodes; node++) {
    let sum = 0;
    for (let place = offsets[node]; place < offsets[node + 1]; place++) sum += weights[place];
    for (let place = offsets[node]; place < offsets[node + 1]; place++)
      visit(node, targets[place], weights[place] / sum);
  }
}
