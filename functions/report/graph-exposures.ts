import { latestIndex } from '../../domain/features/embedding-history.ts';
import type { NamedMembers, RiskGroupMembers } from '../../domain/features/groups.ts';
import type { Limits } from '../../domain/risk/limits.ts';

/** What the ordered book holds of a group of the graph. */
export interface GraphExposure {
  name: string;
  members: readonly string[];
  /** Sum of the members' weights, in basis points. */
  weightBps: number;
  /** A fraction; null: no limit is set. Before the drawdown scales it. */
  cap: number | null;
}

/** Of neighbourhoods and communities the heaviest are shown. */
const SHOWN = 3;

/** Groups of the latest snapshot known at the close of `date`, with what the book holds of each; none before the first one. */
export function graphExposures(
  weightsBps: Readonly<Record<string, number>>,
  { hubs, illiquid, neighbourhoods = {}, communities = {} }: RiskGroupMembers,
  limits: Limits,
  date: string,
): GraphExposure[] {
  const dates = [...new Set([...Object.keys(hubs), ...Object.keys(illiquid)])].sort();
  const asOf = dates[latestIndex(dates, date)];
  if (asOf === undefined) return [];
  const exposure = (name: string, members: readonly string[], cap: number | null): GraphExposure => ({
    name,
    members,
    weightBps: members.reduce((sum, symbol) => sum + (weightsBps[symbol] ?? 0), 0),
    cap,
  });
  const heaviest = (word: string, groups: NamedMembers[string] = {}, cap: number | null = null) =>
    Object.entries(groups)
      .map(([name, members]) => exposure(`${word} ${name}`, members, cap))
      .sort((a, b) => Math.abs(b.weightBps) - Math.abs(a.weightBps) || (a.name < b.name ? -1 : 1))
      .slice(0, SHOWN);
  return [
    exposure('graph hubs', hubs[asOf] ?? [], limits.maxHubWeight),
    exposure('least liquid assets', illiquid[asOf] ?? [], limits.maxIlliquidWeight),
    ...heaviest('neighbourhood of', neighbourhoods[asOf], limits.maxNeighbourhoodWeight),
    ...heaviest('community', communities[asOf], limits.maxCommunityWeight),
  ];
}
