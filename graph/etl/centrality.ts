import { coreNumbers } from '../algorithms/cohesion.ts';
import { louvain } from '../algorithms/louvain.ts';
import { pageRank } from '../algorithms/pagerank.ts';
import { betweenness } from '../algorithms/shortest-paths.ts';
import { weightedGraph } from '../algorithms/weighted-graph.ts';
import type { CorrelationEdge } from './asset-graph.ts';

/** Places of a snapshot's assets in its correlation edges: what no Cypher engine here computes. Per symbol, in order. */
export interface Places {
  /** In millionths. */
  pageRank: number[];
  betweenness: number[];
  core: number[];
  /** Louvain communities, numbered by their first member. */
  community: number[];
}

export function placesOf(symbols: readonly string[], edges: readonly CorrelationEdge[]): Places {
  const index = new Map(symbols.map((symbol, i) => [symbol, i]));
  const at = (symbol: string) => index.get(symbol) ?? -1;
  const graph = weightedGraph(
    symbols.length,
    edges.map(({ source, target, strength }) => [at(source), at(target), strength / 1e6]),
  );
  const millionths = (values: Float64Array) => Array.from(values, (x) => Math.round(x * 1e6));
  return {
    pageRank: millionths(pageRank(graph)),
    betweenness: millionths(betweenness(graph)),
    core: [...coreNumbers(graph)],
    community: [...louvain(graph)],
  };
}
