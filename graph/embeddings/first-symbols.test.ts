import { expect, test } from '@jest/globals';
import { type AssetGraph, OPEN_END, OPEN_START } from '../etl/asset-graph.ts';
import { underFirstSymbols } from './first-symbols.ts';

const ALWAYS = { validFrom: OPEN_START, validTo: OPEN_END, source: 'reference' };
const MEASURED = { bucket: 'normal', cluster: -1, community: -1, microstructure: 'unknown' } as const;

/** A fund F and two assets that supply each other, by any symbols, in the order in which a graph has them. */
function graphOf(f: string, a: string, b: string): AssetGraph {
  const symbols = [f, a, b].sort();
  const inOrder = <T extends { symbol: string }>(links: T[]) => links.sort((x, y) => (x.symbol < y.symbol ? -1 : 1));
  const edge = (x: string, y: string, strength: number) => ({
    source: [x, y].sort()[0],
    target: [x, y].sort()[1],
    strength,
  });
  return {
    universe: 'one',
    assets: symbols.map((symbol) => ({
      ...{ symbol, name: 'a name', kind: 'equity', firstDate: '2019-01-02', lastDate: '2020-12-31' },
    })),
    categories: inOrder([f, a, b].map((symbol) => ({ symbol, kind: 'fund' as const, name: f, ...ALWAYS }))),
    suppliers: inOrder([
      { symbol: a, supplier: b, weight: 0.5, ...ALWAYS },
      { symbol: b, supplier: a, weight: 1, ...ALWAYS },
    ]),
    snapshots: [
      {
        ...{ asOf: '2020-03-31', regime: 'calm' as const, layers: [], macro: [], exposures: [] },
        members: inOrder(
          [f, a, b].map((symbol, rank) => {
            return { symbol, rank, ...MEASURED, pageRank: rank, betweenness: 0, core: 1 };
          }),
        ),
        edges: [edge(f, a, 600_000), edge(f, b, 700_000)].sort((x, y) =>
          x.source + x.target < y.source + y.target ? -1 : 1,
        ),
      },
    ],
  };
}
const was = (symbol: string, ...before: string[]) => ({
  symbol,
  formerly: before.map((each, k) => ({ symbol: each, until: `2020-0${k + 1}-01` })),
});

test('whatever assets are called now, what is embedded is the graph by their first symbols', () => {
  const first = graphOf('FUND', 'A', 'B');
  expect(underFirstSymbols(first, [{ symbol: 'A' }])).toMatchObject({ graph: first, renamed: [] });
  const now = [was('CC', 'FUND', 'X'), was('ZZ', 'A'), was('BB', 'B')];
  const { graph, renamed } = underFirstSymbols(graphOf('CC', 'ZZ', 'BB'), now);
  expect(graph).toEqual(first);
  expect(renamed).toEqual([
    ['BB', 'B'],
    ['CC', 'FUND'],
    ['ZZ', 'A'],
  ]);
});

test('vectors are those of present symbols, in their order', () => {
  const { present } = underFirstSymbols(graphOf('FUND', 'ZZ', 'B'), [was('ZZ', 'A')]);
  const vectors = { asOf: '2020-03-31', symbols: ['A', 'B', 'FUND'], vectors: Float32Array.of(1, 2, 3, 4, 5, 6) };
  expect(present(vectors)).toEqual({
    ...vectors,
    symbols: ['B', 'FUND', 'ZZ'],
    vectors: Float32Array.of(3, 4, 5, 6, 1, 2),
  });
});

test('a symbol that was given up and is another asset’s now is still the first one of who had it', () => {
  const { assets, ...rest } = graphOf('FUND', 'A', 'ZZ');
  const later = assets.map((asset) => (asset.symbol === 'A' ? { ...asset, firstDate: '2020-02-03' } : asset));
  const { renamed, graph } = underFirstSymbols({ ...rest, assets: later }, [was('ZZ', 'A')]);
  expect(renamed).toEqual([
    ['ZZ', 'A'],
    ['A', 'A#2'],
  ]);
  expect(graph.assets.map(({ symbol }) => symbol)).toEqual(['A', 'A#2', 'FUND']);
});
