import * as read from '../queries/read.ts';
import type { CypherRunner } from '../queries/statement.ts';
import type { AssetGraph } from './asset-graph.ts';

export interface RiskGroupMembers {
  /** As-of date -> hubs. */
  hubs: Record<string, string[]>;
  /** As-of date -> the least liquid bucket. */
  illiquid: Record<string, string[]>;
}

/**
 * Hubs (the most connected `1 - decile` of a snapshot's assets by weighted degree, rounded up) and illiquid assets of every
 * snapshot, out of Cypher. `HUBS_AS_OF` gives the same hubs for one day.
 */
export async function readRiskGroups(
  runner: CypherRunner,
  graph: AssetGraph,
  hubDecile: number,
): Promise<RiskGroupMembers> {
  const degrees = await runner.read<{ asOf: string; symbol: string }>({
    text: read.DEGREE_HISTORY,
    parameters: { universe: graph.universe },
  });
  const ranked = Map.groupBy(degrees, ({ asOf }) => asOf);
  const hubs: Record<string, string[]> = {};
  const illiquid: Record<string, string[]> = {};
  for (const { asOf, members } of graph.snapshots) {
    const count = hubCount(members.length, hubDecile);
    hubs[asOf] = (ranked.get(asOf) ?? [])
      .slice(0, count)
      .map(({ symbol }) => symbol)
      .sort();
    illiquid[asOf] = members.filter(({ bucket }) => bucket === 'illiquid').map(({ symbol }) => symbol);
  }
  return { hubs, illiquid };
}

/** How many of `assets` are hubs. The product is rounded first: 1 - 0.9 is a little more than 0.1. */
export const hubCount = (assets: number, decile: number): number =>
  Math.ceil(Number((assets * (1 - decile)).toFixed(9)));
