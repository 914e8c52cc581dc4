import { badInput } from '../../../domain/errors.ts';

/** An undirected weighted graph in compressed rows: neighbours of node i are `targets[offsets[i] .. offsets[i + 1] - 1]`, ascending. */
export interface WalkGraph {
  readonly nodes: number;
  readonly offsets: Int32Array;
  readonly targets: Int32Array;
  readonly weights: Float64Array;
}

/** From undirected edges [i, j, weight]. Weights are positive; an edge given twice adds up. */
export function walkGraph(nodes: number, edges: readonly (readonly [number, number, number])[]): WalkGraph {
  const rows = Array.from({ length: nodes }, () => new Map<number, number>());
  for (const [i, j, weight] of edges) {
    if (!(i >= 0 && i < nodes && j >= 0 && j < nodes && weight > 0 && weight < Infinity)) {
      throw badInput('WALK_GRAPH_EDGE', 'An edge must join two different nodes with a positive weight', {
        facts: { from: i, to: j, weight: String(weight), nodes },
      });
    }
    rows[i].set(j, (rows[i].get(j) ?? 0) + weight);
    if (i !== j) rows[j].set(i, (rows[j].get(i) ?? 0) + weight);
  }
  const offsets = new Int32Array(nodes + 1);
  rows.forEach((row, i) => {
    offsets[i + 1] = offsets[i] + row.size;
  });
  const targets = new Int32Array(offsets[nodes]);
  const weights = new Float64Array(offsets[nodes]);
  rows.forEach((row, i) => {
    [...row]
      .sort(([a], [b]) => a - b)
      .forEach(([target, weight], k) => {
        targets[offsets[i] + k] = target;
        weights[offsets[i] + k] = weight;
      });
  });
  return { nodes, offsets, targets, weights };
}

/** Place of `target` among all targets, or -1: binary search in the row of `node`. */
export function edgeIndex(graph: WalkGraph, node: number, target: number): number {
  let low = graph.offsets[node];
  let high = graph.offsets[node + 1] - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = graph.targets[middle];
    if (found === target) return middle;
    if (found < target) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
