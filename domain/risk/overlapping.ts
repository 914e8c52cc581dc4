import type { Limits } from './limits.ts';

/** A group of assets by name. */
export interface NamedMask {
  readonly name: string;
  /** [A] 1: a member. */
  readonly members: Uint8Array;
}

/** Groups out of the graph as of a day. An asset may be in several of one kind, or in none. */
export interface OverlappingGroups {
  /** Named for the hub in the middle. */
  readonly neighbourhoods: readonly NamedMask[];
  readonly communities: readonly NamedMask[];
}

/** A group with the cap on its total weight. */
export interface CappedGroup extends NamedMask {
  readonly limit: 'maxNeighbourhoodWeight' | 'maxCommunityWeight';
  readonly cap: number;
}

/** Neighbourhoods, then communities, in order; those of a kind without a limit are left out. */
export function cappedGroups(groups: OverlappingGroups | undefined, limits: Limits): CappedGroup[] {
  const capped = (limit: CappedGroup['limit'], list: readonly NamedMask[] = []): CappedGroup[] => {
    const cap = limits[limit];
    return cap === undefined ? [] : list.map((group) => ({ ...group, limit, cap }));
  };
  return [
    ...capped('maxNeighbourhoodWeight', groups?.neighbourhoods),
    ...capped('maxCommunityWeight', groups?.communities),
  ];
}

/** How a capped group is called in messages. */
export const titleOf = ({ limit, name }: CappedGroup): string =>
  limit === 'maxNeighbourhoodWeight' ? `neighbourhood of ${name}` : `community ${name}`;
