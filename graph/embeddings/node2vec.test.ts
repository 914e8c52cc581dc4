import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../../domain/simulation/random.ts';
import { node2vec } from './node2vec.ts';
import { edgeIndex, walkGraph } from './walk-graph.ts';
import { biasedWalks, cumulate, draw, firstStep, transition } from './walks.ts';

interface Golden {
  nodes: number;
  edges: [number, number, number][];
  partition: number[];
  degree: number[];
  node2vec: {
    p: number;
    q: number;
    first_step: { cur: number; next: number[]; probability: number[] }[];
    transitions: { prev: number; cur: number; next: number[]; probability: number[] }[];
  };
}
const golden = JSON.parse(readFileSync(new URL('./node2vec.golden.json', import.meta.url), 'utf8')) as Golden;
const graph = walkGraph(golden.nodes, golden.edges);
const { p, q } = golden.node2vec;
const neighbours = (node: number) => [...graph.targets.subarray(graph.offsets[node], graph.offsets[node + 1])];
const OPTIONS = { dimensions: 16, walks: 10, walkLength: 20, window: 5, epochs: 2, p, q, negatives: 5, seed: 7 };

describe('transition probabilities against PecanPy and networkx', () => {
  test('degrees', () => {
    expect(Array.from({ length: golden.nodes }, (_, node) => neighbours(node).length)).toEqual(golden.degree);
  });

  test.each(golden.node2vec.first_step)('first step from $cur', ({ cur, next, probability }) => {
    expect(neighbours(cur)).toEqual(next);
    firstStep(graph, cur).forEach((x, k) => {
      expect(Math.abs(x - probability[k])).toBeLessThan(1e-12);
    });
  });

  test.each(golden.node2vec.transitions)('$prev -> $cur -> ?', ({ prev, cur, next, probability }) => {
    expect(neighbours(cur)).toEqual(next);
    transition(graph, prev, cur, p, q).forEach((x, k) => {
      expect(Math.abs(x - probability[k])).toBeLessThan(1e-12);
    });
  });
});

describe('walks', () => {
  test('every step follows an edge, every node starts as often as asked', () => {
    const walks = biasedWalks(graph, OPTIONS, createRandom(1));
    const starts = new Int32Array(golden.nodes);
    let strayed = 0;
    for (let from = 0; from < walks.length; from += OPTIONS.walkLength) {
      starts[walks[from]]++;
      for (let step = 1; step < OPTIONS.walkLength; step++) {
        if (edgeIndex(graph, walks[from + step - 1], walks[from + step]) < 0) strayed++;
      }
    }
    expect(strayed).toBe(0);
    expect(new Set(starts)).toEqual(new Set([OPTIONS.walks]));
  });

  test('second steps are as frequent as the exact probabilities say', () => {
    const { prev, cur, next, probability } = golden.node2vec.transitions[0];
    const options = { ...OPTIONS, walks: 150, walkLength: 40 };
    const walks = biasedWalks(graph, options, createRandom(5));
    const seen = new Map<number, number>(next.map((node) => [node, 0]));
    let total = 0;
    for (let i = 0; i < walks.length - 2; i++) {
      if (i % options.walkLength > options.walkLength - 3 || walks[i] !== prev || walks[i + 1] !== cur) continue;
      seen.set(walks[i + 2], seen.get(walks[i + 2])! + 1);
      total++;
    }
    expect(total).toBeGreaterThan(150);
    next.forEach((node, k) => {
      const spread = Math.sqrt((probability[k] * (1 - probability[k])) / total);
      expect(Math.abs(seen.get(node)! / total - probability[k])).toBeLessThan(4 * spread);
    });
  });

  test('a node without neighbours stays where it is', () => {
    const walks = biasedWalks(walkGraph(3, [[0, 1, 1]]), { walks: 1, walkLength: 4, p: 1, q: 1 }, createRandom(1));
    const rows = [0, 4, 8].map((from) => [...walks.subarray(from, from + 4)]);
    expect(rows).toContainEqual([2, 2, 2, 2]);
  });

  test('drawing inverts the running sums', () => {
    const table = cumulate(Float64Array.of(0.25, 0.5, 0.25));
    expect([0, 0.249, 0.25, 0.749, 0.75, 0.9999].map((u) => draw(table, u))).toEqual([0, 0, 1, 1, 2, 2]);
  });
});

describe('vectors', () => {
  const vectors = node2vec(graph, OPTIONS);
  const cosine = (a: number, b: number): number => {
    const [x, y] = [a, b].map((node) => vectors.subarray(node * 16, (node + 1) * 16));
    const dot = (u: Float32Array, v: Float32Array) => u.reduce((sum, value, d) => sum + value * v[d], 0);
    return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
  };

  test('same seed, same bits; another seed, other bits', () => {
    expect(node2vec(graph, OPTIONS)).toEqual(vectors);
    expect(node2vec(graph, { ...OPTIONS, seed: 8 })).not.toEqual(vectors);
    expect(vectors.every(Number.isFinite)).toBe(true);
  });

  test('nodes of one community are closer than nodes of two', () => {
    const inside: number[] = [];
    const across: number[] = [];
    for (let a = 0; a < golden.nodes; a++) {
      for (let b = 0; b < a; b++) (golden.partition[a] === golden.partition[b] ? inside : across).push(cosine(a, b));
    }
    const mean = (x: number[]) => x.reduce((sum, value) => sum + value, 0) / x.length;
    expect(mean(inside) - mean(across)).toBeGreaterThan(0.25);
  });
});

test('an edge to itself, to nowhere, or of no weight is refused', () => {
  for (const edge of [
    [1, 1, 1],
    [0, 9, 1],
    [0, 1, 0],
    [0, 1, Number.NaN],
  ] as [number, number, number][]) {
    expect(() => walkGraph(3, [edge])).toThrow(expect.objectContaining({ code: 'WALK_GRAPH_EDGE' }));
  }
});
