import { type GraphSnapshot, type SnapshotMember, validToOf } from './asset-graph.ts';

/** An asset in a bucket, cluster or community from one snapshot until it leaves. */
export interface Membership {
  readonly symbol: string;
  readonly name: string;
  readonly validFrom: string;
  readonly validTo: string;
}

export type MembershipKind = 'bucket' | 'cluster' | 'community';

/** Name of a member's group; null where it has none. */
const nameOf = (member: SnapshotMember, kind: MembershipKind): string | null => {
  if (kind === 'bucket') return member.bucket;
  return member[kind] < 0 ? null : String(member[kind]);
};

/** What does not change from snapshot to snapshot is one relation: a new day closes what changed and leaves the rest. Ascending by validFrom, symbol. */
export function membershipsOf(snapshots: readonly GraphSnapshot[], kind: MembershipKind): Membership[] {
  const done: Membership[] = [];
  let open = new Map<string, Membership>();
  snapshots.forEach(({ members }, i) => {
    const validFrom = snapshots[i].asOf;
    const validTo = validToOf(snapshots, i);
    const next = new Map<string, Membership>();
    for (const member of members) {
      const name = nameOf(member, kind);
      if (name === null) continue;
      const { symbol } = member;
      const held = open.get(symbol);
      const goesOn = held?.name === name;
      next.set(symbol, { symbol, name, validFrom: goesOn ? held.validFrom : validFrom, validTo });
      if (goesOn) open.delete(symbol);
    }
    done.push(...open.values());
    open = next;
  });
  done.push(...open.values());
  return done.sort((a, b) => compare(a.validFrom, b.validFrom) || compare(a.symbol, b.symbol));
}

/** The group of a symbol as of a day. */
export function membershipIndex(memberships: readonly Membership[]): (symbol: string, date: string) => string | null {
  const bySymbol = Map.groupBy(memberships, ({ symbol }) => symbol);
  return (symbol, date) =>
    bySymbol.get(symbol)?.find(({ validFrom, validTo }) => validFrom <= date && date < validTo)?.name ?? null;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
