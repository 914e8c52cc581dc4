/** An undirected graph without self-loops: of node i the neighbours, ascending, and the weight of the edge to each. */
export interface WeightedGraph {
  readonly neighbours: readonly Int32Array[];
  readonly weights: readonly Float64Array[];
}

/** From edges [i, j, weight], each pair given once, i and j in 0..nodes - 1, weight > 0. @throws RangeError on any other edge. */
export function weightedGraph(nodes: number, edges: readonly (readonly [number, number, number])[]): WeightedGraph {
  const rows = Array.from({ length: nodes }, () => new Map<number, number>());
  for (const [i, j, weight] of edges) {
    if (!rows[i] || !rows[j] || i === j || rows[i].has(j) || !(weight > 0 && weight < Infinity)) {
      throw new RangeError(`no edge of an undirected weighted graph: ${i} - ${j}, weight ${weight}`);
    }
    rows[i].set(j, weight);
    rows[j].set(i, weight);
  }
  const sorted = rows.map((row) => [...row].sort(([a], [b]) => a - b));
  return {
    neighbours: sorted.map((row) => Int32Array.from(row, ([node]) => node)),
    weights: sorted.map((row) => Float64Array.from(row, ([, weight]) => weight)),
  };
}

/** The same edges, each of weight 1. */
export const unweighted = ({ neighbours }: WeightedGraph): WeightedGraph => ({
  neighbours,
  weights: neighbours.map((row) => new Float64Array(row.length).fill(1)),
});

/** Number of edges at each node. */
export const degrees = ({ neighbours }: WeightedGraph): number[] => neighbours.map((row) => row.length);

/** Sum of the weights of the edges at each node. */
export const strengths = ({ weights }: WeightedGraph): number[] => weights.map((row) => row.reduce((s, w) => s + w, 0));
