/** The asset knowledge graph as plain data: what the ETL loads, what is read back, what the artifact holds. */
export interface AssetGraph {
  readonly universe: string;
  /** Ascending by symbol. */
  readonly assets: readonly AssetNode[];
  /** Ascending by symbol, kind, name. */
  readonly categories: readonly CategoryLink[];
  /** Ascending by symbol, supplier. */
  readonly suppliers: readonly { symbol: string; supplier: string }[];
  /** Ascending by asOf. */
  readonly snapshots: readonly GraphSnapshot[];
}

export interface AssetNode {
  readonly symbol: string;
  readonly name: string;
  readonly kind: string;
  readonly firstDate: string;
  readonly lastDate: string;
}

/** Kinds: group (sector or currency bloc), industry, region, fund (ETF membership), peg. */
export interface CategoryLink {
  readonly symbol: string;
  readonly kind: string;
  readonly name: string;
}

/** What was known at the close of `asOf` and holds until the next snapshot. */
export interface GraphSnapshot {
  readonly asOf: string;
  /** Assets listed on `asOf`, ascending by symbol. */
  readonly members: readonly SnapshotMember[];
  /** Ascending by source, target; source < target. */
  readonly edges: readonly CorrelationEdge[];
}

export const BUCKETS = ['illiquid', 'normal', 'liquid', 'unknown'] as const;
export type Bucket = (typeof BUCKETS)[number];

export interface SnapshotMember {
  readonly symbol: string;
  readonly bucket: Bucket;
  /** 0 is the least liquid; -1 where liquidity is not known. */
  readonly rank: number;
}

export interface CorrelationEdge {
  readonly source: string;
  readonly target: string;
  /** Correlation in millionths: whole, so that sums are the same on every engine. */
  readonly strength: number;
}

/** End of validity of what still holds. */
export const OPEN_END = '9999-12-31';

/** From when to when each snapshot holds: the next one ends it. */
export const validToOf = (snapshots: readonly { asOf: string }[], index: number): string =>
  snapshots[index + 1]?.asOf ?? OPEN_END;

/** Nodes (assets, categories, buckets, snapshots) and relationships that the graph stage wrote. Vectors are not counted. */
export function graphSize({ assets, categories, suppliers, snapshots }: AssetGraph): {
  nodes: number;
  relationships: number;
} {
  const names = new Set(categories.map(({ kind, name }) => `${kind}|${name}`));
  const timed = snapshots.reduce((sum, { members, edges }) => sum + members.length + edges.length, 0);
  return {
    nodes: assets.length + names.size + BUCKETS.length + snapshots.length,
    relationships: categories.length + suppliers.length + timed,
  };
}
