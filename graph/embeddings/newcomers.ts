import type { AssetGraph, GraphSnapshot } from '../etl/asset-graph.ts';
import type { SnapshotVectors } from './align.ts';
import type { SnapshotEmbedding } from './embed-snapshot.ts';
import { forward } from './graphsage/sage.ts';
import { snapshotFeatures } from './graphsage/snapshot-features.ts';
import { snapshotWalkGraph } from './snapshot-graph.ts';

/** What a snapshot says of an asset of which nothing is measured yet. */
const UNMEASURED = {
  ...({ bucket: 'unknown', rank: -1, cluster: -1, community: -1, microstructure: 'unknown' } as const),
  ...{ pageRank: 0, betweenness: 0, core: 0 },
};

/**
 * GraphSAGE's answer between two snapshots: an asset that is listed after one has a vector from that day on, by the sector and whatever else it is
 * in and by those it buys from. One entry a day of listing, ascending: the vectors of the snapshot as they are, and those of who came since.
 * None where the embedding kept no weights (node2vec).
 *
 * @param until ISO date of the next snapshot, exclusive.
 */
export function embedNewcomers(
  graph: AssetGraph,
  snapshot: GraphSnapshot,
  { weights, symbols, vectors }: SnapshotEmbedding,
  until: string,
): SnapshotVectors[] {
  if (weights === null) return [];
  const before = new Map(symbols.map((symbol, place) => [symbol, place]));
  const came = graph.assets.filter(
    ({ symbol, firstDate }) => firstDate > snapshot.asOf && firstDate < until && !before.has(symbol),
  );
  const size = weights.second.columns;
  return [...new Set(came.map(({ firstDate }) => firstDate))].sort().map((asOf) => {
    const added = came.filter(({ firstDate }) => firstDate <= asOf).map(({ symbol }) => ({ symbol, ...UNMEASURED }));
    const members = [...snapshot.members, ...added].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
    const day = { ...snapshot, asOf, members };
    const walks = snapshotWalkGraph(graph, day);
    const all = Float32Array.from(
      forward(weights, walks, snapshotFeatures(graph, day, walks)).vectors.data.subarray(0, members.length * size),
    );
    members.forEach(({ symbol }, place) => {
      const known = before.get(symbol);
      if (known !== undefined) all.set(vectors.subarray(known * size, (known + 1) * size), place * size);
    });
    return { asOf, symbols: members.map(({ symbol }) => symbol), vectors: all };
  });
}
