import type { AssetGraph, GraphSnapshot } from '../etl/asset-graph.ts';
import { alignTo, type SnapshotVectors } from './align.ts';
import { forward, type SageWeights } from './graphsage/sage.ts';
import { SNAPSHOT_FEATURES, snapshotFeatures } from './graphsage/snapshot-features.ts';
import { createSage, trainSage } from './graphsage/train-sage.ts';
import { type Node2vecOptions, node2vec } from './node2vec/node2vec.ts';
import { snapshotWalkGraph } from './snapshot-graph.ts';

export type { SnapshotVectors };

/** `walks` and `walkLength` are node2vec's alone. */
export interface EmbeddingOptions extends Node2vecOptions {
  algorithm: 'node2vec' | 'graphsage';
}

/** The vectors of a snapshot, and what the next one begins with. */
export interface SnapshotEmbedding extends SnapshotVectors {
  readonly weights: SageWeights | null;
}

/** Steps of training an epoch: of GraphSAGE on the first snapshot, and on each that goes on from the weights of the one before. */
const SAGE_STEPS = { first: 150, next: 10 };

/**
 * One vector per asset of a snapshot, on the axes of the snapshot before: node2vec learns anew and is turned onto it, GraphSAGE goes on from its
 * weights. Rests on this snapshot and on `previous` (null: the first), so a longer history never changes what came earlier.
 * @param threads that may work on a large graph
 */
export async function embedSnapshot(
  graph: AssetGraph,
  snapshot: GraphSnapshot,
  options: EmbeddingOptions,
  previous: SnapshotEmbedding | null,
  threads = 1,
): Promise<SnapshotEmbedding> {
  const symbols = snapshot.members.map(({ symbol }) => symbol);
  const assetsOf = (vectors: ArrayLike<number>): SnapshotVectors => ({
    asOf: snapshot.asOf,
    symbols,
    vectors: Float32Array.from({ length: symbols.length * options.dimensions }, (_, i) => vectors[i]),
  });
  const walks = snapshotWalkGraph(graph, snapshot);
  if (options.algorithm === 'node2vec') {
    const own = assetsOf(await node2vec(walks, options, threads));
    return { ...(previous ? alignTo(previous, own) : own), weights: null };
  }
  const features = snapshotFeatures(graph, snapshot, walks);
  const start = previous?.weights ?? createSage(SNAPSHOT_FEATURES, options);
  const steps = options.epochs * (previous?.weights ? SAGE_STEPS.next : SAGE_STEPS.first);
  const weights = trainSage(start, walks, features, options, steps);
  return { ...assetsOf(forward(weights, walks, features).vectors.data), weights };
}
