import { HUBS_AS_OF, SNAPSHOT_AS_OF } from '../queries/as-of.ts';
import type { CypherRunner } from '../queries/statement.ts';
import { type AssetGraph, BUCKETS, holdsOn, REGIMES } from './asset-graph.ts';
import { hubCount, type RiskGroupMembers } from './risk-groups.ts';

/** What the graph says of an asset on a day, as numbers: flags, counts, millionths, and places in lists of names. */
export const GRAPH_COLUMNS = [
  'regime',
  'sector',
  'bucket',
  'rank',
  'cluster',
  'community',
  'hub',
  'degree',
  'strength',
  'pageRank',
  'betweenness',
  'core',
] as const;

type GraphRow = { symbol: string } & Record<(typeof GRAPH_COLUMNS)[number], number>;

/** [dates, symbols, columns]; NaN where the asset is in no snapshot that holds. */
export interface GraphTensor {
  readonly dates: readonly string[];
  readonly symbols: readonly string[];
  readonly values: Float64Array;
}

/** The tensor of an episode out of the store: `SNAPSHOT_AS_OF` for each of its days. */
export async function tensorFromStore(
  runner: CypherRunner,
  graph: Pick<AssetGraph, 'universe' | 'categories'>,
  dates: readonly string[],
  symbols: readonly string[],
  hubDecile: number,
): Promise<GraphTensor> {
  const sectors = sectorsOf(graph);
  const rows: GraphRow[][] = [];
  for (const asOf of dates) {
    const parameters = { universe: graph.universe, asOf };
    const found = await runner.read<SnapshotRow>({ text: SNAPSHOT_AS_OF, parameters });
    const count = hubCount(found.length, hubDecile);
    const top =
      count > 0
        ? await runner.read<{ symbol: string }>({ text: HUBS_AS_OF, parameters: { ...parameters, count } })
        : [];
    const hubs = new Set(top.map(({ symbol }) => symbol));
    rows.push(
      found.map((row) => ({
        ...row,
        regime: REGIMES.indexOf(row.regime),
        sector: sectors.indexOf(row.sector ?? ''),
        bucket: BUCKETS.indexOf(row.bucket ?? 'unknown'),
        cluster: Number(row.cluster ?? -1),
        community: Number(row.community ?? -1),
        hub: Number(hubs.has(row.symbol)),
        // the sum over no edge is null on one engine
        strength: row.strength ?? 0,
      })),
    );
  }
  return tensorOf(rows, dates, symbols);
}

type SnapshotRow = Omit<GraphRow, 'regime' | 'sector' | 'bucket' | 'cluster' | 'community' | 'hub' | 'strength'> & {
  symbol: string;
  regime: (typeof REGIMES)[number];
  sector: string | null;
  bucket: (typeof BUCKETS)[number] | null;
  cluster: string | null;
  community: string | null;
  strength: number | null;
};

/** The same out of the graph as the artifact has it. */
export function tensorFromGraph(
  graph: AssetGraph,
  groups: Pick<RiskGroupMembers, 'hubs'>,
  dates: readonly string[],
  symbols: readonly string[],
): GraphTensor {
  const sectors = sectorsOf(graph);
  const rows = dates.map((date): GraphRow[] => {
    const snapshot = graph.snapshots.findLast(({ asOf }) => asOf <= date);
    if (!snapshot) return [];
    const sectorOf = new Map(
      graph.categories.filter((c) => c.kind === 'group' && holdsOn(c, date)).map(({ symbol, name }) => [symbol, name]),
    );
    const edges = snapshot.edges.flatMap(({ source, target, strength }) => [
      { symbol: source, strength },
      { symbol: target, strength },
    ]);
    const edgesOf = Map.groupBy(edges, ({ symbol }) => symbol);
    return snapshot.members.map((member) => {
      const own = edgesOf.get(member.symbol) ?? [];
      return {
        ...member,
        regime: REGIMES.indexOf(snapshot.regime),
        sector: sectors.indexOf(sectorOf.get(member.symbol) ?? ''),
        bucket: BUCKETS.indexOf(member.bucket),
        hub: Number(groups.hubs[snapshot.asOf].includes(member.symbol)),
        degree: own.length,
        strength: own.reduce((sum, { strength }) => sum + strength, 0),
      };
    });
  });
  return tensorOf(rows, dates, symbols);
}

const sectorsOf = ({ categories }: Pick<AssetGraph, 'categories'>): string[] =>
  [...new Set(categories.filter(({ kind }) => kind === 'group').map(({ name }) => name))].sort();

function tensorOf(rows: readonly GraphRow[][], dates: readonly string[], symbols: readonly string[]): GraphTensor {
  const [assets, width] = [symbols.length, GRAPH_COLUMNS.length];
  const places = new Map(symbols.map((symbol, a) => [symbol, a]));
  const values = new Float64Array(dates.length * assets * width).fill(Number.NaN);
  rows.forEach((list, t) => {
    for (const row of list) {
      const place = places.get(row.symbol);
      if (place === undefined) continue;
      GRAPH_COLUMNS.forEach((name, f) => {
        values[(t * assets + place) * width + f] = row[name];
      });
    }
  });
  return { dates, symbols, values };
}
