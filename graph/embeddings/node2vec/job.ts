import { refused } from '../../../domain/errors.ts';
import { createRandom } from '../../../domain/simulation/random.ts';
import type { WalkGraph } from '../walks/walk-graph.ts';
import { aliasTables, fillWalk, startNodes, type WalkOptions } from '../walks/walks.ts';
import { type Step, stepModule } from './kernel.ts';
import { type Layout, layoutOf } from './layout.ts';
import { dealtOut, SkipGram, type SkipGramOptions } from './skip-gram.ts';
import { type Compiled, compiled, MAXIMUM_PAGES, runOn, type SharedMemory, sharedMemory } from './wasm.ts';

export interface Node2vecOptions extends WalkOptions, SkipGramOptions {}

/** What all threads of a job see. The arrays of `graph` are copied to each thread, the rest is shared. */
export interface Job {
  readonly graph: WalkGraph;
  readonly options: Node2vecOptions;
  readonly memory: SharedMemory;
  /** int32 [walks x nodes, walkLength] */
  readonly walks: Int32Array;
  /** Arrivals at the barrier, and how often it has opened. */
  readonly barrier: Int32Array;
}

/** Below this many nodes starting threads takes longer than the work. */
const MANY_NODES = 512;
const BLOCKS = 2;
/** Walks between two meetings, a node. */
const WALKS_A_TURN = 1 / 8;

/** Blocks that the nodes are dealt out to. It follows from the graph, never from the machine: bits depend on it. */
export const blocksOf = (nodes: number): number => (nodes < MANY_NODES ? 1 : BLOCKS);

const layoutFor = ({ graph, options }: Pick<Job, 'graph' | 'options'>): Layout =>
  layoutOf(graph.nodes, blocksOf(graph.nodes), options);

/** A job with all input vectors drawn, uniform within half of 1 / dimensions, and all output vectors zero. Throws `NODE2VEC_TOO_LARGE`. */
export function createJob(graph: WalkGraph, options: Node2vecOptions): Job {
  const { input, rowBytes, pages } = layoutFor({ graph, options });
  if (pages > MAXIMUM_PAGES) {
    throw refused('NODE2VEC_TOO_LARGE', 'The vectors do not fit the 4 GiB that one job can address', {
      facts: { nodes: graph.nodes, dimensions: options.dimensions },
      remedy: 'Lower embeddings.dimensions.',
    });
  }
  const memory = sharedMemory(pages);
  const rows = new Float32Array(memory.buffer);
  const random = createRandom(options.seed).fork(0);
  for (let node = 0; node < graph.nodes; node++) {
    const row = (input + node * rowBytes) / 4;
    for (let d = 0; d < options.dimensions; d++) rows[row + d] = (random.uniform() - 0.5) / options.dimensions;
  }
  const walks = new Int32Array(new SharedArrayBuffer(4 * options.walks * graph.nodes * options.walkLength));
  return { graph, options, memory, walks, barrier: new Int32Array(new SharedArrayBuffer(8)) };
}

/** The input vectors of a finished job, float32 [nodes, dimensions]. */
export function vectorsOf(job: Job): Float32Array {
  const { dimensions } = job.options;
  const { input, rowBytes } = layoutFor(job);
  const vectors = new Float32Array(job.graph.nodes * dimensions);
  for (let node = 0; node < job.graph.nodes; node++) {
    vectors.set(new Float32Array(job.memory.buffer, input + node * rowBytes, dimensions), node * dimensions);
  }
  return vectors;
}

/**
 * The share of thread `thread` of `threads` in a job. Every walk has its own random stream and place. Pairs are trained by blocks: in each round of a
 * turn, lane l takes those from input block l to output block l + round. So no two lanes of a round touch one vector, and the bits are the same
 * for any number of threads.
 */
export function runShare(job: Job, thread: number, threads: number): void {
  const { graph, options, walks, barrier } = job;
  const walk = (index: number) => walks.subarray(index * options.walkLength, (index + 1) * options.walkLength);
  const starts = startNodes(graph.nodes, options);
  const tables = aliasTables(graph);
  for (let index = thread; index < starts.length; index += threads) {
    walk(index)[0] = starts[index];
    fillWalk(walk(index), graph, tables, options, createRandom(options.seed).fork(index + 1));
  }
  meet(barrier, threads);
  const count = blocksOf(graph.nodes);
  const blocks = dealtOut(walks, graph.nodes, count);
  const layout = layoutFor(job);
  const step = stepOf(job, layout);
  const lanes = Array.from({ length: count }, (_, lane) => lane).filter((lane) => lane % threads === thread);
  const learners = lanes.map((lane) => new SkipGram(step, job.memory, layout, lane, blocks, options));
  const total = options.epochs * starts.length;
  const turn = Math.ceil(graph.nodes * WALKS_A_TURN);
  for (let first = 0; first < total; first += turn) {
    for (let round = 0; round < count; round++) {
      learners.forEach((learner, k) => {
        const outputBlock = (lanes[k] + round) % count;
        const random = createRandom(options.seed).fork(-1 - (first * count + round) * count - lanes[k]);
        for (let at = first; at < Math.min(total, first + turn); at++) {
          learner.train(walk(at % starts.length), lanes[k], outputBlock, at / total, random);
        }
      });
      meet(barrier, threads);
    }
  }
}

const modules = new Map<string, Compiled>();

function stepOf({ memory, options }: Job, { rowBytes }: Layout): Step {
  const outputs = 1 + options.negatives;
  const key = `${rowBytes} ${outputs}`;
  const module = modules.get(key) ?? compiled(stepModule(rowBytes / 4, outputs));
  modules.set(key, module);
  return runOn(module, memory);
}

/** Wait until all threads are here. */
function meet(barrier: Int32Array, threads: number): void {
  const round = Atomics.load(barrier, 1);
  if (Atomics.add(barrier, 0, 1) === threads - 1) {
    Atomics.store(barrier, 0, 0);
    Atomics.add(barrier, 1, 1);
    Atomics.notify(barrier, 1);
  } else {
    while (Atomics.load(barrier, 1) === round) Atomics.wait(barrier, 1, round);
  }
}
