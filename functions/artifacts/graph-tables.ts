import { z } from 'zod';
import { type Table, writeTable } from '../../adapters/parquet/parquet.ts';
import {
  type AssetGraph,
  BUCKETS,
  type CorrelationEdge,
  type GraphSnapshot,
  LAYERS,
  type LayerEdge,
  REGIMES,
  type SnapshotMember,
  validToOf,
} from '../../graph/etl/asset-graph.ts';

const text = z.string();

/** What a snapshot says of the market as a whole. */
export const snapshotHeadSchema = z.object({
  asOf: z.iso.date(),
  regime: z.enum(REGIMES),
  macro: z.array(z.object({ series: text, value: z.number(), eventDate: text, knownDate: text })),
  exposures: z.array(z.object({ symbol: text, series: text, strength: z.number().int() })),
});
type SnapshotHead = z.infer<typeof snapshotHeadSchema>;

const INTEGERS = ['rank', 'cluster', 'community', 'pageRank', 'betweenness', 'core'] as const;
const BUCKET = z.enum(BUCKETS);
const LAYER = z.enum(['main', ...LAYERS]);

export function nodesTable({ snapshots }: AssetGraph): Uint8Array {
  const rows = snapshots.flatMap(({ asOf, members }, i) =>
    members.map((member) => ({ asOf, validTo: validToOf(snapshots, i), ...member })),
  );
  const strings = (name: 'asOf' | 'validTo' | 'symbol' | 'bucket' | 'microstructure') => ({
    type: 'STRING' as const,
    data: rows.map((row) => row[name]),
  });
  return writeTable({
    asOf: strings('asOf'),
    validTo: strings('validTo'),
    symbol: strings('symbol'),
    bucket: strings('bucket'),
    microstructure: strings('microstructure'),
    ...Object.fromEntries(
      INTEGERS.map((name) => [name, { type: 'INT32' as const, data: Int32Array.from(rows, (row) => row[name]) }]),
    ),
  });
}

/** The main window's edges are a layer beside the others. */
export function edgesTable({ snapshots }: AssetGraph, windowDays: number): Uint8Array {
  const rows = snapshots.flatMap(({ asOf, edges, layers }, i) => {
    const main = edges.map((edge) => ({ ...edge, layer: 'main', sessions: windowDays, lastDate: asOf }));
    return [...main, ...layers].map((edge) => ({ asOf, validTo: validToOf(snapshots, i), ...edge }));
  });
  const strings = (name: 'asOf' | 'validTo' | 'layer' | 'source' | 'target' | 'lastDate') => ({
    type: 'STRING' as const,
    data: rows.map((row) => row[name]),
  });
  return writeTable({
    asOf: strings('asOf'),
    validTo: strings('validTo'),
    layer: strings('layer'),
    source: strings('source'),
    target: strings('target'),
    strength: { type: 'INT32', data: Int32Array.from(rows, ({ strength }) => strength) },
    sessions: { type: 'INT32', data: Int32Array.from(rows, ({ sessions }) => sessions) },
    lastDate: strings('lastDate'),
  });
}

export function snapshotsOf(heads: readonly SnapshotHead[], nodes: Table, edges: Table): GraphSnapshot[] {
  const rowsOf = ({ asOf }: Table) => Map.groupBy(Array(asOf.length).keys(), (row) => String(asOf[row]));
  const [nodeRows, edgeRows] = [rowsOf(nodes), rowsOf(edges)];
  return heads.map(({ asOf, regime, macro, exposures }) => {
    const all = (edgeRows.get(asOf) ?? []).map((row) => edgeOf(edges, row));
    return {
      asOf,
      regime,
      members: (nodeRows.get(asOf) ?? []).map((row) => memberOf(nodes, row)),
      edges: all.flatMap(({ layer, edge }) => (layer === 'main' ? [edge] : [])),
      layers: all.flatMap(({ layer, edge, sessions, lastDate }): LayerEdge[] =>
        layer === 'main' ? [] : [{ layer, ...edge, sessions, lastDate }],
      ),
      macro,
      exposures,
    };
  });
}

const memberOf = (nodes: Table, row: number): SnapshotMember => ({
  symbol: String(nodes.symbol[row]),
  bucket: BUCKET.parse(nodes.bucket[row]),
  microstructure: String(nodes.microstructure[row]),
  rank: Number(nodes.rank[row]),
  cluster: Number(nodes.cluster[row]),
  community: Number(nodes.community[row]),
  pageRank: Number(nodes.pageRank[row]),
  betweenness: Number(nodes.betweenness[row]),
  core: Number(nodes.core[row]),
});

function edgeOf(edges: Table, row: number) {
  const edge: CorrelationEdge = {
    source: String(edges.source[row]),
    target: String(edges.target[row]),
    strength: Number(edges.strength[row]),
  };
  return {
    layer: LAYER.parse(edges.layer[row]),
    edge,
    sessions: Number(edges.sessions[row]),
    lastDate: String(edges.lastDate[row]),
  };
}
