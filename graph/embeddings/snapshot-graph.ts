import type { AssetGraph, GraphSnapshot } from '../etl/asset-graph.ts';
import { type WalkGraph, walkGraph } from './walks/walk-graph.ts';

/** Weight of a relation that is known, not measured, beside correlations between the threshold and 1. */
export const RELATION_WEIGHT = 0.5;

/** The categories (sector, region, fund, peg) that assets of a snapshot are in, as nodes behind its assets. */
export interface CategoryNodes {
  readonly count: number;
  readonly links: readonly { asset: number; node: number; key: string }[];
}

export function categoryNodes({ categories }: AssetGraph, { members }: GraphSnapshot): CategoryNodes {
  const places = placesOf(members);
  const nodes = new Map<string, number>();
  const links = categories.flatMap(({ symbol, kind, name }) => {
    const asset = places.get(symbol);
    if (asset === undefined) return [];
    const key = `${kind}|${name}`;
    const node = nodes.get(key) ?? places.size + nodes.size;
    nodes.set(key, node);
    return [{ asset, node, key }];
  });
  return { count: nodes.size, links };
}

/**
 * A snapshot as a graph to walk on. Nodes: its assets in order, then the categories that they are in. Walks also pass through categories and
 * supply-chain links, so that an asset without a correlation edge still has a place.
 */
export function snapshotWalkGraph(graph: AssetGraph, snapshot: GraphSnapshot): WalkGraph {
  const places = placesOf(snapshot.members);
  const categories = categoryNodes(graph, snapshot);
  const edges: [number, number, number][] = snapshot.edges.map(({ source, target, strength }) => [
    placeOf(places, source),
    placeOf(places, target),
    strength / 1e6,
  ]);
  for (const { asset, node } of categories.links) edges.push([asset, node, RELATION_WEIGHT]);
  for (const { symbol, supplier } of graph.suppliers) {
    const [a, b] = [places.get(symbol), places.get(supplier)];
    if (a !== undefined && b !== undefined) edges.push([a, b, RELATION_WEIGHT]);
  }
  return walkGraph(places.size + categories.count, edges);
}

const placesOf = (members: GraphSnapshot['members']): Map<string, number> =>
  new Map(members.map(({ symbol }, index) => [symbol, index]));

function placeOf(places: ReadonlyMap<string, number>, symbol: string): number {
  const place = places.get(symbol);
  if (place === undefined) throw new RangeError(`the snapshot has an edge to ${symbol}, which is no member`);
  return place;
}
