import type { AssetGraph, GraphSnapshot } from '../etl/asset-graph.ts';
import { alignTo, type SnapshotVectors, turnOnto } from './align.ts';
import type { Matrix } from './graphsage/matrix.ts';
import { forward, rowOf, type SageWeights } from './graphsage/sage.ts';
import { SNAPSHOT_FEATURES, snapshotFeatures } from './graphsage/snapshot-features.ts';
import { createSage, trainSage } from './graphsage/train-sage.ts';
import { type Node2vecOptions, node2vec } from './node2vec/node2vec.ts';
import { type Turn, turned } from './procrustes.ts';
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

/** Steps of training an epoch of GraphSAGE, on the first snapshot. */
const SAGE_STEPS = 150;

/**
 * One vector per asset of a snapshot, on the axes of the snapshot before: node2vec learns anew and is turned onto it; GraphSAGE learns on the
 * first snapshot and applies what it learned to the others (what it learns further moves vectors of a market that stands still, and foretells
 * edges worse), turned as well, by its last layer. Rests on this snapshot and on `previous` (null: the first), so a longer history never changes what came earlier.
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
  const weights =
    previous?.weights ??
    trainSage(createSage(SNAPSHOT_FEATURES, options), walks, features, options, options.epochs * SAGE_STEPS);
  const own = assetsOf(forward(weights, walks, features).vectors.data);
  if (!previous) return { ...own, weights };
  const turn = turnOnto(previous, own);
  return { ...alignTo(previous, own, turn), weights: { ...weights, second: turnedRows(turn, weights.second) } };
}

/** Weights of a last layer whose vectors come out turned. */
function turnedRows(turn: Turn, layer: Matrix): Matrix {
  const data = new Float64Array(layer.data.length);
  for (let row = 0; row < layer.rows; row++) data.set(turned(turn, rowOf(layer, row)), row * layer.columns);
  return { ...layer, data };
}
