import type { Random } from '../../../domain/simulation/random.ts';
import type { Step } from './kernel.ts';
import type { Layout } from './layout.ts';
import type { SharedMemory } from './wasm.ts';

export interface SkipGramOptions {
  dimensions: number;
  /** Largest distance of a context node; each centre draws its own distance from 1 to this. */
  window: number;
  epochs: number;
  /** Noise nodes a centre, drawn by count^(3/4), shared by its contexts. */
  negatives: number;
  /** @default 0.025, falling linearly to 1e-4 */
  learningRate?: number;
  seed: number;
}

/** The nodes in blocks: a pair belongs to the block of its context's input vector and to that of its centre's output vector. */
export interface Blocks {
  readonly count: number;
  /** Block of every node. */
  readonly of: Uint8Array;
  /** Nodes of each block by count^(3/4), laid out so that a uniform index draws them. */
  readonly noise: readonly Int32Array[];
}

const FIRST_RATE = 0.025;
const FINAL_RATE = 1e-4;
/** Entries of a noise table, a node; rounded up to a power of two. */
const NOISE_ENTRIES = 64;

/**
 * Skip-gram with negative sampling (Mikolov et al. 2013, equation 4), the words being nodes and the sentences walks. An object has a scratch of
 * its own; it reads and writes no input vector but those of the one block, and no output vector but those of the other, that `train` names.
 */
export class SkipGram {
  readonly #step: Step;
  readonly #options: SkipGramOptions;
  readonly #layout: Layout;
  readonly #blocks: Blocks;
  readonly #scratch: ReturnType<Layout['scratch']>;
  readonly #inputs: Uint32Array;
  readonly #outputs: Uint32Array;

  constructor(
    step: Step,
    memory: SharedMemory,
    layout: Layout,
    lane: number,
    blocks: Blocks,
    options: SkipGramOptions,
  ) {
    this.#step = step;
    this.#options = options;
    this.#layout = layout;
    this.#blocks = blocks;
    this.#scratch = layout.scratch(lane);
    this.#inputs = new Uint32Array(memory.buffer, this.#scratch.inputs, 2 * options.window);
    this.#outputs = new Uint32Array(memory.buffer, this.#scratch.outputs, 1 + options.negatives);
  }

  /** All pairs of a walk that are in a pair of blocks. @param progress share of the job that is done, in [0, 1) */
  train(walk: Int32Array, inputBlock: number, outputBlock: number, progress: number, random: Random): void {
    const { window, negatives, learningRate = FIRST_RATE } = this.#options;
    const { input, output, rowBytes } = this.#layout;
    const { inputs, outputs, scores } = this.#scratch;
    const { of } = this.#blocks;
    const noise = this.#blocks.noise[outputBlock];
    const rate = Math.max(FINAL_RATE, learningRate * (1 - progress));
    for (let position = 0; position < walk.length; position++) {
      const centre = walk[position];
      if (of[centre] !== outputBlock) continue;
      const reach = 1 + random.integer(window);
      const last = Math.min(walk.length - 1, position + reach);
      let count = 0;
      for (let other = Math.max(0, position - reach); other <= last; other++) {
        const context = walk[other];
        if (other !== position && of[context] === inputBlock) this.#inputs[count++] = input + context * rowBytes;
      }
      if (count === 0) continue;
      this.#outputs[0] = output + centre * rowBytes;
      for (let k = 1; k <= negatives; k++) this.#outputs[k] = output + noiseBeside(centre, noise, random) * rowBytes;
      this.#step(inputs, count, outputs, scores, rate);
    }
  }
}

/** A noise node that is not the centre: what is drawn a second time is taken as it is, so that one node alone is no endless search. */
function noiseBeside(centre: number, noise: Int32Array, random: Random): number {
  const node = noise[random.integer(noise.length)];
  return node === centre ? noise[random.integer(noise.length)] : node;
}

/** The nodes dealt out to `count` blocks from the most visited down, forth and back, so that each has its share of the work. */
export function dealtOut(walks: Int32Array, nodes: number, count: number): Blocks {
  const visits = new Float64Array(nodes);
  for (const node of walks) visits[node]++;
  const order = Array.from(visits, (_, node) => node).sort((a, b) => visits[b] - visits[a] || a - b);
  const of = new Uint8Array(nodes);
  order.forEach((node, rank) => {
    const place = rank % (2 * count);
    of[node] = Math.min(place, 2 * count - 1 - place);
  });
  const noise = Array.from({ length: count }, (_, block) =>
    noiseTable(
      visits.map((visited, node) => (of[node] === block ? visited : 0)),
      nodes / count,
    ),
  );
  return { count, of, noise };
}

function noiseTable(visits: Float64Array, members: number): Int32Array {
  // The fourth root of a cube by square roots alone: Math.pow may differ between engines.
  const powers = visits.map((visited) => Math.sqrt(visited * Math.sqrt(visited)));
  const sum = powers.reduce((total, power) => total + power, 0);
  const table = new Int32Array(2 ** Math.ceil(Math.log2(NOISE_ENTRIES * members)));
  let node = 0;
  let reached = powers[0] / sum;
  for (let i = 0; i < table.length; i++) {
    while (i / table.length >= reached && node < powers.length - 1) reached += powers[++node] / sum;
    table[i] = node;
  }
  return table;
}
