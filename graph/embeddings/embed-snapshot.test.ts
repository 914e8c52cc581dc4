import { describe, expect, test } from '@jest/globals';
import { type AssetGraph, type GraphSnapshot, OPEN_END, OPEN_START } from '../etl/asset-graph.ts';
import { alignTo, displacement, type SnapshotVectors } from './align.ts';
import { type EmbeddingOptions, embedSnapshot, type SnapshotEmbedding } from './embed-snapshot.ts';
import { forward, type SageWeights } from './graphsage/sage.ts';
import { snapshotFeatures } from './graphsage/snapshot-features.ts';
import { embedNewcomers } from './newcomers.ts';
import { snapshotWalkGraph } from './snapshot-graph.ts';

const SYMBOLS = ['A0', 'A1', 'A2', 'A3', 'B0', 'B1', 'B2', 'B3', 'LONE', 'NEW'];
const OPTIONS: EmbeddingOptions = {
  algorithm: 'node2vec',
  dimensions: 16,
  walks: 10,
  walkLength: 20,
  window: 5,
  epochs: 1,
  p: 1,
  q: 1,
  negatives: 5,
  seed: 7,
};

const ALWAYS = { validFrom: OPEN_START, validTo: OPEN_END, source: 'reference' };
const UNPLACED = { cluster: -1, community: -1, microstructure: 'unknown', pageRank: 0, betweenness: 0, core: 0 };

/** Two cliques, an asset without any edge, and from the third day on an asset that is new, with edges into the first clique. */
function snapshot(day: number): GraphSnapshot {
  const members = SYMBOLS.slice(0, day < 2 ? 9 : 10);
  const pairs = ['A', 'B'].flatMap((clique) =>
    [0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3].filter((j) => j > i).map((j) => [`${clique}${i}`, `${clique}${j}`])),
  );
  const fresh = day < 2 ? [] : ['A0', 'A1', 'A2'].map((symbol) => [symbol, 'NEW']);
  return {
    asOf: `2020-01-0${day + 1}`,
    members: members.map((symbol) => ({ symbol, bucket: 'normal', rank: -1, ...UNPLACED })),
    ...{ regime: 'calm' as const, layers: [], macro: [], exposures: [] },
    edges: [...pairs, ...fresh].map(([source, target], k) => ({
      source,
      target,
      strength: 6e5 + 1e4 * ((k + day) % 7),
    })),
  };
}
const graph: AssetGraph = {
  universe: 'test',
  assets: [],
  categories: [
    { symbol: 'A0', kind: 'group', name: 'first', ...ALWAYS },
    { symbol: 'A1', kind: 'group', name: 'first', ...ALWAYS },
    { symbol: 'B0', kind: 'group', name: 'second', ...ALWAYS },
    { symbol: 'NEW', kind: 'group', name: 'first', ...ALWAYS },
  ],
  suppliers: [{ symbol: 'A0', supplier: 'A1', weight: 1, ...ALWAYS }],
  snapshots: [0, 1, 2, 3].map(snapshot),
};

async function history(
  options: EmbeddingOptions,
  snapshots = graph.snapshots,
  of = graph,
): Promise<SnapshotEmbedding[]> {
  const all: SnapshotEmbedding[] = [];
  for (const each of snapshots) all.push(await embedSnapshot(of, each, options, all.at(-1) ?? null));
  return all;
}

const rowOf = ({ symbols, vectors }: SnapshotVectors, symbol: string): Float32Array => {
  const [place, size] = [symbols.indexOf(symbol), vectors.length / symbols.length];
  return vectors.subarray(place * size, (place + 1) * size);
};
const largestGap = (a: { vectors: ArrayLike<number> }, b: { vectors: ArrayLike<number> }): number =>
  Math.max(...Array.from(a.vectors, (x, i) => Math.abs(x - b.vectors[i])));
function cosine(of: SnapshotVectors, a: string, b: string): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, d) => sum + value * y[d], 0);
  const [x, y] = [rowOf(of, a), rowOf(of, b)];
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

test('the nodes are the assets of the day, then the categories that they are in', () => {
  expect(snapshotWalkGraph(graph, graph.snapshots[0]).nodes).toBe(9 + 2);
  const stranger = { ...snapshot(0), edges: [{ source: 'A0', target: 'GONE', strength: 5e5 }] };
  expect(() => snapshotWalkGraph(graph, stranger)).toThrow('GONE');
});

test('a relation counts from the day that it holds until the day that it ends', async () => {
  const third = { validFrom: '2020-01-03', validTo: '2020-01-04', source: 'file' };
  const more: AssetGraph = {
    ...graph,
    categories: [...graph.categories, { symbol: 'LONE', kind: 'group', name: 'third', ...third }],
    suppliers: [...graph.suppliers, { symbol: 'LONE', supplier: 'B1', weight: 0.5, ...third }],
  };
  const edges = ({ snapshots }: AssetGraph, of: AssetGraph) =>
    snapshots.map((each) => snapshotWalkGraph(of, each).targets.length / 2);
  const known = edges(graph, graph);
  expect(edges(graph, more)).toEqual([known[0], known[1], known[2] + 2, known[3]]);
  const [first, second] = await history(OPTIONS);
  expect(await history(OPTIONS, graph.snapshots.slice(0, 2), more)).toEqual([first, second]);
});

describe.each(['node2vec', 'graphsage'] as const)('%s', (algorithm) => {
  const options = { ...OPTIONS, algorithm };

  test('every asset has a vector, also the one without an edge; cliques lie together', async () => {
    const [first] = await history(options, [snapshot(0)]);
    expect(first.symbols).toEqual(SYMBOLS.slice(0, 9));
    expect(first.vectors).toHaveLength(9 * 16);
    expect(first.vectors.every(Number.isFinite)).toBe(true);
    expect(rowOf(first, 'LONE').some((x) => x !== 0)).toBe(true);
    expect(cosine(first, 'A2', 'A3')).toBeGreaterThan(cosine(first, 'A2', 'B3') + 0.2);
  });

  test('a longer history never changes earlier snapshots, and the same history gives the same bits', async () => {
    const [long, short] = [await history(options), await history(options, graph.snapshots.slice(0, 2))];
    expect(long.slice(0, 2)).toEqual(short);
    expect(await history(options)).toEqual(long);
  });

  test('an asset that was listed yesterday lies with those it moves with', async () => {
    const latest = (await history(options))[2];
    expect(cosine(latest, 'NEW', 'A2')).toBeGreaterThan(cosine(latest, 'NEW', 'B2') + 0.2);
  });

  test('from one day to the next vectors stay where they are', async () => {
    const [first, second] = await history(options);
    expect(displacement(first, second)).toBeLessThan(0.5);
    // no turn brings them nearer
    expect(largestGap(alignTo(first, second), second)).toBeLessThan(1e-5);
  });

  test('in a market that stands still vectors do too', async () => {
    const days = Array.from({ length: 10 }, (_, day) => ({ ...snapshot(1), asOf: `2020-02-1${day}` }));
    const embedded = await history(options, [snapshot(0), ...days]);
    expect(displacement(embedded[1], embedded[10])).toBeLessThan(1e-3);
  });

  test('an asset that was listed yesterday and has no correlation yet lies with its sector', async () => {
    const unknown = { ...snapshot(2), edges: snapshot(1).edges };
    const latest = (await history(options, [snapshot(0), snapshot(1), unknown]))[2];
    expect(cosine(latest, 'NEW', 'A1')).toBeGreaterThan(cosine(latest, 'NEW', 'B0') + 0.2);
  });
});

test('the weights that GraphSAGE keeps give its vectors', async () => {
  const { weights, vectors, symbols } = (await history({ ...OPTIONS, algorithm: 'graphsage' }))[2];
  const walks = snapshotWalkGraph(graph, graph.snapshots[2]);
  const again = forward(weights as SageWeights, walks, snapshotFeatures(graph, graph.snapshots[2], walks)).vectors.data;
  const size = symbols.length * OPTIONS.dimensions;
  expect(largestGap({ vectors }, { vectors: again.subarray(0, size) })).toBeLessThan(1e-6);
});

describe('an asset that is listed between two snapshots', () => {
  const listed = (symbol: string, firstDate: string) => ({
    symbol,
    name: symbol,
    kind: 'equity',
    firstDate,
    lastDate: '',
  });
  const late: AssetGraph = {
    ...graph,
    assets: [
      listed('A0', '2019-01-01'),
      listed('NEW', '2020-01-02'),
      listed('ODD', '2020-01-03'),
      listed('FAR', '2020-01-09'),
    ],
  };
  const first = { ...snapshot(0), asOf: '2020-01-01' };

  test('has a vector of GraphSAGE from its first day, beside its sector; the others keep theirs', async () => {
    const [own] = await history({ ...OPTIONS, algorithm: 'graphsage' }, [first], late);
    const since = embedNewcomers(late, first, own, '2020-01-09');
    expect(since.map(({ asOf, symbols }) => [asOf, symbols.filter((symbol) => !own.symbols.includes(symbol))])).toEqual(
      [
        ['2020-01-02', ['NEW']],
        ['2020-01-03', ['NEW', 'ODD']],
      ],
    );
    for (const each of since) {
      for (const symbol of own.symbols) expect(rowOf(each, symbol)).toEqual(rowOf(own, symbol));
      expect(each.vectors.every(Number.isFinite)).toBe(true);
      expect(cosine(each, 'NEW', 'A1')).toBeGreaterThan(cosine(each, 'NEW', 'B0') + 0.2);
    }
    // what comes later changes nothing before
    expect(embedNewcomers(late, first, own, '2020-01-03')).toEqual(since.slice(0, 1));
  });

  test('has none of node2vec before the next snapshot', async () => {
    const [own] = await history(OPTIONS, [first], late);
    expect(embedNewcomers(late, first, own, '2020-01-09')).toEqual([]);
  });
});

test('GraphSAGE keeps what it learned on the first snapshot, its last layer turned; node2vec keeps nothing', async () => {
  const [first, second] = await history({ ...OPTIONS, algorithm: 'graphsage' });
  expect(second.weights?.first).toEqual(first.weights?.first);
  expect((await history(OPTIONS, [snapshot(0)]))[0].weights).toBeNull();
});

describe('alignment', () => {
  test('another seed of the same graph is brought back: angles stay, distances shrink', async () => {
    const [one] = await history(OPTIONS, [snapshot(0)]);
    const [other] = await history({ ...OPTIONS, seed: 8 }, [snapshot(0)]);
    const aligned = alignTo(one, other);
    expect(displacement(one, other)).toBeGreaterThan(0.9);
    expect(displacement(one, aligned)).toBeLessThan(0.5 * displacement(one, other));
    for (const [a, b] of [
      ['A0', 'A1'],
      ['A0', 'B0'],
      ['A3', 'LONE'],
    ])
      expect(cosine(aligned, a, b)).toBeCloseTo(cosine(other, a, b), 5);
  });

  test('a rotated copy is recovered', async () => {
    const [one] = await history(OPTIONS, [snapshot(0)]);
    // Every coordinate moved on by one place, and the first mirrored.
    const rotated = one.vectors.map((_, i) => one.vectors[i - (i % 16) + ((i + 1) % 16)] * (i % 16 === 0 ? -1 : 1));
    const back = alignTo(one, { ...one, vectors: rotated });
    expect(Math.max(...back.vectors.map((x, i) => Math.abs(x - one.vectors[i])))).toBeLessThan(1e-6);
  });

  test('two days without a common asset are left alone', () => {
    const of = (symbol: string) => ({ asOf: '2020-01-01', symbols: [symbol], vectors: Float32Array.of(1, 2) });
    expect(alignTo(of('X'), of('Y'))).toEqual(of('Y'));
    expect(displacement(of('X'), of('Y'))).toBe(0);
  });
});
