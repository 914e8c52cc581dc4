import { strengths, type WeightedGraph } from './weighted-graph.ts';

/** A gain in modularity below this is rounding, and no reason to move. */
const LEAST_GAIN = 1e-12;

/** Modularity of a partition, by weight, resolution 1 (Newman 2004). 0 for a graph without edges. */
export function modularity(graph: WeightedGraph, community: ArrayLike<number>): number {
  const strength = strengths(graph);
  const total = strength.reduce((sum, s) => sum + s, 0);
  if (total === 0) return 0;
  const within = new Map<number, number>();
  const sums = new Map<number, number>();
  graph.neighbours.forEach((row, i) => {
    const c = community[i];
    sums.set(c, (sums.get(c) ?? 0) + strength[i]);
    row.forEach((j, k) => {
      if (community[j] === c) within.set(c, (within.get(c) ?? 0) + graph.weights[i][k]);
    });
  });
  return [...sums].reduce((q, [c, sum]) => q + (within.get(c) ?? 0) / total - (sum / total) ** 2, 0);
}

/** Communities joined into nodes; `loops` is the weight inside each, counted from both ends. */
interface Level {
  readonly rows: readonly ReadonlyMap<number, number>[];
  readonly loops: Float64Array;
}

/**
 * Communities by the Louvain method (Blondel et al. 2008): each node moves to the neighbouring community with the greatest gain in
 * modularity until none gains; then communities become nodes and it begins anew. When even those stay, single nodes are moved once more
 * from there (multilevel refinement, Rotta and Noack 2011), as long as modularity grows. Nodes are visited in order and ties fall to the
 * community of the lowest number, so the answer is the same everywhere. Numbered by their first node.
 */
export function louvain(graph: WeightedGraph): Int32Array {
  const base: Level = {
    rows: graph.neighbours.map((row, i) => new Map(Array.from(row, (j, k) => [j, graph.weights[i][k]]))),
    loops: new Float64Array(graph.neighbours.length),
  };
  let community: Int32Array = Int32Array.from(graph.neighbours.keys());
  for (let quality = modularity(graph, community); ; ) {
    const next = climb(base, community);
    const reached = modularity(graph, next);
    if (!(reached > quality + LEAST_GAIN)) return renumber(community);
    [community, quality] = [next, reached];
  }
}

/** Moves nodes, then communities of nodes and so on, until nothing moves. */
function climb(base: Level, start: Int32Array): Int32Array {
  let community = moveNodes(base, start);
  for (let level = join(base, community); ; ) {
    const moved = moveNodes(level, Int32Array.from(level.rows.keys()));
    if (moved.every((c, i) => c === i)) return community;
    community = community.map((c) => moved[c]);
    level = join(level, moved);
  }
}

/** Passes over the nodes of a level until none moves; communities numbered by first node. */
function moveNodes({ rows, loops }: Level, start: Int32Array): Int32Array {
  const strength = rows.map((row, i) => [...row.values()].reduce((sum, w) => sum + w, loops[i]));
  const total = strength.reduce((sum, s) => sum + s, 0);
  const community = start.slice();
  const sums = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) sums[community[i]] += strength[i];
  for (let again = total > 0; again; ) {
    again = false;
    for (let i = 0; i < rows.length; i++) {
      const best = bestCommunity(rows[i], community, sums, i, strength[i], total);
      if (best === community[i]) continue;
      sums[community[i]] -= strength[i];
      sums[best] += strength[i];
      community[i] = best;
      again = true;
    }
  }
  return renumber(community);
}

function bestCommunity(
  row: ReadonlyMap<number, number>,
  community: Int32Array,
  sums: Float64Array,
  node: number,
  strength: number,
  total: number,
): number {
  const own = community[node];
  const links = new Map<number, number>([[own, 0]]);
  for (const [j, weight] of row) links.set(community[j], (links.get(community[j]) ?? 0) + weight);
  const gain = (c: number) => (links.get(c) ?? 0) - (strength * (sums[c] - (c === own ? strength : 0))) / total;
  let best = own;
  for (const c of [...links.keys()].sort((a, b) => a - b)) {
    if (gain(c) > gain(best) + LEAST_GAIN * total) best = c;
  }
  return best;
}

/** Numbers 0, 1, ... in order of first appearance. */
export function renumber(labels: Int32Array): Int32Array {
  const numbers = new Map<number, number>();
  return labels.map((label) => {
    const number = numbers.get(label) ?? numbers.size;
    numbers.set(label, number);
    return number;
  });
}

function join({ rows, loops }: Level, community: Int32Array): Level {
  const size = Math.max(...community) + 1;
  const joined = Array.from({ length: size }, () => new Map<number, number>());
  const inside = new Float64Array(size);
  rows.forEach((row, i) => {
    const c = community[i];
    inside[c] += loops[i];
    for (const [j, weight] of row) {
      if (community[j] === c) inside[c] += weight;
      else joined[c].set(community[j], (joined[c].get(community[j]) ?? 0) + weight);
    }
  });
  return { rows: joined, loops: inside };
}
