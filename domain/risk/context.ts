import type { Limits } from './limits.ts';
import type { OverlappingGroups } from './overlapping.ts';

/** What the limits are applied to. A = number of assets; weights are fractions of NAV, cash implied (1 - sum). */
export interface RiskContext {
  limits: Limits;
  /** [A] index into `groupNames`. */
  groups: Int32Array;
  groupNames: string[];
  /** [A] 1: graph hub. */
  hubs: Uint8Array;
  /** [A] 1: least liquid bucket. */
  illiquid: Uint8Array;
  /** Groups of the graph in which an asset may be more than once. @default none */
  overlapping?: OverlappingGroups | undefined;
  /** [A] weights held now, drifted: what turnover is counted from. */
  drifted: Float64Array;
  /** [A] 1: cannot be traded now; its weight stays what is held. */
  frozen: Uint8Array;
  /** 1 - NAV / high-water mark, >= 0. */
  drawdown: number;
  /** [A] for messages only. */
  symbols?: readonly string[];
}

/** A weight may miss a cap by this much: rounding. */
export const WEIGHT_TOLERANCE = 1e-9;

/**
 * The unused part of the drawdown budget, 1 - drawdown / budget within [0, 1] (Grossman and Zhou 1993, "Optimal investment
 * strategies for controlling drawdowns"): 1 at a new high, 0 once the budget is spent.
 */
export const exposureScale = (drawdown: number, limits: Limits): number =>
  Math.min(1, Math.max(0, 1 - drawdown / limits.drawdown.budget));

/** Cap on a group's total weight. */
export const groupCap = (limits: Limits, name: string): number => limits.groupOverrides[name] ?? limits.maxGroupWeight;

/** Group names in order of code unit, and the index of each asset's group. */
export function groupIndex(groups: readonly string[]): { groups: Int32Array; groupNames: string[] } {
  const groupNames = [...new Set(groups)].sort();
  return { groups: Int32Array.from(groups, (name) => groupNames.indexOf(name)), groupNames };
}
