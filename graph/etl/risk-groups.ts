import {
  COMMUNITY_HISTORY,
  DEGREE_HISTORY,
  NEIGHBOURS,
  NEIGHBOURS_OF_NEIGHBOURS,
  PAGERANK_HISTORY,
} from '../queries/groups.ts';
import type { CypherRunner } from '../queries/statement.ts';
import type { AssetGraph } from './asset-graph.ts';

export interface RiskGroupMembers {
  /** As-of date -> hubs. */
  hubs: Record<string, string[]>;
  /** As-of date -> the least liquid bucket. */
  illiquid: Record<string, string[]>;
  /** As-of date -> hub -> itself and what is within some edges of it. */
  neighbourhoods: Record<string, Record<string, string[]>>;
  /** As-of date -> community of the correlation edges -> its members, where it has at least two. */
  communities: Record<string, Record<string, string[]>>;
}

export interface RiskGroupOptions {
  /** Hubs are the most connected `1 - hubDecile` of a snapshot's assets, rounded up. */
  hubDecile: number;
  /** @default strength: weighted degree */
  hubsBy?: 'strength' | 'pageRank' | undefined;
  /** Edges from a hub to the border of its neighbourhood. @default 1 */
  neighbourhoodHops?: number | undefined;
}

/** The groups of every snapshot, out of Cypher. `HUBS_AS_OF` gives the same hubs (by strength) for one day. */
export async function readRiskGroups(
  runner: CypherRunner,
  graph: AssetGraph,
  { hubDecile, hubsBy = 'strength', neighbourhoodHops = 1 }: RiskGroupOptions,
): Promise<RiskGroupMembers> {
  const { universe, snapshots } = graph;
  const ranked = Map.groupBy(
    await runner.read<{ asOf: string; symbol: string }>({
      text: hubsBy === 'pageRank' ? PAGERANK_HISTORY : DEGREE_HISTORY,
      parameters: { universe },
    }),
    ({ asOf }) => asOf,
  );
  const hubs: RiskGroupMembers['hubs'] = {};
  const illiquid: RiskGroupMembers['illiquid'] = {};
  for (const { asOf, members } of snapshots) {
    const top = (ranked.get(asOf) ?? []).slice(0, hubCount(members.length, hubDecile));
    hubs[asOf] = top.map(({ symbol }) => symbol).sort();
    illiquid[asOf] = members.filter(({ bucket }) => bucket === 'illiquid').map(({ symbol }) => symbol);
  }
  const communities = await readCommunities(runner, universe, snapshots);
  return {
    hubs,
    illiquid,
    neighbourhoods: await readNeighbourhoods(runner, universe, hubs, neighbourhoodHops),
    communities,
  };
}

async function readNeighbourhoods(
  runner: CypherRunner,
  universe: string,
  hubs: RiskGroupMembers['hubs'],
  hops: number,
): Promise<RiskGroupMembers['neighbourhoods']> {
  const rows = Object.entries(hubs).flatMap(([asOf, list]) => list.map((hub) => ({ asOf, hub: `${universe}|${hub}` })));
  let found: { asOf: string; hub: string; symbol: string }[] = [];
  for (const text of [NEIGHBOURS, NEIGHBOURS_OF_NEIGHBOURS].slice(0, hops)) {
    if (rows.length > 0)
      found = found.concat(await runner.read<(typeof found)[number]>({ text, parameters: { rows } }));
  }
  const near = Map.groupBy(found, ({ asOf, hub }) => `${asOf}|${hub}`);
  const around = (asOf: string, hub: string): string[] => {
    const symbols = (near.get(`${asOf}|${hub}`) ?? []).map(({ symbol }) => symbol);
    return [...new Set([hub, ...symbols])].sort();
  };
  return Object.fromEntries(
    Object.entries(hubs).map(([asOf, list]) => [asOf, Object.fromEntries(list.map((hub) => [hub, around(asOf, hub)]))]),
  );
}

async function readCommunities(
  runner: CypherRunner,
  universe: string,
  snapshots: AssetGraph['snapshots'],
): Promise<RiskGroupMembers['communities']> {
  const rows = await runner.read<{ asOf: string; symbol: string; community: string }>({
    text: COMMUNITY_HISTORY,
    parameters: { universe },
  });
  const byDate = Map.groupBy(rows, ({ asOf }) => asOf);
  return Object.fromEntries(
    snapshots.map(({ asOf }) => {
      const groups = Map.groupBy(byDate.get(asOf) ?? [], ({ community }) => community);
      const several = [...groups].filter(([, members]) => members.length > 1);
      return [
        asOf,
        Object.fromEntries(several.map(([name, members]) => [name, members.map(({ symbol }) => symbol).sort()])),
      ];
    }),
  );
}

/** How many of `assets` are hubs. The product is rounded first: 1 - 0.9 is a little more than 0.1. */
export const hubCount = (assets: number, decile: number): number =>
  Math.ceil(Number((assets * (1 - decile)).toFixed(9)));
