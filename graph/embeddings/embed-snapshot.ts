import type { AssetGraph, GraphSnapshot } from '../etl/asset-graph.ts';
import { type Node2vecOptions, node2vec } from './node2vec.ts';
import { type WalkGraph, walkGraph } from './walk-graph.ts';

/** Weight of a relation that is known, not measured, beside correlations between the threshold and 1. */
export const RELATION_WEIGHT = 0.5;

export interface SnapshotVectors {
  readonly asOf: string;
  readonly symbols: readonly string[];
  /** float32 [symbols, dimensions]. */
  readonly vectors: Float32Array;
}

/**
 * One vector per asset of a snapshot. The walks also pass through the categories (sector, region, fund, peg) and supply-chain links
 * of the snapshot's assets, so that an asset without a correlation edge still has a place.
 */
export function embedSnapshot(graph: AssetGraph, snapshot: GraphSnapshot, options: Node2vecOptions): SnapshotVectors {
  const symbols = snapshot.members.map(({ symbol }) => symbol);
  const vectors = node2vec(snapshotWalkGraph(graph, snapshot), options);
  return { asOf: snapshot.asOf, symbols, vectors: vectors.slice(0, symbols.length * options.dimensions) };
}

/** Nodes: the snapshot's assets in order, then the categories that they are in. */
export function snapshotWalkGraph(graph: AssetGraph, snapshot: GraphSnapshot): WalkGraph {
  const places = new Map(snapshot.members.map(({ symbol }, index) => [symbol, index]));
  const categories = new Map<string, number>();
  const edges: [number, number, number][] = snapshot.edges.map(({ source, target, strength }) => [
    placeOf(places, source),
    placeOf(places, target),
    strength / 1e6,
  ]);
  for (const { symbol, kind, name } of graph.categories) {
    const asset = places.get(symbol);
    if (asset === undefined) continue;
    const key = `${kind}|${name}`;
    const category = categories.get(key) ?? places.size + categories.size;
    categories.set(key, category);
    edges.push([asset, category, RELATION_WEIGHT]);
  }
  for (const { symbol, supplier } of graph.suppliers) {
    const [a, b] = [places.get(symbol), places.get(supplier)];
    if (a !== undefined && b !== undefined) edges.push([a, b, RELATION_WEIGHT]);
  }
  return walkGraph(places.size + categories.size, edges);
}

function placeOf(places: ReadonlyMap<string, number>, symbol: string): number {
  const place = places.get(symbol);
  if (place === undefined) throw new RangeError(`the snapshot has an edge to ${symbol}, which is no member`);
  return place;
}
