import { type AssetGraph, BUCKETS } from './asset-graph.ts';
import { membershipsOf } from './memberships.ts';

/** Nodes and relationships of a graph, whole: every snapshot's layers are counted, vectors are not. */
export function graphSize(graph: AssetGraph): { nodes: number; relationships: number } {
  const { assets, categories, suppliers, snapshots } = graph;
  const names = new Set(categories.map(({ kind, name }) => `${kind}|${name}`));
  const series = new Set(
    snapshots.flatMap(({ macro, exposures }) => [...macro, ...exposures].map((row) => row.series)),
  );
  const links = (['bucket', 'cluster', 'community'] as const).map((kind) => membershipsOf(snapshots, kind));
  const groups = links.slice(1).map((list) => new Set(list.map(({ name }) => name)).size);
  const timed = snapshots.map(
    ({ members, edges, layers, macro, exposures }) =>
      members.length + edges.length + layers.length + macro.length + exposures.length,
  );
  const sum = (values: readonly number[]) => values.reduce((total, x) => total + x, 0);
  return {
    nodes: assets.length + names.size + BUCKETS.length + sum(groups) + series.size + snapshots.length,
    relationships: categories.length + suppliers.length + sum(links.map((list) => list.length)) + sum(timed),
  };
}
