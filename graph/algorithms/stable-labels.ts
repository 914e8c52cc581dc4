/** Labels given so far: of each member its latest one, and the first number that was never given. */
export interface LabelMemory {
  readonly label: ReadonlyMap<string, number>;
  readonly next: number;
}

export const NO_LABELS: LabelMemory = { label: new Map(), next: 0 };

/**
 * Names today's clusters so that a cluster keeps its name from snapshot to snapshot: pairs of a cluster of today and one of before are
 * matched by how many members they share, most first (ties: the older label, then the cluster of the first member). A cluster that
 * matches none gets a number that was never used. What is remembered of a member that is away (-1) is kept.
 *
 * @param clusters of each member, -1 for a member of none.
 */
export function stableLabels(
  members: readonly string[],
  clusters: ArrayLike<number>,
  memory: LabelMemory,
): { labels: number[]; memory: LabelMemory } {
  const shared = new Map<string, { cluster: number; label: number; count: number }>();
  members.forEach((member, i) => {
    const label = memory.label.get(member);
    if (clusters[i] < 0 || label === undefined) return;
    const key = `${clusters[i]}|${label}`;
    shared.set(key, { cluster: clusters[i], label, count: (shared.get(key)?.count ?? 0) + 1 });
  });
  const named = new Map<number, number>();
  const taken = new Set<number>();
  for (const { cluster, label } of [...shared.values()].sort(
    (a, b) => b.count - a.count || a.label - b.label || a.cluster - b.cluster,
  )) {
    if (named.has(cluster) || taken.has(label)) continue;
    named.set(cluster, label);
    taken.add(label);
  }
  let { next } = memory;
  const labels = members.map((_, i) => {
    if (clusters[i] < 0) return -1;
    const label = named.get(clusters[i]) ?? next++;
    named.set(clusters[i], label);
    return label;
  });
  const latest = new Map(memory.label);
  members.forEach((member, i) => {
    if (labels[i] >= 0) latest.set(member, labels[i]);
  });
  return { labels, memory: { label: latest, next } };
}
