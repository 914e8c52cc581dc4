import type { CategoryKind } from '../schema/schema.ts';

/** The asset knowledge graph as plain data: what the ETL loads, what is read back, what the artifact holds. */
export interface AssetGraph {
  readonly universe: string;
  /** Ascending by symbol. */
  readonly assets: readonly AssetNode[];
  /** Ascending by symbol, kind, name, validFrom. */
  readonly categories: readonly CategoryLink[];
  /** Ascending by symbol, supplier, validFrom. */
  readonly suppliers: readonly SupplierLink[];
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

/** From when (inclusive) to when (exclusive) a relation holds, ISO dates, and who says so. */
export interface Stated {
  readonly validFrom: string;
  readonly validTo: string;
  /** `reference`: the instrument's reference data; else what the user's file says. */
  readonly source: string;
}

export interface CategoryLink extends Stated {
  readonly symbol: string;
  readonly kind: CategoryKind;
  readonly name: string;
}

/** `symbol` buys from `supplier`; weight in (0, 1], 1 where none was given. */
export interface SupplierLink extends Stated {
  readonly symbol: string;
  readonly supplier: string;
  readonly weight: number;
}

/** The state of the market on a day, as known at its close. */
export const REGIMES = ['calm', 'turbulent', 'unknown'] as const;
export type Regime = (typeof REGIMES)[number];

/** What was known at the close of `asOf` and holds until the next snapshot. */
export interface GraphSnapshot {
  readonly asOf: string;
  readonly regime: Regime;
  /** Assets listed on `asOf`, ascending by symbol. */
  readonly members: readonly SnapshotMember[];
  /** Correlations over the main window. Ascending by source, target; source < target. */
  readonly edges: readonly CorrelationEdge[];
  /** Correlations over other windows and by regime. Ascending by layer, source, target; source < target. */
  readonly layers: readonly LayerEdge[];
  /** Ascending by series. */
  readonly macro: readonly MacroValue[];
  /** Ascending by symbol, series. */
  readonly exposures: readonly MacroExposure[];
}

export const BUCKETS = ['illiquid', 'normal', 'liquid', 'unknown'] as const;
export type Bucket = (typeof BUCKETS)[number];

export interface SnapshotMember {
  readonly symbol: string;
  readonly bucket: Bucket;
  /** 0 is the least liquid; -1 where liquidity is not known. */
  readonly rank: number;
  /** Factor cluster (trailing residual correlation), by a number that it keeps from snapshot to snapshot; -1 where not known. */
  readonly cluster: number;
  /** Community of the main window's correlation edges, by a number that it keeps. */
  readonly community: number;
  /** Spread (or range) and volume beside the asset's own past year, as `wide-thin`. */
  readonly microstructure: string;
  /** Centrality by the main window's edges, in millionths. */
  readonly pageRank: number;
  readonly betweenness: number;
  /** Core number by the main window's edges. */
  readonly core: number;
}

export interface CorrelationEdge {
  readonly source: string;
  readonly target: string;
  /** Correlation in millionths: whole, so that sums are the same on every engine. */
  readonly strength: number;
}

/** `short`: the newest 63 sessions. `calm`, `turbulent`: the newest sessions of that regime. `main` are the snapshot's `edges`. */
export const LAYERS = ['calm', 'short', 'turbulent'] as const;
export type Layer = (typeof LAYERS)[number];

export interface LayerEdge extends CorrelationEdge {
  readonly layer: Layer;
  /** Sessions that it was measured on, and the newest of them: how recent the evidence is. */
  readonly sessions: number;
  readonly lastDate: string;
}

/** The newest value of a series that was known at the close of the snapshot's day. */
export interface MacroValue {
  readonly series: string;
  readonly value: number;
  readonly eventDate: string;
  readonly knownDate: string;
}

/** Correlation, in millionths and signed, of an asset's returns with the changes of a series on the days they became known. */
export interface MacroExposure {
  readonly symbol: string;
  readonly series: string;
  readonly strength: number;
}

/** Beginning of validity of what is not dated, end of what still holds. */
export const OPEN_START = '0001-01-01';
export const OPEN_END = '9999-12-31';

/** Whether a relation holds on a day. */
export const holdsOn = ({ validFrom, validTo }: Pick<Stated, 'validFrom' | 'validTo'>, date: string): boolean =>
  validFrom <= date && date < validTo;

/** From when to when each snapshot holds: the next one ends it. */
export const validToOf = (snapshots: readonly { asOf: string }[], index: number): string =>
  snapshots[index + 1]?.asOf ?? OPEN_END;
