import { ProductError } from '../../domain/errors.ts';
import * as read from '../queries/read.ts';
import type { CypherRunner } from '../queries/statement.ts';
import type { AssetGraph, AssetNode, Bucket, CategoryLink, GraphSnapshot } from './asset-graph.ts';
import { snapshotHash } from './sync.ts';

type EdgeRow = { asOf: string; source: string; target: string; strength: number };
type MemberRow = { asOf: string; symbol: string; bucket: Bucket; rank: number };
/** An interface as a row type: the port asks for an index signature, which interfaces do not have. */
type Row<T> = { [K in keyof T]: T[K] };

/** The graph of a universe as the store holds it. Snapshots whose stored hash is not that of their content stop the line. */
export async function readAssetGraph(runner: CypherRunner, universe: string, windowDays: number): Promise<AssetGraph> {
  const parameters = { universe };
  const heads = await runner.read<{ asOf: string; hash: string }>({ text: read.SNAPSHOTS, parameters });
  const edges = await runner.read<EdgeRow>({
    text: read.CORRELATED_HISTORY,
    parameters,
  });
  const members = await runner.read<MemberRow>({ text: read.BUCKET_HISTORY, parameters });
  const edgesOf = Map.groupBy(edges, ({ asOf }) => asOf);
  const membersOf = Map.groupBy(members, ({ asOf }) => asOf);
  const snapshots = heads.map(({ asOf, hash }) => {
    const snapshot: GraphSnapshot = {
      asOf,
      members: (membersOf.get(asOf) ?? []).map(({ symbol, bucket, rank }) => ({ symbol, bucket, rank })),
      edges: (edgesOf.get(asOf) ?? []).map(({ source, target, strength }) => ({ source, target, strength })),
    };
    if (snapshotHash(snapshot, windowDays) !== hash) throw damaged(universe, asOf);
    return snapshot;
  });
  return {
    universe,
    assets: await runner.read<Row<AssetNode>>({ text: read.ASSETS, parameters }),
    categories: await runner.read<Row<CategoryLink>>({ text: read.STATIC_RELATIONS, parameters }),
    suppliers: (await runner.read<{ symbol: string; name: string }>({ text: read.SUPPLIERS, parameters })).map(
      ({ symbol, name }) => ({ symbol, supplier: name }),
    ),
    snapshots,
  };
}

const damaged = (universe: string, asOf: string): ProductError =>
  new ProductError('GRAPH_ROUND_TRIP', 'The graph store does not give back the snapshot that was written', {
    facts: { universe, asOf },
    remedy: 'Clear the graph store and run the graph stage again: it is derived data.',
  });

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
