/** The correlation edges of the asset graph, snapshot by snapshot. */
export interface GraphHistory {
  /** As-of dates of the snapshots, ascending. */
  readonly dates: readonly string[];
  readonly snapshots: readonly GraphHistorySnapshot[];
}

export interface GraphHistorySnapshot {
  /** Assets of the snapshot, ascending. */
  readonly symbols: readonly string[];
  /** Undirected, each pair once. */
  readonly edges: readonly { readonly source: string; readonly target: string; readonly weight: number }[];
}

/** A snapshot over the assets of a panel: neighbours and weights, each edge from both its ends. */
export interface Adjacency {
  /** [A] 1 where the asset is in the snapshot. */
  readonly member: Uint8Array;
  /** Neighbours of asset a are `targets[offsets[a] .. offsets[a + 1]]`, ascending. */
  readonly offsets: Int32Array;
  readonly targets: Int32Array;
  readonly weights: Float64Array;
}

/** Members and edges that the panel does not know are left out. */
export function adjacencyOf(snapshot: GraphHistorySnapshot, symbols: readonly string[]): Adjacency {
  const places = new Map(symbols.map((symbol, index) => [symbol, index]));
  const member = new Uint8Array(symbols.length);
  for (const symbol of snapshot.symbols) {
    const place = places.get(symbol);
    if (place !== undefined) member[place] = 1;
  }
  const pairs: [number, number, number][] = [];
  for (const { source, target, weight } of snapshot.edges) {
    const [a, b] = [places.get(source), places.get(target)];
    if (a !== undefined && b !== undefined) pairs.push([a, b, weight], [b, a, weight]);
  }
  pairs.sort(([a, x], [b, y]) => a - b || x - y);
  const offsets = new Int32Array(symbols.length + 1);
  for (const [a] of pairs) offsets[a + 1]++;
  for (let a = 0; a < symbols.length; a++) offsets[a + 1] += offsets[a];
  return {
    member,
    offsets,
    targets: Int32Array.from(pairs, ([, b]) => b),
    weights: Float64Array.from(pairs, ([, , weight]) => weight),
  };
}

/**
 * PageRank by weight of edges, times the number of members (1 is the mean); NaN where the asset is no member. 100 rounds of the power iteration, so that
 * the bits do not depend on when it is called converged: what is left of the start is below 0.85^100 = 9e-8.
 * Source: Page, Brin, Motwani and Winograd (1999), The PageRank citation ranking; damping 0.85; an asset without edges gives to all.
 */
export function pageRank({ member, offsets, targets, weights }: Adjacency): Float64Array {
  const size = member.length;
  let members = 0;
  for (const one of member) members += one;
  const given = new Float64Array(size);
  for (let a = 0; a < size; a++) for (let e = offsets[a]; e < offsets[a + 1]; e++) given[a] += weights[e];
  let rank = Float64Array.from(member);
  for (let round = 0; round < 100; round++) {
    let loose = 0;
    for (let a = 0; a < size; a++) if (member[a] === 1 && !(given[a] > 0)) loose += rank[a];
    const next = new Float64Array(size);
    for (let a = 0; a < size; a++) {
      if (member[a] === 0) continue;
      next[a] += 0.15 + (0.85 * loose) / members;
      for (let e = offsets[a]; e < offsets[a + 1]; e++) next[targets[e]] += (0.85 * rank[a] * weights[e]) / given[a];
    }
    rank = next;
  }
  return rank.map((x, a) => (member[a] === 1 ? x : Number.NaN));
}
