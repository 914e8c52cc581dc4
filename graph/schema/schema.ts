/**
 * The asset knowledge graph, one table for both engines. Nodes have a unique `id`, prefixed by the universe, so that universes
 * share a database. Relationships that change in time carry `validFrom` (inclusive) and `validTo` (exclusive), ISO dates.
 */
export type PropertyType = 'STRING' | 'INT64' | 'DOUBLE' | 'DOUBLE[]';

/** Raised with every change of the tables below: a store of an older version is loaded anew, one of a newer version is refused. */
export const SCHEMA_VERSION = 3;

export interface NodeTable {
  readonly label: string;
  readonly properties: Readonly<Record<string, PropertyType>>;
}

/** Labels of earlier versions: to be emptied with the others. */
export const RETIRED_LABELS = ['Category'];

export interface RelationshipTable {
  readonly type: string;
  readonly from: string;
  readonly to: string;
  readonly properties: Readonly<Record<string, PropertyType>>;
}

const valid = { validFrom: 'STRING', validTo: 'STRING' } as const;
const named = { id: 'STRING', universe: 'STRING', name: 'STRING' } as const;

/** What assets belong to: by kind, the label of its nodes and the relation that leads there. */
export const CATEGORIES = {
  /** Sector, or currency bloc. */
  group: { label: 'Sector', type: 'IN_SECTOR' },
  industry: { label: 'Industry', type: 'IN_INDUSTRY' },
  region: { label: 'Region', type: 'IN_REGION' },
  /** A fund (ETF), with what it holds and, where it is an asset, itself. */
  fund: { label: 'Fund', type: 'IN_FUND' },
  /** The currency that another is pegged to. */
  peg: { label: 'Peg', type: 'PEGGED_TO' },
} as const;
export type CategoryKind = keyof typeof CATEGORIES;
export const CATEGORY_KINDS = Object.keys(CATEGORIES) as CategoryKind[];

/** The version comes first: a store is asked for it before the rest of the schema is applied. */
export const NODES: readonly NodeTable[] = [
  { label: 'SchemaVersion', properties: { id: 'STRING', version: 'INT64' } },
  {
    label: 'Asset',
    properties: {
      id: 'STRING',
      universe: 'STRING',
      symbol: 'STRING',
      name: 'STRING',
      kind: 'STRING',
      firstDate: 'STRING',
      lastDate: 'STRING',
    },
  },
  ...Object.values(CATEGORIES).map(({ label }) => ({ label, properties: named })),
  { label: 'LiquidityBucket', properties: named },
  /** Assets whose returns move together beyond the market. */
  { label: 'FactorCluster', properties: named },
  /** Assets that hold together by their correlations. */
  { label: 'Community', properties: named },
  { label: 'MacroSeries', properties: named },
  /** One picture of the time-varying part; the hashes name its content and are written last. */
  {
    label: 'Snapshot',
    properties: {
      id: 'STRING',
      universe: 'STRING',
      asOf: 'STRING',
      validTo: 'STRING',
      regime: 'STRING',
      hash: 'STRING',
      layersHash: 'STRING',
    },
  },
  {
    label: 'Embedding',
    properties: {
      id: 'STRING',
      universe: 'STRING',
      symbol: 'STRING',
      asOf: 'STRING',
      model: 'STRING',
      vector: 'DOUBLE[]',
    },
  },
  /** Who is loading a universe: every write of a load takes hold of it, and does nothing once another load has begun. */
  { label: 'Load', properties: { id: 'STRING', token: 'STRING', step: 'INT64' } },
];

export const RELATIONSHIPS: readonly RelationshipTable[] = [
  ...Object.values(CATEGORIES).map(({ type, label }) => {
    return { type, from: 'Asset', to: label, properties: { ...valid, source: 'STRING' as const } };
  }),
  { type: 'SUPPLIED_BY', from: 'Asset', to: 'Asset', properties: { ...valid, weight: 'DOUBLE', source: 'STRING' } },
  /**
   * `weight`: correlation over `sessions`, the newest of which is `lastDate`; `strength`: the same in millionths, so that sums are exact.
   * `layer`: main (the main window), short (63 sessions), calm or turbulent (the newest sessions of that regime).
   */
  {
    type: 'CORRELATED',
    from: 'Asset',
    to: 'Asset',
    properties: {
      ...valid,
      layer: 'STRING',
      weight: 'DOUBLE',
      strength: 'INT64',
      sessions: 'INT64',
      lastDate: 'STRING',
    },
  },
  /** An asset in a snapshot: place among the least liquid, microstructure regime, centrality (millionths) in the main layer. */
  {
    type: 'IN_SNAPSHOT',
    from: 'Asset',
    to: 'Snapshot',
    properties: {
      ...valid,
      rank: 'INT64',
      microstructure: 'STRING',
      pageRank: 'INT64',
      betweenness: 'INT64',
      core: 'INT64',
    },
  },
  { type: 'IN_BUCKET', from: 'Asset', to: 'LiquidityBucket', properties: valid },
  { type: 'IN_CLUSTER', from: 'Asset', to: 'FactorCluster', properties: valid },
  { type: 'IN_COMMUNITY', from: 'Asset', to: 'Community', properties: valid },
  /** The newest value of a series that was known when the snapshot was taken. */
  {
    type: 'OBSERVED',
    from: 'Snapshot',
    to: 'MacroSeries',
    properties: { ...valid, value: 'DOUBLE', eventDate: 'STRING', knownDate: 'STRING' },
  },
  { type: 'EXPOSED_TO', from: 'Asset', to: 'MacroSeries', properties: { ...valid, strength: 'INT64' } },
  { type: 'EMBEDS', from: 'Embedding', to: 'Asset', properties: {} },
];
