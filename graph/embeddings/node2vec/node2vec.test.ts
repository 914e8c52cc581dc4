import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../../../domain/simulation/random.ts';
import { walkGraph } from '../walks/walk-graph.ts';
import { node2vec } from './node2vec.ts';

const golden = JSON.parse(readFileSync(new URL('../walks/walks.golden.json', import.meta.url), 'utf8')) as {
  nodes: number;
  edges: [number, number, number][];
  partition: number[];
};
const graph = walkGraph(golden.nodes, golden.edges);
const OPTIONS = {
  dimensions: 18,
  walks: 10,
  walkLength: 20,
  window: 5,
  epochs: 4,
  p: 1,
  q: 0.5,
  negatives: 5,
  seed: 7,
};

/** Mean cosine inside a community and across two. */
function cosines(vectors: Float32Array, dimensions: number, partition: ArrayLike<number>, every = 1) {
  const row = (node: number) => vectors.subarray(node * dimensions, (node + 1) * dimensions);
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, d) => sum + value * y[d], 0);
  const sums = { inside: [0, 0], across: [0, 0] };
  for (let a = 0; a < partition.length; a += every) {
    for (let b = 0; b < a; b += every) {
      const into = sums[partition[a] === partition[b] ? 'inside' : 'across'];
      into[0] += dot(row(a), row(b)) / Math.sqrt(dot(row(a), row(a)) * dot(row(b), row(b)));
      into[1]++;
    }
  }
  return { inside: sums.inside[0] / sums.inside[1], across: sums.across[0] / sums.across[1] };
}

describe('a small graph', () => {
  test('same seed, same bits; another seed, other bits', async () => {
    const vectors = await node2vec(graph, OPTIONS);
    expect(vectors).toHaveLength(golden.nodes * 18);
    expect(vectors.every(Number.isFinite)).toBe(true);
    expect(await node2vec(graph, OPTIONS, 2)).toEqual(vectors);
    expect(await node2vec(graph, { ...OPTIONS, seed: 8 })).not.toEqual(vectors);
  });

  test('nodes of one community are closer than nodes of two', async () => {
    const { inside, across } = cosines(await node2vec(graph, OPTIONS), 18, golden.partition);
    expect(inside - across).toBeGreaterThan(0.25);
  });

  test('nodes without edges, and one node alone, get finite vectors', async () => {
    const vectors = await node2vec(walkGraph(3, [[0, 1, 1]]), OPTIONS);
    expect(vectors.every(Number.isFinite)).toBe(true);
    expect(vectors.subarray(36).some((x) => x !== 0)).toBe(true);
    expect((await node2vec(walkGraph(1, []), OPTIONS)).every(Number.isFinite)).toBe(true);
    expect(await node2vec(walkGraph(0, []), OPTIONS)).toHaveLength(0);
  });

  test('vectors that no memory can address are refused', async () => {
    const sparse = {
      nodes: 5_000_000,
      offsets: new Int32Array(0),
      targets: new Int32Array(0),
      weights: new Float64Array(0),
    };
    await expect(node2vec(sparse, { ...OPTIONS, dimensions: 128 })).rejects.toMatchObject({
      code: 'NODE2VEC_TOO_LARGE',
    });
  });

  test('many small jobs one after the other give their memory back', async () => {
    for (let k = 0; k < 150; k++) await node2vec(walkGraph(2, [[0, 1, 1]]), { ...OPTIONS, walks: 1, seed: k });
  });
});

describe('a graph large enough for threads', () => {
  const [nodes, communities] = [600, 6];
  const random = createRandom(3);
  const edges = Array.from({ length: 6000 }, (): [number, number, number] => {
    const a = random.integer(nodes);
    const near = random.uniform() < 0.8;
    const b = near ? (a + communities * (1 + random.integer(nodes / communities - 1))) % nodes : random.integer(nodes);
    return [a, b, 1 + random.uniform()];
  });
  const large = walkGraph(nodes, edges);
  const options = { ...OPTIONS, dimensions: 32, walks: 4, epochs: 2, negatives: 3, learningRate: 0.15 };

  test('one thread, and as many as can be used, give the same bits, which tell the communities apart', async () => {
    const one = await node2vec(large, options, 1);
    expect(Buffer.from((await node2vec(large, options, 9)).buffer).equals(Buffer.from(one.buffer))).toBe(true);
    const { inside, across } = cosines(
      one,
      32,
      Array.from({ length: nodes }, (_, node) => node % communities),
      7,
    );
    expect(inside - across).toBeGreaterThan(0.1);
  });
});
