import { createRandom } from '../../domain/simulation/random.ts';

const STEPS = 120;

/**
 * How well vectors tell the labels of nodes: one-vs-rest logistic regression (C = 1, as scikit-learn defines it) on half of the nodes; of each other node the k most
 * probable labels, k being how many it has. The micro-averaged F1: with as many answers as truths it is the share of them that is right.
 * @param vectors [nodes, dimensions]
 */
export function microF1(vectors: Float32Array, labels: readonly Uint8Array[], seed: number): number {
  const nodes = labels[0].length;
  const rows = rowsOf(vectors, nodes);
  const order = shuffled(nodes, seed);
  const [train, test] = [order.slice(0, nodes >>> 1), order.slice(nodes >>> 1)];
  const known = train.map((node) => rows[node]);
  const factor = cholesky(curvatureBound(known));
  const models = labels.map((column) =>
    learned(
      known,
      train.map((node) => column[node]),
      factor,
    ),
  );
  let [right, all] = [0, 0];
  for (const node of test) {
    const truth = labels.flatMap((column, label) => (column[node] === 1 ? [label] : []));
    const scores = models.map((model) => dot(model, rows[node]));
    const ranked = labels.map((_, label) => label).sort((a, b) => scores[b] - scores[a] || a - b);
    const answers = new Set(ranked.slice(0, truth.length));
    right += truth.filter((label) => answers.has(label)).length;
    all += truth.length;
  }
  return right / all;
}

/** The vectors with a 1 behind each. */
function rowsOf(vectors: Float32Array, nodes: number): Float64Array[] {
  const size = vectors.length / nodes;
  return Array.from({ length: nodes }, (_, node) => {
    const row = new Float64Array(size + 1).fill(1);
    row.set(vectors.subarray(node * size, (node + 1) * size));
    return row;
  });
}

/**
 * Least 1/2 |w|^2 + sum log loss, the last weight (the intercept) free. The curvature is nowhere above X'X / 4 + I (Bohning 1992), which is the same for
 * all labels: Nesterov's method with that as its metric.
 */
function learned(
  rows: readonly Float64Array[],
  truth: ArrayLike<number>,
  factor: readonly Float64Array[],
): Float64Array {
  const size = rows[0].length;
  let weights = new Float64Array(size);
  let ahead = weights;
  for (let step = 0; step < STEPS; step++) {
    const gradient = ahead.slice();
    gradient[size - 1] = 0;
    rows.forEach((row, i) => {
      const wrong = 1 / (1 + Math.exp(-dot(ahead, row))) - truth[i];
      for (let d = 0; d < size; d++) gradient[d] += wrong * row[d];
    });
    const change = solved(factor, gradient);
    const next = ahead.map((value, d) => value - change[d]);
    const previous = weights;
    ahead = next.map((value, d) => value + (step / (step + 3)) * (value - previous[d]));
    weights = next;
  }
  return weights;
}

function curvatureBound(rows: readonly Float64Array[]): Float64Array[] {
  const size = rows[0].length;
  const bound = Array.from({ length: size }, (_, i) => new Float64Array(size).fill(i < size - 1 ? 1 : 0, i, i + 1));
  for (const row of rows)
    for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) bound[i][j] += 0.25 * row[i] * row[j];
  return bound;
}

/** L of A = L L', from the lower half of A. */
function cholesky(matrix: readonly Float64Array[]): Float64Array[] {
  const factor = matrix.map((row) => row.slice());
  for (let i = 0; i < factor.length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = factor[i][j];
      for (let k = 0; k < j; k++) sum -= factor[i][k] * factor[j][k];
      factor[i][j] = i === j ? Math.sqrt(sum) : sum / factor[j][j];
    }
  }
  return factor;
}

function solved(factor: readonly Float64Array[], right: Float64Array): Float64Array {
  const x = right.slice();
  for (let i = 0; i < x.length; i++) {
    for (let k = 0; k < i; k++) x[i] -= factor[i][k] * x[k];
    x[i] /= factor[i][i];
  }
  for (let i = x.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < x.length; k++) x[i] -= factor[k][i] * x[k];
    x[i] /= factor[i][i];
  }
  return x;
}

function shuffled(count: number, seed: number): number[] {
  const random = createRandom(seed);
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < x.length; d++) sum += x[d] * y[d];
  return sum;
}
