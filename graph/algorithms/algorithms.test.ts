import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { clusteringCoefficients, coreNumbers, triangles } from './cohesion.ts';
import { eigenvectorCentrality } from './eigenvector.ts';
import { louvain, modularity } from './louvain.ts';
import { pageRank } from './pagerank.ts';
import { betweenness, closeness, shortestPaths } from './shortest-paths.ts';
import { connectedComponents, minimumSpanningTree } from './spanning-tree.ts';
import { degrees, strengths, unweighted, weightedGraph } from './weighted-graph.ts';

type Edge = [number, number, number];
/** Values of networkx and scipy. */
const golden = JSON.parse(readFileSync(new URL('./algorithms.golden.json', import.meta.url), 'utf8')) as {
  edges: Edge[];
  partition: number[];
  expected: Record<string, number[]> & { modularity_of_partition: number; best_of_200_louvain: number };
  correlation: number[][];
  tree: { mst: [number, number][]; mst_total_distance: number; threshold: { at: number; components: number[][] } };
};
const graph = weightedGraph(60, golden.edges);
const personal = Array.from({ length: 60 }, (_, i) => (i === 0 ? 1 : i === 20 ? 3 : 0));

test.each([
  ['degree', () => degrees(graph)],
  ['strength', () => strengths(graph)],
  ['pagerank_weighted', () => pageRank(graph)],
  ['pagerank_unweighted', () => pageRank(unweighted(graph))],
  ['pagerank_personalised', () => pageRank(graph, personal)],
  ['betweenness_weighted', () => betweenness(graph)],
  ['betweenness_unweighted', () => betweenness(unweighted(graph))],
  ['eigenvector_weighted', () => eigenvectorCentrality(graph)],
  ['eigenvector_unweighted', () => eigenvectorCentrality(unweighted(graph))],
  ['closeness_weighted', () => closeness(graph)],
  ['clustering_unweighted', () => clusteringCoefficients(graph)],
  ['core_number', () => coreNumbers(graph)],
  ['triangles', () => triangles(graph)],
  ['shortest_distance_from_0', () => shortestPaths(graph, 0).distance],
])('%s is that of the reference', (name, compute) => {
  const values = Array.from(compute());
  expect(values).toHaveLength(60);
  values.forEach((value, i) => {
    const expected = golden.expected[name][i];
    expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-12 + 1e-9 * Math.abs(expected));
  });
});

describe('communities', () => {
  test('modularity of a given partition', () => {
    expect(modularity(graph, golden.partition)).toBeCloseTo(golden.expected.modularity_of_partition, 12);
  });

  test('Louvain comes within 0.01 of the best of 200 runs of the reference', () => {
    const found = louvain(graph);
    expect(modularity(graph, found)).toBeGreaterThan(golden.expected.best_of_200_louvain - 0.01);
    expect(louvain(graph)).toEqual(found);
  });

  test('two triangles joined by an edge are two communities; nodes without edges are alone', () => {
    const pair: Edge[] = [
      [0, 1, 1],
      [0, 2, 1],
      [1, 2, 1],
      [2, 3, 1],
      [3, 4, 1],
      [3, 5, 1],
      [4, 5, 1],
    ];
    expect([...louvain(weightedGraph(7, pair))]).toEqual([0, 0, 0, 1, 1, 1, 2]);
    expect([...louvain(weightedGraph(2, []))]).toEqual([0, 1]);
  });
});

describe('correlation networks', () => {
  const { correlation, tree } = golden;
  const pairs: Edge[] = correlation.flatMap((row, i) => row.slice(i + 1).map((rho, k): Edge => [i, i + 1 + k, rho]));

  test('minimum spanning tree over sqrt(2 (1 - rho))', () => {
    const mst = minimumSpanningTree(
      24,
      pairs.map(([i, j, rho]): Edge => [i, j, Math.sqrt(2 * (1 - rho))]),
    );
    expect(mst.map(([i, j]) => [i, j])).toEqual(tree.mst);
    expect(mst.reduce((sum, [, , d]) => sum + d, 0)).toBeCloseTo(tree.mst_total_distance, 9);
  });

  test('components above a threshold', () => {
    const component = connectedComponents(
      24,
      pairs.filter(([, , rho]) => rho >= tree.threshold.at),
    );
    expect(Object.values(Object.groupBy(component.keys(), (i) => component[i]))).toEqual(tree.threshold.components);
  });
});

test.each([[[0, 0, 1]], [[0, 9, 1]], [[0, 1, 0]], [[0, 1, Number.NaN]]] as [Edge][])('%p is no edge', (edge) => {
  expect(() => weightedGraph(3, [edge])).toThrow(RangeError);
});

test('a pair given twice is refused', () => {
  expect(() =>
    weightedGraph(3, [
      [0, 1, 1],
      [1, 0, 1],
    ]),
  ).toThrow(RangeError);
});
