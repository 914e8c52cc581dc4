import type { Random } from '../../domain/simulation/random.ts';
import { cumulate, draw } from './walks.ts';

export interface SkipGramOptions {
  dimensions: number;
  /** Largest distance of a context node; each centre draws its own distance from 1 to this. */
  window: number;
  epochs: number;
  /** Noise nodes a pair, drawn by count^(3/4). */
  negatives: number;
  /** @default 0.025, falling linearly to 1e-4 */
  learningRate?: number;
}

const { exp } = Math;
const FINAL_RATE = 1e-4;
/** Entries of the noise table a node, rounded up to a power of two. */
const NOISE_ENTRIES = 64;

/**
 * Skip-gram with negative sampling (Mikolov et al. 2013, equation 4), the words being nodes and the sentences walks.
 * Returns the input vectors, float32 [nodes, dimensions]. Deterministic: one thread, one order.
 */
export function skipGram(
  walks: Int32Array,
  walkLength: number,
  nodes: number,
  options: SkipGramOptions,
  random: Random,
): Float32Array {
  const { dimensions, window, epochs, negatives } = options;
  const startRate = options.learningRate ?? 0.025;
  const input = new Float64Array(nodes * dimensions).map(() => (random.uniform() - 0.5) / dimensions);
  const rows = (all: Float64Array) =>
    Array.from({ length: nodes }, (_, node) => all.subarray(node * dimensions, (node + 1) * dimensions));
  const centres = rows(input);
  const contexts = rows(new Float64Array(nodes * dimensions));
  const noise = noiseTable(walks, nodes);
  const gradient = new Float64Array(dimensions);
  const total = epochs * walks.length;
  let done = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let start = 0; start < walks.length; start += walkLength) {
      for (let position = 0; position < walkLength; position++) {
        const rate = Math.max(FINAL_RATE, startRate * (1 - done++ / total));
        const reach = 1 + random.integer(window);
        const centre = centres[walks[start + position]];
        const last = Math.min(walkLength - 1, position + reach);
        for (let other = Math.max(0, position - reach); other <= last; other++) {
          if (other === position) continue;
          const context = walks[start + other];
          gradient.fill(0);
          update(centre, contexts[context], gradient, 1, rate);
          for (let k = 0; k < negatives; k++) {
            const sample = noise[random.integer(noise.length)];
            if (sample !== context) update(centre, contexts[sample], gradient, 0, rate);
          }
          for (let d = 0; d < dimensions; d++) centre[d] += gradient[d];
        }
      }
    }
  }
  return Float32Array.from(input);
}

/** One ascent step on log sigma(u.v) for a true pair (label 1) or log sigma(-u.v) for noise; the centre's share is gathered in `gradient`. */
function update(centre: Float64Array, other: Float64Array, gradient: Float64Array, label: number, rate: number): void {
  let score = 0;
  for (let d = 0; d < centre.length; d++) score += centre[d] * other[d];
  const step = rate * (label - 1 / (1 + exp(-score)));
  for (let d = 0; d < other.length; d++) {
    const value = other[d];
    gradient[d] += step * value;
    other[d] = value + step * centre[d];
  }
}

/** Nodes by count^(3/4), laid out so that a uniform index draws them. */
function noiseTable(walks: Int32Array, nodes: number): Int32Array {
  const powers = new Float64Array(nodes);
  for (const node of walks) powers[node]++;
  let sum = 0;
  for (let node = 0; node < nodes; node++) {
    powers[node] **= 0.75;
    sum += powers[node];
  }
  const table = cumulate(powers.map((power) => power / sum));
  const size = 2 ** Math.ceil(Math.log2(NOISE_ENTRIES * nodes));
  return Int32Array.from({ length: size }, (_, i) => draw(table, i / size));
}
