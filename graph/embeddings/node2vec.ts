import { createRandom } from '../../domain/simulation/random.ts';
import { type SkipGramOptions, skipGram } from './skip-gram.ts';
import type { WalkGraph } from './walk-graph.ts';
import { biasedWalks, type WalkOptions } from './walks.ts';

export interface Node2vecOptions extends WalkOptions, SkipGramOptions {
  seed: number;
}

/**
 * node2vec (Grover and Leskovec 2016): biased second-order walks, then skip-gram with negative sampling.
 * Returns float32 [nodes, dimensions]. Same graph, options and seed: same bits.
 */
export function node2vec(graph: WalkGraph, options: Node2vecOptions): Float32Array {
  const random = createRandom(options.seed);
  const walks = biasedWalks(graph, options, random.fork(1));
  return skipGram(walks, options.walkLength, graph.nodes, options, random.fork(2));
}
