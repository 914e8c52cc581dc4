import { type AssetGraph, type GraphSnapshot, holdsOn } from '../etl/asset-graph.ts';
import { type WalkGraph, walkGraph } from './walks/walk-graph.ts';

/** Weight of a relation that is known, not measured, beside correlations between the threshold and 1. */
export const RELATION_WEIGHT = 0.5;

/** The categories (sector, region, fund, peg) that assets of a snapshot are in, as nodes behind its assets. */
export interface CategoryNodes {
  readonly count: number;
  readonly links: readonly { asset: number; node: number; key: string }[];
}

/** The relations of a snapshot's assets that held on its day, without the dates until when: those may become known later. */
export interface Relations {
  readonly categories: readonly { symbol: string; kind: string; name: string }[];
  readonly suppliers: readonly { symbol: string; supplier: string; weight: number }[];
}

export function relationsOf({ categories, suppliers }: AssetGraph, { asOf, members }: GraphSnapshot): Relations {
  const listed = placesOf(members);
  return {
    categories: categories
      .filter((link) => holdsOn(link, asOf) && listed.has(link.symbol))
      .map(({ symbol, kind, name }) => ({ symbol, kind, name })),
    suppliers: suppliers
      .filter((link) => holdsOn(link, asOf) && listed.has(link.symbol) && listed.has(link.supplier))
      .map(({ symbol, supplier, weight }) => ({ symbol, supplier, weight })),
  };
}

export function categoryNodes({ categories }: Relations, { members }: GraphSnapshot): CategoryNodes {
  const places = placesOf(members);
  const nodes = new Map<string, number>();
  const links = categories.map(({ symbol, kind, name }) => {
    const key = `${kind}|${name}`;
    const node = nodes.get(key) ?? places.size + nodes.size;
    nodes.set(key, node);
    return { asset: placeOf(places, symbol), node, key };
  });
  return { count: nodes.size, links };
}

/**
 * A snapshot as a graph to walk on. Nodes: its assets in order, then the categories that they are in. Walks also pass through categories and
 * supply-chain links, so that an asset without a correlation edge still has a place.
 */
export function snapshotWalkGraph(graph: AssetGraph, snapshot: GraphSnapshot): WalkGraph {
  const places = placesOf(snapshot.members);
  const relations = relationsOf(graph, snapshot);
  const categories = categoryNodes(relations, snapshot);
  const edges: [number, number, number][] = snapshot.edges.map(({ source, target, strength }) => [
    placeOf(places, source),
    placeOf(places, target),
    strength / 1e6,
  ]);
  for (const { asset, node } of categories.links) edges.push([asset, node, RELATION_WEIGHT]);
  for (const { symbol, supplier, weight } of relations.suppliers)
    edges.push([placeOf(places, symbol), placeOf(places, supplier), RELATION_WEIGHT * weight]);
  return walkGraph(places.size + categories.count, edges);
}

const placesOf = (members: GraphSnapshot['members']): Map<string, number> =>
  new Map(members.map(({ symbol }, index) => [symbol, index]));

function placeOf(places: ReadonlyMap<string, number>, symbol: string): number {
  const place = places.get(symbol);
  if (place === undefined) throw new RangeError(`the snapshot names ${symbol}, which is no member`);
  return place;
}
