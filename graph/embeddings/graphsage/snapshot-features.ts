import { type AssetGraph, BUCKETS, type GraphSnapshot } from '../../etl/asset-graph.ts';
import { categoryNodes, relationsOf } from '../snapshot-graph.ts';
import type { WalkGraph } from '../walks/walk-graph.ts';
import { type Matrix, zeros } from './matrix.ts';
import { rowOf } from './sage.ts';

/** Places that categories are hashed to; two may share one. */
const PLACES = 32;
const OWN = ['one', 'asset', 'degree', 'strength', 'rank'].length;
export const SNAPSHOT_FEATURES = OWN + BUCKETS.length + PLACES;

/**
 * What is known of each node of `snapshotWalkGraph` at the close of its day, [nodes, features]: 1; whether it is an asset; root of its degree; mean weight of
 * its edges; liquidity rank in [0, 1]; its bucket; the categories that it is in, or is, hashed. No name: what was never seen has features too.
 */
export function snapshotFeatures(graph: AssetGraph, snapshot: GraphSnapshot, walks: WalkGraph): Matrix {
  const features = zeros(walks.nodes, SNAPSHOT_FEATURES);
  for (let node = 0; node < walks.nodes; node++) {
    const row = rowOf(features, node);
    const weights = walks.weights.subarray(walks.offsets[node], walks.offsets[node + 1]);
    row[0] = 1;
    row[2] = Math.sqrt(weights.length) / 4;
    row[3] = weights.length > 0 ? weights.reduce((sum, weight) => sum + weight, 0) / weights.length : 0;
  }
  snapshot.members.forEach(({ bucket, rank }, node) => {
    const row = rowOf(features, node);
    row[1] = 1;
    row[4] = rank < 0 ? 0 : rank / Math.max(1, snapshot.members.length - 1);
    row[OWN + BUCKETS.indexOf(bucket)] = 1;
  });
  for (const { asset, node, key } of categoryNodes(relationsOf(graph, snapshot), snapshot).links) {
    const place = OWN + BUCKETS.length + (hashed(key) % PLACES);
    rowOf(features, asset)[place] += 1;
    rowOf(features, node)[place] = 1;
  }
  return features;
}

/** FNV-1a, 32 bits. */
function hashed(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
