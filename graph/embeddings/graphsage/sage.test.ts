import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../../../domain/simulation/random.ts';
import { walkGraph } from '../walks/walk-graph.ts';
import { type Matrix, zeros } from './matrix.ts';
import { backward, forward, rowOf } from './sage.ts';
import { createSage, pairLoss, trainSage } from './train-sage.ts';

const OPTIONS = { dimensions: 16, window: 2, p: 1, q: 1, negatives: 4, seed: 5 };
const [NODES, GROUPS, FEATURES] = [120, 4, 12];

/** A planted partition: node i is in group i mod 4, four edges in five stay inside. Features are noise with a trace of the group. */
function planted(nodes: number, seed: number) {
  const random = createRandom(seed);
  const edges = Array.from({ length: 5 * nodes }, (): [number, number, number] => {
    const a = random.integer(nodes);
    const inside = (a + GROUPS * (1 + random.integer(nodes / GROUPS - 1))) % nodes;
    return [a, random.uniform() < 0.8 ? inside : random.integer(nodes), 0.5 + random.uniform()];
  });
  const features = zeros(nodes, FEATURES);
  for (let i = 0; i < nodes; i++) {
    const row = rowOf(features, i);
    for (let f = 0; f < FEATURES; f++) row[f] = 0.5 * random.normal();
    row[i % GROUPS] += 0.5;
  }
  return { edges, features, graph: walkGraph(nodes, edges) };
}

const dot = (x: Float64Array, y: Float64Array) => x.reduce((sum, value, d) => sum + value * y[d], 0);

/** Share of nodes whose nearest other node is of their group. */
function purity(vectors: Matrix): number {
  let right = 0;
  for (let i = 0; i < vectors.rows; i++) {
    let best = i === 0 ? 1 : 0;
    for (let j = 0; j < vectors.rows; j++)
      if (j !== i && dot(rowOf(vectors, i), rowOf(vectors, j)) > dot(rowOf(vectors, i), rowOf(vectors, best))) best = j;
    if (best % GROUPS === i % GROUPS) right++;
  }
  return right / vectors.rows;
}

describe('gradients', () => {
  test('of the loss by the weights against finite differences', () => {
    const { graph, features } = planted(12, 1);
    const weights = createSage(FEATURES, OPTIONS);
    const pairs = {
      nodes: Int32Array.of(0, 1, 2, 5),
      mates: Int32Array.of(4, 5, 6, 5),
      noise: Int32Array.of(3, 3, 7, 2, 0, 11, 5, 9),
      negatives: 2,
    };
    const lossNow = () => pairLoss(forward(weights, graph, features), pairs).loss;
    const pass = forward(weights, graph, features);
    const gradient = backward(weights, graph, pass, pairLoss(pass, pairs).gradient);
    const step = 1e-6;
    for (const layer of ['first', 'second'] as const) {
      const values = weights[layer].data;
      for (let i = 0; i < values.length; i += 7) {
        const held = values[i];
        values[i] = held + step;
        const above = lossNow();
        values[i] = held - step;
        const slope = (above - lossNow()) / (2 * step);
        values[i] = held;
        expect(Math.abs(slope - gradient[layer].data[i])).toBeLessThan(1e-7);
      }
    }
  });
});

describe('training', () => {
  const { graph, features, edges } = planted(NODES, 2);
  const untrained = createSage(FEATURES, OPTIONS);
  const weights = trainSage(untrained, graph, features, OPTIONS, 60);
  const { vectors } = forward(weights, graph, features);

  test('brings the groups of a planted partition together, better than before', () => {
    expect(purity(vectors)).toBeGreaterThan(0.85);
    expect(purity(vectors)).toBeGreaterThan(purity(forward(untrained, graph, features).vectors) + 0.1);
  });

  test('same seed, same bits; vectors have length 1', () => {
    expect(trainSage(untrained, graph, features, OPTIONS, 60)).toEqual(weights);
    for (let i = 0; i < NODES; i++) expect(dot(rowOf(vectors, i), rowOf(vectors, i))).toBeCloseTo(1, 9);
  });

  test('a graph that was never seen is placed by the same weights', () => {
    const other = planted(NODES, 3);
    expect(purity(forward(weights, other.graph, other.features).vectors)).toBeGreaterThan(0.65);
  });

  test('a node that came later lies with its group; one without edges has a vector too', () => {
    const larger = zeros(NODES + 2, FEATURES);
    larger.data.set(features.data);
    rowOf(larger, NODES).set(Float64Array.of(0.5));
    rowOf(larger, NODES + 1).set(Float64Array.of(0.5));
    const links = [0, 8, 40, 56].map((node): [number, number, number] => [NODES, node, 1]);
    const later = forward(weights, walkGraph(NODES + 2, [...edges, ...links]), larger).vectors;
    const near = (group: number) => {
      const members = Array.from({ length: NODES / GROUPS }, (_, k) => group + k * GROUPS);
      return members.reduce((sum, node) => sum + dot(rowOf(later, NODES), rowOf(later, node)), 0) / members.length;
    };
    for (const group of [1, 2, 3]) expect(near(0)).toBeGreaterThan(near(group) + 0.1);
    expect(rowOf(later, NODES + 1).every(Number.isFinite)).toBe(true);
    expect(dot(rowOf(later, NODES + 1), rowOf(later, NODES + 1))).toBeCloseTo(1, 9);
  });

  test('a graph without any edge is left as it was drawn', () => {
    expect(trainSage(untrained, walkGraph(3, []), zeros(3, FEATURES), OPTIONS, 2)).toEqual(untrained);
  });
});
