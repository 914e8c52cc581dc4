/**
 * The asset knowledge graph, one table for both engines. Nodes have a unique `id`, prefixed by the universe, so that universes
 * share a database. Relationships that change in time carry `validFrom` (inclusive) and `validTo` (exclusive), ISO dates.
 */
export type PropertyType = 'STRING' | 'INT64' | 'DOUBLE' | 'DOUBLE[]';

export interface NodeTable {
  readonly label: string;
  readonly properties: Readonly<Record<string, PropertyType>>;
}

export interface RelationshipTable {
  readonly type: string;
  readonly from: string;
  readonly to: string;
  readonly properties: Readonly<Record<string, PropertyType>>;
}

const valid = { validFrom: 'STRING', validTo: 'STRING' } as const;

export const NODES: readonly NodeTable[] = [
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
  /** What assets belong to: `kind` is group (sector or currency bloc), industry, region, fund (ETF membership) or peg. */
  { label: 'Category', properties: { id: 'STRING', universe: 'STRING', kind: 'STRING', name: 'STRING' } },
  { label: 'LiquidityBucket', properties: { id: 'STRING', universe: 'STRING', name: 'STRING' } },
  /** One picture of the time-varying part; `hash` names its content and is written last. */
  {
    label: 'Snapshot',
    properties: { id: 'STRING', universe: 'STRING', asOf: 'STRING', validTo: 'STRING', hash: 'STRING' },
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
];

export const RELATIONSHIPS: readonly RelationshipTable[] = [
  { type: 'IN_CATEGORY', from: 'Asset', to: 'Category', properties: {} },
  { type: 'SUPPLIED_BY', from: 'Asset', to: 'Asset', properties: {} },
  /** `weight`: correlation over `windowDays` sessions; `strength`: the same in millionths, so that sums are exact. */
  {
    type: 'CORRELATED',
    from: 'Asset',
    to: 'Asset',
    properties: { ...valid, weight: 'DOUBLE', strength: 'INT64', windowDays: 'INT64' },
  },
  { type: 'IN_BUCKET', from: 'Asset', to: 'LiquidityBucket', properties: { ...valid, rank: 'INT64' } },
  { type: 'EMBEDS', from: 'Embedding', to: 'Asset', properties: {} },
];
