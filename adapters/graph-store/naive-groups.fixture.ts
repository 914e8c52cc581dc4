import { createRandom } from '../../domain/simulation/random.ts';
import type { AssetGraph, GraphSnapshot } from '../../graph/etl/asset-graph.ts';
import type { RiskGroupOptions } from '../../graph/etl/risk-groups.ts';

/** Three snapshots of up to 14 assets with random edges, many strengths and ranks alike, some assets without an edge. */
export function randomGraph(seed: number): AssetGraph {
  const random = createRandom(seed);
  const symbols = Array.from({ length: 14 }, (_, i) => `S${String(i).padStart(2, '0')}`);
  const snapshots = [1, 2, 3].map((month): GraphSnapshot => {
    const listed = symbols.filter(() => random.uniform() < 0.85);
    const pairs = listed.flatMap((source, i) => listed.slice(i + 1).map((target) => ({ source, target })));
    const members = listed.map((symbol, rank) => {
      const [bucket, microstructure] = ['normal' as const, 'tight-thin'];
      const places = { pageRank: 1e5 * random.integer(4), betweenness: 0, core: 0 };
      return { symbol, bucket, rank, cluster: -1, community: random.integer(5), microstructure, ...places };
    });
    return {
      asOf: `2020-0${month}-28`,
      regime: 'calm',
      members,
      edges: pairs
        .filter(() => random.uniform() < 0.2)
        .map((pair) => ({ ...pair, strength: 3e5 + 1e5 * random.integer(3) })),
      ...{ layers: [], macro: [], exposures: [] },
    };
  });
  const assets = symbols.map((symbol) => {
    return { symbol, name: symbol, kind: 'equity', firstDate: '2019-01-02', lastDate: '2020-12-31' };
  });
  return { universe: 'random', assets, categories: [], suppliers: [], snapshots };
}

/** The groups of a snapshot without any query. */
export function naiveGroups({ members, edges }: GraphSnapshot, options: RiskGroupOptions) {
  const both = edges.flatMap(({ source: a, target: b, strength }) => [
    { a, b, strength },
    { a: b, b: a, strength },
  ]);
  const strengthOf = (symbol: string) => both.reduce((sum, { a, strength }) => sum + (a === symbol ? strength : 0), 0);
  const score = new Map(
    members.map(({ symbol, pageRank }) => [symbol, options.hubsBy === 'pageRank' ? pageRank : strengthOf(symbol)]),
  );
  const ranked = [...score]
    .filter(([symbol]) => options.hubsBy === 'pageRank' || both.some(({ a }) => a === symbol))
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const count = Math.ceil(Math.round(members.length * (1 - options.hubDecile) * 1e6) / 1e6);
  const hubs = ranked.slice(0, count).map(([symbol]) => symbol);
  const around = (hub: string): string[] => {
    const near = new Set([hub]);
    for (let hop = 0; hop < (options.neighbourhoodHops ?? 1); hop++)
      for (const symbol of [...near]) for (const { a, b } of both) if (a === symbol) near.add(b);
    return [...near].sort();
  };
  const communities = Map.groupBy(members, ({ community }) => String(community));
  return {
    hubs: hubs.sort(),
    neighbourhoods: Object.fromEntries(hubs.map((hub) => [hub, around(hub)])),
    communities: Object.fromEntries(
      [...communities]
        .filter(([, list]) => list.length > 1)
        .map(([name, list]) => [name, list.map(({ symbol }) => symbol)]),
    ),
  };
}
