import { badInput } from '../errors.ts';
import type { NamedMask, OverlappingGroups } from '../risk/overlapping.ts';
import { latestIndex } from './embedding-history.ts';

/** Member lists by as-of date, as the graph and the features artifact store them. */
export interface RiskGroupMembers {
  hubs: Readonly<Record<string, readonly string[]>>;
  illiquid: Readonly<Record<string, readonly string[]>>;
  /** As-of date -> hub, or community -> members. Absent from what older versions stored. */
  neighbourhoods?: NamedMembers | undefined;
  communities?: NamedMembers | undefined;
}
export type NamedMembers = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Members of the graph-derived risk groups, by the as-of date from which they hold. */
export interface RiskGroupsHistory {
  /** As-of dates of the graph snapshots, ascending. */
  readonly dates: readonly string[];
  readonly symbols: readonly string[];
  /** One [A] mask a date: 1 for hubs. */
  readonly hubs: readonly Uint8Array[];
  /** One [A] mask a date: 1 for the least liquid bucket. */
  readonly illiquid: readonly Uint8Array[];
  /** One set of groups a date; absent where there are none. */
  readonly overlapping?: readonly OverlappingGroups[] | undefined;
}

export interface RiskGroups {
  hubs: Uint8Array;
  illiquid: Uint8Array;
  overlapping?: OverlappingGroups | undefined;
}

/** From member lists by date, as the features artifact stores them, to masks over `symbols`. */
export function riskGroupsHistory(
  symbols: readonly string[],
  { hubs, illiquid, neighbourhoods, communities }: RiskGroupMembers,
): RiskGroupsHistory {
  const dates = [...new Set([...Object.keys(hubs), ...Object.keys(illiquid)])].sort();
  const places = new Map(symbols.map((symbol, index) => [symbol, index]));
  const mask = (members: readonly string[] = []): Uint8Array => {
    const result = new Uint8Array(symbols.length);
    for (const member of members) {
      const place = places.get(member);
      if (place === undefined) {
        throw badInput('GROUPS_UNKNOWN_SYMBOL', 'A graph group names an asset that is not in the panel', {
          facts: { symbol: member },
          remedy: 'Build the graph again from the same dataset.',
        });
      }
      result[place] = 1;
    }
    return result;
  };
  const named = (groups: Readonly<Record<string, readonly string[]>> = {}): NamedMask[] =>
    Object.keys(groups)
      .sort()
      .map((name) => ({ name, members: mask(groups[name]) }));
  return {
    dates,
    symbols,
    hubs: dates.map((d) => mask(hubs[d])),
    illiquid: dates.map((d) => mask(illiquid[d])),
    ...((neighbourhoods || communities) && {
      overlapping: dates.map((d) => ({
        neighbourhoods: named(neighbourhoods?.[d]),
        communities: named(communities?.[d]),
      })),
    }),
  };
}

/** The groups known at the close of `date`: those of the latest snapshot; empty before the first one. Do not write to the masks. */
export function riskGroupsAt(history: RiskGroupsHistory, date: string): RiskGroups {
  const index = latestIndex(history.dates, date);
  if (index >= 0) {
    return { hubs: history.hubs[index], illiquid: history.illiquid[index], overlapping: history.overlapping?.[index] };
  }
  const none = new Uint8Array(history.symbols.length);
  return { hubs: none, illiquid: none };
}
