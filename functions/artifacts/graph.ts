import { z } from 'zod';
import {
  getArtifactFile,
  getArtifactJson,
  getManifest,
  type ObjectStore,
  putArtifact,
} from '../../adapters/object-store/port.ts';
import { readTable } from '../../adapters/parquet/parquet.ts';
import { refused } from '../../domain/errors.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { type AssetGraph, validToOf } from '../../graph/etl/asset-graph.ts';
import type { SetAsideRow } from '../../graph/etl/relation-files.ts';
import type { RiskGroupMembers } from '../../graph/etl/risk-groups.ts';
import { CATEGORY_KINDS } from '../../graph/schema/schema.ts';
import { newerSchema } from '../../graph/schema/version.ts';
import { edgesTable, nodesTable, snapshotHeadSchema, snapshotsOf } from './graph-tables.ts';

/** Files of a graph artifact: the knowledge graph as it was read back out of the graph store, with the layers of every snapshot. */
export const GRAPH_FILES = {
  /** Assets, their categories and suppliers. */
  assets: 'assets.json',
  /** Regime, macro values and exposures by snapshot. */
  snapshots: 'snapshots.json',
  /** asOf, validTo, symbol and what a snapshot says of it: bucket, cluster, community, microstructure, centralities. */
  nodes: 'nodes.parquet',
  /** asOf, validTo, layer, source, target, strength (correlation in millionths), sessions, lastDate. */
  edges: 'edges.parquet',
  /** Hubs, illiquid assets, neighbourhoods and communities by snapshot date. */
  groups: 'groups.json',
  /** Rows of a person's files that name assets the universe does not have. */
  setAside: 'set-aside.json',
} as const;

/** Raised when the files change; the store's schema has a version of its own. */
const ARTIFACT_VERSION = 2;

export const graphFactsSchema = z.object({
  schema: z.number().int(),
  universe: z.string(),
  date: z.iso.date(),
  windowDays: z.number().int().positive(),
  threshold: z.number(),
  everySessions: z.number().int().positive(),
  hubDecile: z.number(),
  snapshots: z.number().int().nonnegative(),
  nodes: z.number().int().nonnegative(),
  relationships: z.number().int().nonnegative(),
  setAside: z.number().int().nonnegative(),
});
export type GraphFacts = z.infer<typeof graphFactsSchema>;

const text = z.string();
const stated = { validFrom: text, validTo: text, source: text };
const assetsSchema = z.object({
  assets: z.array(z.object({ symbol: text, name: text, kind: text, firstDate: text, lastDate: text })),
  categories: z.array(z.object({ symbol: text, kind: z.enum(CATEGORY_KINDS), name: text, ...stated })),
  suppliers: z.array(z.object({ symbol: text, supplier: text, weight: z.number(), ...stated })),
});
const members = z.record(text, z.array(text));
const groupsSchema = z.object({
  hubs: members,
  illiquid: members,
  neighbourhoods: z.record(text, members),
  communities: z.record(text, members),
});

export interface LoadedGraph {
  graph: AssetGraph;
  groups: RiskGroupMembers;
  facts: GraphFacts;
}

interface Written extends Omit<LoadedGraph, 'facts'> {
  setAside: readonly SetAsideRow[];
  facts: Omit<GraphFacts, 'schema'>;
}

export async function writeGraph(
  store: ObjectStore,
  strategy: string,
  dataset: ArtifactRef,
  { graph, groups, setAside, facts }: Written,
): Promise<ArtifactRef> {
  const { assets, categories, suppliers, snapshots } = graph;
  const json = (value: unknown): Uint8Array => new TextEncoder().encode(canonicalJson(value));
  const heads = snapshots.map(({ asOf, regime, macro, exposures }, i) => {
    return { asOf, validTo: validToOf(snapshots, i), regime, macro, exposures };
  });
  return putArtifact(store, strategy, {
    kind: 'graphs',
    files: {
      [GRAPH_FILES.assets]: json({ assets, categories, suppliers }),
      [GRAPH_FILES.snapshots]: json(heads),
      [GRAPH_FILES.nodes]: nodesTable(graph),
      [GRAPH_FILES.edges]: edgesTable(graph, facts.windowDays),
      [GRAPH_FILES.groups]: json(groups),
      [GRAPH_FILES.setAside]: json(setAside),
    },
    inputs: { dataset },
    facts: { schema: ARTIFACT_VERSION, ...facts },
  });
}

/**
 * A graph artifact, every file checked against its hash.
 * @throws ProductError GRAPH_SCHEMA_NEWER, GRAPH_SCHEMA_OLDER (refused).
 */
export async function loadGraph(store: ObjectStore, strategy: string, ref: ArtifactRef): Promise<LoadedGraph> {
  const facts = factsOf((await getManifest(store, strategy, ref)).facts);
  const [assets, heads, groups, nodes, edges] = await Promise.all([
    getArtifactJson<unknown>(store, strategy, ref, GRAPH_FILES.assets),
    getArtifactJson<unknown>(store, strategy, ref, GRAPH_FILES.snapshots),
    getArtifactJson<unknown>(store, strategy, ref, GRAPH_FILES.groups),
    getArtifactFile(store, strategy, ref, GRAPH_FILES.nodes).then((bytes) => readTable(bytes)),
    getArtifactFile(store, strategy, ref, GRAPH_FILES.edges).then((bytes) => readTable(bytes)),
  ]);
  const snapshots = snapshotsOf(z.array(snapshotHeadSchema).parse(heads), nodes, edges);
  const graph = { universe: facts.universe, ...assetsSchema.parse(assets), snapshots };
  return { graph, groups: groupsSchema.parse(groups), facts };
}

function factsOf(facts: unknown): GraphFacts {
  const { schema = 1 } = z.object({ schema: z.number().optional() }).parse(facts);
  if (schema > ARTIFACT_VERSION) throw newerSchema('graph artifact', schema, ARTIFACT_VERSION);
  if (schema < ARTIFACT_VERSION) {
    throw refused('GRAPH_SCHEMA_OLDER', 'The graph was made by an older version of this product', {
      facts: { version: schema, known: ARTIFACT_VERSION },
      remedy: 'Run the graph stage of that day again.',
    });
  }
  return graphFactsSchema.parse(facts);
}
