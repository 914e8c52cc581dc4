import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../../../domain/simulation/random.ts';
import { firstStep, transition } from './transitions.fixture.ts';
import { edgeIndex, walkGraph } from './walk-graph.ts';
import { aliasTables, drawNeighbour, fillWalk, nextNode, startNodes } from './walks.ts';

interface Golden {
  nodes: number;
  edges: [number, number, number][];
  degree: number[];
  node2vec: {
    p: number;
    q: number;
    first_step: { cur: number; next: number[]; probability: number[] }[];
    transitions: { prev: number; cur: number; next: number[]; probability: number[] }[];
  };
}
const golden = JSON.parse(readFileSync(new URL('./walks.golden.json', import.meta.url), 'utf8')) as Golden;
const graph = walkGraph(golden.nodes, golden.edges);
const tables = aliasTables(graph);
const { p, q } = golden.node2vec;
const neighbours = (node: number) => [...graph.targets.subarray(graph.offsets[node], graph.offsets[node + 1])];

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

const DRAWS = 20_000;

/** Pearson's statistic, and the 99.9 % quantile of its distribution (Wilson and Hilferty 1931). */
function chiSquare(seen: Map<number, number>, next: number[], probability: ArrayLike<number>) {
  const statistic = next.reduce((sum, node, k) => {
    const expected = DRAWS * probability[k];
    return sum + ((seen.get(node) ?? 0) - expected) ** 2 / expected;
  }, 0);
  const freedom = next.length - 1;
  const limit = freedom * (1 - 2 / (9 * freedom) + 3.0902 * Math.sqrt(2 / (9 * freedom))) ** 3;
  return { statistic, limit };
}

const counted = (draw: () => number): Map<number, number> => {
  const seen = new Map<number, number>();
  for (let k = 0; k < DRAWS; k++) {
    const node = draw();
    seen.set(node, (seen.get(node) ?? 0) + 1);
  }
  return seen;
};

describe('what is drawn is as frequent as the exact probabilities say', () => {
  test.each(golden.node2vec.first_step.filter(({ next }) => next.length > 1))(
    'first step from $cur',
    ({ cur, next, probability }) => {
      const random = createRandom(100 + cur);
      const seen = counted(() => graph.targets[drawNeighbour(graph, tables, cur, random.uniform())]);
      const { statistic, limit } = chiSquare(seen, next, probability);
      expect(statistic).toBeLessThan(limit);
    },
  );

  test.each(golden.node2vec.transitions.filter(({ next }) => next.length > 1))(
    '$prev -> $cur -> ?, and other p and q',
    ({ prev, cur, next, probability }) => {
      const random = createRandom(1000 + 50 * prev + cur);
      for (const [pp, qq] of [
        [p, q],
        [4, 0.25],
        [0.25, 1],
      ]) {
        const exact = pp === p && qq === q ? probability : transition(graph, prev, cur, pp, qq);
        const seen = counted(() => nextNode(graph, tables, prev, cur, { p: pp, q: qq }, random));
        const { statistic, limit } = chiSquare(seen, next, exact);
        expect(statistic).toBeLessThan(limit);
      }
    },
  );
});

test('a p or q that lets almost nothing through ends all the same, and as often as it should', () => {
  const star = walkGraph(5, [
    [0, 1, 1],
    [0, 2, 2],
    [0, 3, 3],
    [0, 4, 4],
    [1, 2, 1],
  ]);
  const own = aliasTables(star);
  for (const [pp, qq] of [
    [1e9, 1e8],
    [1e9, 1e9],
    [1e-9, 1],
    [1e9, 1e-9],
  ]) {
    const random = createRandom(7);
    const seen = counted(() => nextNode(star, own, 4, 0, { p: pp, q: qq }, random));
    const exact = transition(star, 4, 0, pp, qq);
    expect([...seen.keys()].every((node) => exact[node - 1] > 1e-5)).toBe(true);
    exact.forEach((share, k) => {
      expect(Math.abs((seen.get(k + 1) ?? 0) / DRAWS - share)).toBeLessThan(0.015);
    });
  }
});

describe('walks', () => {
  const options = { walks: 10, walkLength: 20, p, q, seed: 1 };

  test('every node starts once a round, in another order each', () => {
    const starts = startNodes(golden.nodes, options);
    const rounds = Array.from({ length: 10 }, (_, k) => [...starts.subarray(k * golden.nodes, (k + 1) * golden.nodes)]);
    for (const round of rounds) expect([...round].sort((a, b) => a - b)).toEqual([...round.keys()]);
    expect(rounds[0]).not.toEqual(rounds[1]);
  });

  test('every step follows an edge', () => {
    let strayed = 0;
    for (let start = 0; start < golden.nodes; start++) {
      const walk = new Int32Array(20).fill(start, 0, 1);
      fillWalk(walk, graph, tables, options, createRandom(start));
      for (let step = 1; step < 20; step++) if (edgeIndex(graph, walk[step - 1], walk[step]) < 0) strayed++;
    }
    expect(strayed).toBe(0);
  });

  test('a node without neighbours stays where it is', () => {
    const lonely = walkGraph(3, [[0, 1, 1]]);
    const walk = Int32Array.of(2, 0, 0, 0);
    fillWalk(walk, lonely, aliasTables(lonely), options, createRandom(1));
    expect([...walk]).toEqual([2, 2, 2, 2]);
  });
});

test('an edge to nowhere or of no weight is refused; a loop counts once', () => {
  for (const edge of [
    [0, 9, 1],
    [0, 1, 0],
    [0, 1, Number.NaN],
  ] as [number, number, number][]) {
    expect(() => walkGraph(3, [edge])).toThrow(expect.objectContaining({ code: 'WALK_GRAPH_EDGE' }));
  }
  expect([...walkGraph(1, [[0, 0, 2]]).weights]).toEqual([2]);
});
