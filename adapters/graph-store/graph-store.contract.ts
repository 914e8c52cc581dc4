import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { BUCKET_MEMBERS_AS_OF, HUBS_AS_OF } from '../../graph/queries/as-of.ts';
import { deleteOthers, LINKS, mergeNamed } from '../../graph/queries/links.ts';
import { MERGE_ASSETS, MERGE_CORRELATED, MERGE_EMBEDDINGS } from '../../graph/queries/load.ts';
import {
  CORRELATED_HISTORY,
  COUNT_NODES,
  COUNT_RELATIONSHIPS,
  EMBEDDING_HISTORY,
  EMBEDDING_MODELS,
} from '../../graph/queries/read.ts';
import type { GraphStore } from './port.ts';

const universe = 'u';
const asset = (symbol: string) => ({
  id: `u|${symbol}`,
  universe,
  symbol,
  name: `${symbol} Ltd`,
  kind: 'equity',
  firstDate: '2020-01-01',
  lastDate: '2020-12-31',
});
const edge = (source: string, target: string, strength: number, validFrom: string, validTo: string) => ({
  source: `u|${source}`,
  target: `u|${target}`,
  strength,
  validFrom,
  validTo,
  layer: 'main',
  sessions: 252,
  lastDate: validFrom,
});
const EDGES = [
  edge('A', 'B', 900_000, '2020-01-01', '2020-04-01'),
  edge('A', 'C', 800_000, '2020-01-01', '2020-04-01'),
  edge('B', 'C', 1_000_000, '2020-04-01', '9999-12-31'),
];

/** What every graph store must do; run on each backing. */
export function graphStoreContract(name: string, open: () => Promise<GraphStore>): void {
  describe(`graph store: ${name}`, () => {
    let store: GraphStore;
    const count = async (text: string) => (await store.read<{ n: number }>({ text, parameters: { universe } }))[0].n;
    const load = async () => {
      await store.write({ text: MERGE_ASSETS, parameters: { rows: ['A', 'B', 'C'].map(asset) } });
      await store.write({ text: MERGE_CORRELATED, parameters: { rows: EDGES } });
    };
    const hubs = (asOf: string, limit: number) =>
      store.read({ text: HUBS_AS_OF, parameters: { universe, asOf, count: limit } });

    beforeAll(async () => {
      store = await open();
      await store.applySchema();
    });
    beforeEach(() => store.clear());
    afterAll(() => store.close());

    test('the schema may be applied again', async () => {
      await store.applySchema();
      expect(await count(COUNT_NODES)).toBe(0);
    });

    test('loading twice leaves the same graph', async () => {
      await load();
      const once = await store.read({ text: CORRELATED_HISTORY, parameters: { universe } });
      await load();
      expect(await store.read({ text: CORRELATED_HISTORY, parameters: { universe } })).toEqual(once);
      expect(once).toHaveLength(3);
      expect(once[0]).toEqual({
        layer: 'main',
        asOf: '2020-01-01',
        validTo: '2020-04-01',
        source: 'A',
        target: 'B',
        strength: 900_000,
        sessions: 252,
        lastDate: '2020-01-01',
      });
      expect([await count(COUNT_NODES), await count(COUNT_RELATIONSHIPS)]).toEqual([3, 3]);
    });

    test('hubs as of a day see only the edges that hold on that day', async () => {
      await load();
      expect(await hubs('2020-03-31', 3)).toEqual([
        { symbol: 'A', strength: 1_700_000 },
        { symbol: 'B', strength: 900_000 },
        { symbol: 'C', strength: 800_000 },
      ]);
      expect(await hubs('2020-04-01', 1)).toEqual([{ symbol: 'B', strength: 1_000_000 }]);
      expect(await hubs('2019-12-31', 1)).toEqual([]);
    });

    test('bucket membership is closed at validTo', async () => {
      await store.write({ text: MERGE_ASSETS, parameters: { rows: [asset('A')] } });
      await store.write({
        text: mergeNamed('LiquidityBucket'),
        parameters: { rows: [{ id: 'u|illiquid', universe, name: 'illiquid' }] },
      });
      const row = { from: 'u|A', to: 'u|illiquid', validFrom: '2020-01-01', validTo: '2020-04-01' };
      await store.write({ text: LINKS.bucket.merge, parameters: { rows: [row] } });
      const members = (asOf: string) =>
        store.read({ text: BUCKET_MEMBERS_AS_OF, parameters: { universe, bucket: 'illiquid', asOf } });
      expect(await members('2020-03-31')).toEqual([{ symbol: 'A' }]);
      expect(await members('2020-04-01')).toEqual([]);
    });

    test('vectors come back exactly, whole numbers beside fractions', async () => {
      await store.write({ text: MERGE_ASSETS, parameters: { rows: ['A', 'B', 'C'].map(asset) } });
      const vectors: Record<string, number[]> = { A: [0.5, 1], B: [1, -2], C: [Math.fround(0.1), 3e-39] };
      const rows = Object.entries(vectors).map(([symbol, vector]) => ({
        id: `u|2020-01-01|${symbol}`,
        asset: `u|${symbol}`,
        universe,
        symbol,
        asOf: '2020-01-01',
        model: 'm',
        vector,
      }));
      await store.write({ text: MERGE_EMBEDDINGS, parameters: { rows } });
      const back = await store.read<{ symbol: string; vector: number[] }>({
        text: EMBEDDING_HISTORY,
        parameters: { universe },
      });
      expect(Object.fromEntries(back.map(({ symbol, vector }) => [symbol, [...vector]]))).toEqual(vectors);
    });

    test('a vector whose asset was deleted is not counted, and is whole again when it is written once more', async () => {
      const assets = { text: MERGE_ASSETS, parameters: { rows: [asset('A')] } };
      const row = {
        id: 'u|d|A',
        asset: 'u|A',
        universe,
        symbol: 'A',
        asOf: '2020-01-01',
        model: 'm',
        vector: [0.5, 2],
      };
      const vectors = { text: MERGE_EMBEDDINGS, parameters: { rows: [row] } };
      const counted = () => store.read({ text: EMBEDDING_MODELS, parameters: { universe } });
      await store.write(assets);
      await store.write(vectors);
      expect(await counted()).toEqual([{ model: 'm', vectors: 1 }]);
      await store.write({ text: deleteOthers('Asset'), parameters: { universe, keep: ['u|B'] } });
      await store.write(assets);
      expect(await counted()).toEqual([]);
      await store.write(vectors);
      expect(await store.read({ text: EMBEDDING_HISTORY, parameters: { universe } })).toHaveLength(1);
    });

    test('an empty list of rows writes nothing', async () => {
      await store.write({ text: MERGE_ASSETS, parameters: { rows: [] } });
      expect(await count(COUNT_NODES)).toBe(0);
    });

    test('a statement that the engine refuses is a typed error with the statement', async () => {
      await expect(store.read({ text: 'MATCH (a:Asset RETURN a' })).rejects.toMatchObject({
        code: 'GRAPH_QUERY',
        facts: { statement: 'MATCH (a:Asset RETURN a' },
      });
      expect(await count(COUNT_NODES)).toBe(0);
    });

    test('clear empties the graph', async () => {
      await load();
      await store.clear();
      expect([await count(COUNT_NODES), await count(COUNT_RELATIONSHIPS)]).toEqual([0, 0]);
    });
  });
}
