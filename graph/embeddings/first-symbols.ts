import { type Instrument, lastingNames } from '../../domain/market/instrument.ts';
import type { AssetGraph, GraphSnapshot } from '../etl/asset-graph.ts';
import type { SnapshotVectors } from './align.ts';

/** A graph whose assets go by the symbols that they had first, and the way back. */
export interface FirstSymbols {
  readonly graph: AssetGraph;
  /** Present symbol and first one, of those that differ. */
  readonly renamed: readonly (readonly [string, string])[];
  /** Vectors by present symbols, ascending. */
  present(vectors: SnapshotVectors): SnapshotVectors;
}

/**
 * The order of the nodes decides the axes of an embedding, and their names some of its features. By first symbols both stay as they were when an
 * asset changes its symbol: all vectors, its own too, are those of the day before to the bit.
 */
export function underFirstSymbols(
  graph: AssetGraph,
  instruments: readonly Pick<Instrument, 'symbol' | 'formerly'>[],
): FirstSymbols {
  const formerly = new Map(instruments.map((one) => [one.symbol, one.formerly]));
  const first = lastingNames(graph.assets.map((asset) => ({ ...asset, formerly: formerly.get(asset.symbol) })));
  const renamed = [...first];
  if (renamed.length === 0) return { graph, renamed, present: (vectors) => vectors };
  const nameOf = (symbol: string): string => first.get(symbol) ?? symbol;
  const presentOf = new Map(renamed.map(([symbol, was]) => [was, symbol]));
  const categories = graph.categories.map((link) => {
    return { ...link, symbol: nameOf(link.symbol), name: link.kind === 'fund' ? nameOf(link.name) : link.name };
  });
  const suppliers = graph.suppliers.map((link) => {
    return { ...link, symbol: nameOf(link.symbol), supplier: nameOf(link.supplier) };
  });
  return {
    renamed,
    graph: {
      universe: graph.universe,
      assets: graph.assets.map((asset) => ({ ...asset, symbol: nameOf(asset.symbol) })).sort(by('symbol')),
      categories: categories.sort(by('symbol', 'kind', 'name', 'validFrom')),
      suppliers: suppliers.sort(by('symbol', 'supplier', 'validFrom')),
      snapshots: graph.snapshots.map((snapshot) => renamedSnapshot(snapshot, nameOf)),
    },
    present: (vectors) => withSymbols(vectors, (was) => presentOf.get(was) ?? was),
  };
}

/** What vectors rest on: members and edges. */
function renamedSnapshot(snapshot: GraphSnapshot, nameOf: (symbol: string) => string): GraphSnapshot {
  const edges = snapshot.edges.map(({ source, target, strength }) => {
    const [low, high] = [nameOf(source), nameOf(target)].sort();
    return { source: low, target: high, strength };
  });
  return {
    ...snapshot,
    members: snapshot.members.map((one) => ({ ...one, symbol: nameOf(one.symbol) })).sort(by('symbol')),
    edges: edges.sort(by('source', 'target')),
  };
}

function withSymbols({ asOf, symbols, vectors }: SnapshotVectors, nameOf: (symbol: string) => string): SnapshotVectors {
  const size = vectors.length / symbols.length;
  const rows = symbols.map((symbol, row) => ({ symbol: nameOf(symbol), row })).sort(by('symbol'));
  const moved = new Float32Array(vectors.length);
  rows.forEach(({ row }, place) => {
    moved.set(vectors.subarray(row * size, (row + 1) * size), place * size);
  });
  return { asOf, symbols: rows.map(({ symbol }) => symbol), vectors: moved };
}

const by =
  <T>(...keys: (keyof T)[]) =>
  (a: T, b: T): number => {
    for (const key of keys) if (a[key] !== b[key]) return a[key] < b[key] ? -1 : 1;
    return 0;
  };
