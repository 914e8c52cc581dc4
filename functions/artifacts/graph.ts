import { z } from 'zod';
import {
  getArtifactFile,
  getArtifactJson,
  getManifest,
  type ObjectStore,
  putArtifact,
} from '../../adapters/object-store/port.ts';
import { readTable, type Table, writeTable } from '../../adapters/parquet/parquet.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { type AssetGraph, BUCKETS, validToOf } from '../../graph/etl/asset-graph.ts';
import type { RiskGroupMembers } from '../../graph/etl/read-back.ts';

/** Files of a graph artifact: the knowledge graph as it was read back out of the graph store. */
export const GRAPH_FILES = {
  /** Assets, their categories and suppliers. */
  assets: 'assets.json',
  /** asOf, validTo, symbol, bucket, rank: an asset in a snapshot. */
  nodes: 'nodes.parquet',
  /** asOf, validTo, source, target, strength (correlation in millionths). */
  edges: 'edges.parquet',
  /** Hubs and illiquid assets by snapshot date. */
  groups: 'groups.json',
} as const;

export const graphFactsSchema = z.object({
  universe: z.string(),
  date: z.iso.date(),
  windowDays: z.number().int().positive(),
  threshold: z.number(),
  everySessions: z.number().int().positive(),
  hubDecile: z.number(),
  snapshots: z.number().int().nonnegative(),
  nodes: z.number().int().nonnegative(),
  relationships: z.number().int().nonnegative(),
});
export type GraphFacts = z.infer<typeof graphFactsSchema>;

const text = z.string();
const assetsSchema = z.object({
  assets: z.array(z.object({ symbol: text, name: text, kind: text, firstDate: text, lastDate: text })),
  categories: z.array(z.object({ symbol: text, kind: text, name: text })),
  suppliers: z.array(z.object({ symbol: text, supplier: text })),
});
const groupsSchema = z.object({ hubs: z.record(text, z.array(text)), illiquid: z.record(text, z.array(text)) });

export interface LoadedGraph {
  graph: AssetGraph;
  groups: RiskGroupMembers;
  facts: GraphFacts;
}

export async function writeGraph(
  store: ObjectStore,
  strategy: string,
  dataset: ArtifactRef,
  { graph, groups, facts }: LoadedGraph,
): Promise<ArtifactRef> {
  const { assets, categories, suppliers } = graph;
  const json = (value: unknown): Uint8Array => new TextEncoder().encode(canonicalJson(value));
  return putArtifact(store, strategy, {
    kind: 'graphs',
    files: {
      [GRAPH_FILES.assets]: json({ assets, categories, suppliers }),
      [GRAPH_FILES.nodes]: nodesTable(graph),
      [GRAPH_FILES.edges]: edgesTable(graph),
      [GRAPH_FILES.groups]: json(groups),
    },
    inputs: { dataset },
    facts,
  });
}

/** A graph artifact, every file checked against its hash. */
export async function loadGraph(store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<LoadedGraph> {
  const facts = graphFactsSchema.parse((await getManifest(store, strategy, ref)).facts);
  const [assets, groups, nodes, edges] = await Promise.all([
    getArtifactJson<unknown>(store, strategy, ref, GRAPH_FILES.assets),
    getArtifactJson<unknown>(store, strategy, ref, GRAPH_FILES.groups),
    getArtifactFile(store, strategy, ref, GRAPH_FILES.nodes).then((bytes) => readTable(bytes)),
    getArtifactFile(store, strategy, ref, GRAPH_FILES.edges).then((bytes) => readTable(bytes)),
  ]);
  const graph = { universe: facts.universe, ...assetsSchema.parse(assets), snapshots: snapshotsOf(nodes, edges) };
  return { graph, groups: groupsSchema.parse(groups), facts };
}

type MutableSnapshot = {
  asOf: string;
  members: AssetGraph['snapshots'][number]['members'][number][];
  edges: AssetGraph['snapshots'][number]['edges'][number][];
};

const BUCKET = z.enum(BUCKETS);

function snapshotsOf(nodes: Table, edges: Table): AssetGraph['snapshots'] {
  const byDate = new Map<string, MutableSnapshot>();
  for (let i = 0; i < nodes.asOf.length; i++) {
    const asOf = String(nodes.asOf[i]);
    const snapshot = byDate.get(asOf) ?? { asOf, members: [], edges: [] };
    byDate.set(asOf, snapshot);
    const member = {
      symbol: String(nodes.symbol[i]),
      bucket: BUCKET.parse(nodes.bucket[i]),
      rank: Number(nodes.rank[i]),
    };
    snapshot.members.push(member);
  }
  for (let i = 0; i < edges.asOf.length; i++) {
    byDate.get(String(edges.asOf[i]))?.edges.push({
      source: String(edges.source[i]),
      target: String(edges.target[i]),
      strength: Number(edges.strength[i]),
    });
  }
  return [...byDate.values()];
}

function nodesTable({ snapshots }: AssetGraph): Uint8Array {
  const rows = snapshots.flatMap(({ asOf, members }, i) =>
    members.map((member) => ({ asOf, validTo: validToOf(snapshots, i), ...member })),
  );
  return writeTable({
    asOf: { type: 'STRING', data: rows.map(({ asOf }) => asOf) },
    validTo: { type: 'STRING', data: rows.map(({ validTo }) => validTo) },
    symbol: { type: 'STRING', data: rows.map(({ symbol }) => symbol) },
    bucket: { type: 'STRING', data: rows.map(({ bucket }) => bucket) },
    rank: { type: 'INT32', data: Int32Array.from(rows, ({ rank }) => rank) },
  });
}

function edgesTable({ snapshots }: AssetGraph): Uint8Array {
  const rows = snapshots.flatMap(({ asOf, edges }, i) =>
    edges.map((edge) => ({ asOf, validTo: validToOf(snapshots, i), ...edge })),
  );
  return writeTable({
    asOf: { type: 'STRING', data: rows.map(({ asOf }) => asOf) },
    validTo: { type: 'STRING', data: rows.map(({ validTo }) => validTo) },
    source: { type: 'STRING', data: rows.map(({ source }) => source) },
    target: { type: 'STRING', data: rows.map(({ target }) => target) },
    strength: { type: 'INT32', data: Int32Array.from(rows, ({ strength }) => strength) },
  });
}
