import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fixturePanel } from '../../domain/features/fixture-panel.ts';
import type { AssetGraph, GraphSnapshot, SnapshotMember } from '../../graph/etl/asset-graph.ts';
import { OPEN_END, OPEN_START } from '../../graph/etl/asset-graph.ts';
import { buildAssetGraph } from '../../graph/etl/build.ts';
import { GRAPH_COLUMNS, tensorFromGraph, tensorFromStore } from '../../graph/etl/graph-tensor.ts';
import { readAssetGraph } from '../../graph/etl/read-back.ts';
import { readRiskGroups } from '../../graph/etl/risk-groups.ts';
import { syncGraph, whileLoaded } from '../../graph/etl/sync.ts';
import { BUCKET_MEMBERS_AS_OF, HUBS_AS_OF, NEIGHBOURHOOD_AS_OF } from '../../graph/queries/as-of.ts';
import { MERGE_EMBEDDINGS } from '../../graph/queries/load.ts';
import { CORRELATED_HISTORY, COUNT_NODES, EMBEDDING_MODELS, SNAPSHOTS } from '../../graph/queries/read.ts';
import { CATEGORIES, CATEGORY_KINDS } from '../../graph/schema/schema.ts';
import { naiveGroups, randomGraph } from './naive-groups.fixture.ts';
import type { CypherStatement, GraphStore } from './port.ts';

export const WINDOW = 252;
const SYMBOLS = ['A', 'B', 'C', 'D'];
const members = (symbols: string[]): SnapshotMember[] =>
  symbols.map((symbol, rank) => ({
    symbol,
    bucket: rank === 0 ? 'illiquid' : 'normal',
    rank,
    cluster: rank === 3 ? -1 : 0,
    community: symbols.length - rank,
    microstructure: 'tight-thin',
    pageRank: 250_000 + rank,
    betweenness: rank,
    core: 1,
  }));
const snapshot = (asOf: string, pairs: [string, string, number][], symbols = SYMBOLS): GraphSnapshot => ({
  asOf,
  regime: asOf < '2020-06' ? 'turbulent' : 'calm',
  members: members(symbols),
  edges: pairs.map(([source, target, strength]) => ({ source, target, strength })),
  layers: (['calm', 'short'] as const).flatMap((layer) =>
    pairs.map(([source, target, strength]) => {
      return { layer, source, target, strength: strength - 1, sessions: 63, lastDate: '2020-03-30' };
    }),
  ),
  macro: [{ series: 'DGS10', value: symbols.length / 4, eventDate: '2020-03-01', knownDate: '2020-03-02' }],
  exposures: [{ symbol: symbols[1], series: 'DGS10', strength: -strengthOf(asOf) }],
});
const strengthOf = (asOf: string): number => Number(asOf.slice(5, 7)) * 10_000;
export const FIRST = snapshot('2020-03-31', [
  ['A', 'B', 900_000],
  ['A', 'C', 500_000],
]);
export const SECOND = snapshot('2020-06-30', [
  ['B', 'C', 1_000_000],
  ['C', 'D', 400_000],
]);
export const THIRD = snapshot('2020-09-30', [['A', 'D', 600_000]], ['A', 'D']);

const ALWAYS = { validFrom: OPEN_START, validTo: OPEN_END, source: 'reference' };

export const graphOf = (snapshots: GraphSnapshot[], universe = 'one', symbols = SYMBOLS): AssetGraph => ({
  universe,
  assets: symbols.map((symbol) => ({
    symbol,
    name: `${symbol} Ltd`,
    kind: 'equity',
    firstDate: '2019-01-02',
    lastDate: '2020-12-31',
  })),
  categories: symbols.map((symbol) => ({ symbol, kind: 'group', name: symbol < 'C' ? 'early' : 'late', ...ALWAYS })),
  suppliers: symbols.includes('B')
    ? [{ symbol: 'A', supplier: 'B', weight: 0.25, validFrom: '2020-01-01', validTo: '2020-05-01', source: 'filings' }]
    : [],
  snapshots,
});

const vectorOf = (symbol: string) => ({
  ...{ id: `one|2020-03-31|${symbol}`, asset: `one|${symbol}`, universe: 'one', symbol },
  ...{ asOf: '2020-03-31', model: 'm', vector: [0.5, 0.25] },
});

/** A store that fails on the n-th write, as a process that is killed there. */
function killedAt(store: GraphStore, n: number): Pick<GraphStore, 'read' | 'write'> {
  let writes = 0;
  return {
    read: (statement) => store.read(statement),
    write: async (statement: CypherStatement) => {
      if (++writes === n) throw new Error('killed');
      await store.write(statement);
    },
  };
}

/** Loading, reading back and asking the asset graph; run on each backing of the graph store. */
export function assetGraphContract(name: string, open: () => Promise<GraphStore>): void {
  describe(`asset graph on ${name}`, () => {
    let store: GraphStore;
    beforeAll(async () => {
      store = await open();
      await store.applySchema();
      await store.clear();
    });
    afterAll(() => store.close());
    const back = (universe = 'one') => readAssetGraph(store, universe, WINDOW);

    test('what is read back is what was loaded', async () => {
      expect(await syncGraph(store, graphOf([FIRST, SECOND]), WINDOW)).toBe(2);
      expect(await back()).toEqual(graphOf([FIRST, SECOND]));
    });

    test('values of any size come back: whole numbers beside fractions and beyond 2^53', async () => {
      const macro = [1, 0.25, 2 ** 60, -1e300, 5e-324].map((value, k) => {
        return { series: `S${k}`, value, eventDate: '2020-03-01', knownDate: '2020-03-02' };
      });
      const graph = graphOf([{ ...FIRST, macro, exposures: [] }]);
      await syncGraph(store, graph, WINDOW);
      expect(await back()).toEqual(graph);
      await syncGraph(store, graphOf([FIRST, SECOND]), WINDOW);
    });

    test('loading again writes no snapshot; a new one closes the one before it', async () => {
      expect(await syncGraph(store, graphOf([FIRST, SECOND]), WINDOW)).toBe(0);
      expect(await syncGraph(store, graphOf([FIRST, SECOND, THIRD]), WINDOW)).toBe(1);
      expect(await back()).toEqual(graphOf([FIRST, SECOND, THIRD]));
      const parameters = { universe: 'one' };
      const heads = await store.read<{ validTo: string }>({ text: SNAPSHOTS, parameters });
      expect(heads.map(({ validTo }) => validTo)).toEqual(['2020-06-30', '2020-09-30', OPEN_END]);
      const edges = await store.read<{ layer: string; validTo: string }>({ text: CORRELATED_HISTORY, parameters });
      const ends = ['2020-06-30', '2020-06-30', '2020-09-30', '2020-09-30', OPEN_END];
      for (const layer of ['main', 'calm', 'short']) {
        expect(edges.filter((edge) => edge.layer === layer).map(({ validTo }) => validTo)).toEqual(ends);
      }
    });

    test('hubs and buckets as of a day are those of its snapshot', async () => {
      const groups = await readRiskGroups(store, await back(), { hubDecile: 0.75 });
      expect(groups.hubs).toEqual({ '2020-03-31': ['A'], '2020-06-30': ['C'], '2020-09-30': ['A'] });
      expect(groups.illiquid).toEqual({ '2020-03-31': ['A'], '2020-06-30': ['A'], '2020-09-30': ['A'] });
      expect(groups.neighbourhoods).toEqual({
        '2020-03-31': { A: ['A', 'B', 'C'] },
        '2020-06-30': { C: ['B', 'C', 'D'] },
        '2020-09-30': { A: ['A', 'D'] },
      });
      const options = { hubDecile: 0.75, hubsBy: 'pageRank', neighbourhoodHops: 2 } as const;
      expect((await readRiskGroups(store, await back(), options)).neighbourhoods).toEqual({
        '2020-03-31': { D: ['D'] },
        '2020-06-30': { D: ['B', 'C', 'D'] },
        '2020-09-30': { D: ['A', 'D'] },
      });
      // the fixture's communities are one asset each
      expect(groups.communities).toEqual({ '2020-03-31': {}, '2020-06-30': {}, '2020-09-30': {} });
      for (const [asOf, hubs] of Object.entries(groups.hubs)) {
        const parameters = { universe: 'one', asOf, count: hubs.length };
        const rows = await store.read<{ symbol: string }>({ text: HUBS_AS_OF, parameters });
        expect(rows.map(({ symbol }) => symbol)).toEqual(hubs);
        const illiquid = await store.read<{ symbol: string }>({
          text: BUCKET_MEMBERS_AS_OF,
          parameters: { universe: 'one', asOf, bucket: 'illiquid' },
        });
        expect(illiquid.map(({ symbol }) => symbol)).toEqual(groups.illiquid[asOf]);
      }
      expect(
        await store.read({
          text: NEIGHBOURHOOD_AS_OF,
          parameters: { universe: 'one', symbol: 'C', asOf: '2020-07-15' },
        }),
      ).toEqual([
        { symbol: 'B', weight: 1 },
        { symbol: 'D', weight: 0.4 },
      ]);
    });

    test.each([
      { hubDecile: 0.5, hubsBy: 'strength', neighbourhoodHops: 1 },
      { hubDecile: 0.8, hubsBy: 'pageRank', neighbourhoodHops: 2 },
      { hubDecile: 0.7, hubsBy: 'strength', neighbourhoodHops: 2 },
    ] as const)('groups of random graphs are those of a naive computation: %o', async (options) => {
      const graph = randomGraph(Math.round(100 * options.hubDecile) + options.neighbourhoodHops);
      await syncGraph(store, graph, WINDOW);
      const groups = await readRiskGroups(store, await back('random'), options);
      for (const each of graph.snapshots) {
        const naive = naiveGroups(each, options);
        expect([each.asOf, groups.hubs[each.asOf]]).toEqual([each.asOf, naive.hubs]);
        expect([each.asOf, groups.neighbourhoods[each.asOf]]).toEqual([each.asOf, naive.neighbourhoods]);
        expect([each.asOf, groups.communities[each.asOf]]).toEqual([each.asOf, naive.communities]);
      }
    });

    test('an earlier day, a revised snapshot, fewer assets: the store holds that graph and nothing else', async () => {
      const revised = snapshot('2020-03-31', [['A', 'B', 123_456]], ['A', 'B']);
      expect(await syncGraph(store, graphOf([revised], 'one', ['A', 'B']), WINDOW)).toBe(1);
      expect(await back()).toEqual(graphOf([revised], 'one', ['A', 'B']));
      const fewer = (await store.read<{ n: number }>({ text: COUNT_NODES, parameters: { universe: 'one' } }))[0].n;
      // assets, category, buckets, snapshot, cluster, communities, macro series
      expect(fewer).toBe(2 + 1 + 4 + 1 + 1 + 2 + 1);
    });

    test('sectors, industries, regions, funds and pegs are nodes of their own labels, whatever their names', async () => {
      const names = ['a|b', "O'Brien & Söhne", '', 'Sector'];
      const categories = ['A', 'B'].flatMap((symbol) =>
        [...CATEGORY_KINDS]
          .sort()
          .flatMap((kind) => names.toSorted().map((name) => ({ symbol, kind, name, ...ALWAYS }))),
      );
      const graph = { ...graphOf([FIRST]), categories };
      await syncGraph(store, graph, WINDOW);
      expect(await back()).toEqual(graph);
      for (const { label, type } of Object.values(CATEGORIES)) {
        const text = `MATCH (a:Asset)-[r:${type}]->(c:${label}) WHERE r.validFrom <= $asOf AND r.validTo > $asOf
RETURN c.name AS name, count(a) AS assets ORDER BY name`;
        expect(await store.read({ text, parameters: { asOf: '2020-04-01' } })).toEqual(
          names.toSorted().map((name) => ({ name, assets: 2 })),
        );
      }
    });

    test('a link ends and begins again on one day: as of that day the new one holds, the day before the old one', async () => {
      const [old, next] = [
        { symbol: 'A', supplier: 'B', weight: 0.25, validFrom: '2020-01-01', validTo: '2020-05-01', source: 'old' },
        { symbol: 'A', supplier: 'B', weight: 0.5, validFrom: '2020-05-01', validTo: '2020-07-01', source: 'new' },
      ];
      const graph = { ...graphOf([FIRST]), suppliers: [old, next] };
      await syncGraph(store, graph, WINDOW);
      expect(await back()).toEqual(graph);
      const text = `MATCH (a:Asset)-[r:SUPPLIED_BY]->(:Asset) WHERE r.validFrom <= $asOf AND r.validTo > $asOf
RETURN r.source AS source`;
      for (const [asOf, source] of [
        ['2019-12-31', []],
        ['2020-01-01', ['old']],
        ['2020-04-30', ['old']],
        ['2020-05-01', ['new']],
        ['2020-06-30', ['new']],
        ['2020-07-01', []],
      ])
        expect([asOf, (await store.read({ text, parameters: { asOf } })).map((row) => row.source)]).toEqual([
          asOf,
          source,
        ]);
      await syncGraph(store, { ...graph, suppliers: [{ ...old, validTo: '2020-07-01' }] }, WINDOW);
      expect((await back()).suppliers).toEqual([{ ...old, validTo: '2020-07-01' }]);
    });

    test('universes share a store and do not touch each other', async () => {
      const other = graphOf([FIRST], 'two');
      await syncGraph(store, other, WINDOW);
      await syncGraph(store, graphOf([SECOND, THIRD]), WINDOW);
      expect(await back('two')).toEqual(other);
      expect(await back('one')).toEqual(graphOf([SECOND, THIRD]));
    });

    test('killed at any write, the next load ends in the same graph', async () => {
      const before = graphOf([snapshot('2020-03-31', [['B', 'D', 700_000]]), SECOND]);
      const after = graphOf([FIRST, SECOND, THIRD]);
      let died = true;
      // the first writes mark and delete; then every fifth
      for (let n = 1; died; n += n < 6 ? 1 : 5) {
        await syncGraph(store, before, WINDOW);
        died = await syncGraph(killedAt(store, n), after, WINDOW).then(
          () => false,
          () => true,
        );
        // whichever graph the next load brings
        const next = n % 2 ? after : before;
        await syncGraph(store, next, WINDOW);
        expect(await back()).toEqual(next);
        if (!died) expect(n).toBeGreaterThan(20);
      }
    });

    test('the tensor of an episode, read day by day through Cypher, is the one of the artifact', async () => {
      const panel = fixturePanel({
        seed: 3,
        sessions: 420,
        assets: 6,
        listedFrom: { 4: 150 },
        listedUntil: { 5: 300 },
      });
      const instruments = panel.symbols.map((symbol, a) => ({
        symbol,
        name: symbol,
        kind: 'equity' as const,
        group: panel.groups[a],
        firstDate: panel.dates[0],
        lastDate: panel.dates[419],
        events: [],
        reference: {},
      }));
      const options = { universe: 'panel', windowDays: 120, threshold: 0.3, everySessions: 40, hasVolume: true };
      const graph = buildAssetGraph(panel, instruments, { ...options, assumedSpreadBps: () => 2 });
      await syncGraph(store, graph, 120);
      const days = panel.dates.filter((_, t) => t > 100 && t % 13 === 0);
      const groups = await readRiskGroups(store, graph, { hubDecile: 0.8 });
      for (const { asOf, members } of graph.snapshots) {
        const found = Map.groupBy(members, ({ community }) => String(community));
        const several = [...found].filter(([, list]) => list.length > 1);
        expect(groups.communities[asOf]).toEqual(
          Object.fromEntries(several.map(([name, list]) => [name, list.map(({ symbol }) => symbol)])),
        );
      }
      const stored = tensorFromGraph(graph, groups, days, panel.symbols);
      expect(await tensorFromStore(store, graph, days, panel.symbols, 0.8)).toEqual(stored);
      const known = stored.values.filter((x) => !Number.isNaN(x));
      expect(known.length).toBeGreaterThan(0.7 * stored.values.length);
      GRAPH_COLUMNS.forEach((name, f) => {
        const values = new Set(stored.values.filter((_, k) => k % GRAPH_COLUMNS.length === f));
        expect([name, values.size]).toEqual([name, Math.max(3, values.size)]);
      });
    });

    test('of two loads at once the later goes through, the earlier is refused and writes no more', async () => {
      await syncGraph(store, graphOf([FIRST]), WINDOW);
      for (const at of [3, 12]) {
        let writes = 0;
        let second: Promise<number> | null = null;
        const first = syncGraph(
          {
            read: (statement) => store.read(statement),
            write: async (statement) => {
              if (++writes === at) second = syncGraph(store, graphOf([SECOND, THIRD]), WINDOW);
              if (writes >= at) await second;
              await store.write(statement);
            },
          },
          graphOf([FIRST, SECOND]),
          WINDOW,
        );
        await expect(first).rejects.toMatchObject({ code: 'GRAPH_LOAD_OVERTAKEN', facts: { universe: 'one' } });
        await second;
        expect(await back()).toEqual(graphOf([SECOND, THIRD]));
        await syncGraph(store, graphOf([FIRST]), WINDOW);
      }
    });

    test('a load that is overtaken before what it loaded was read back is refused, whatever was read', async () => {
      const other = () => syncGraph(store, graphOf([SECOND]), WINDOW);
      for (const then of [other, () => other().then(() => Promise.reject(new Error('half a graph')))]) {
        const load = whileLoaded(store, graphOf([FIRST]), WINDOW, then);
        await expect(load).rejects.toMatchObject({ code: 'GRAPH_LOAD_OVERTAKEN' });
      }
      const late = whileLoaded(store, graphOf([FIRST]), WINDOW, async (_, loading) => {
        await other();
        await loading.write({ text: MERGE_EMBEDDINGS, parameters: { rows: [vectorOf('A')] } });
      });
      await expect(late).rejects.toMatchObject({ code: 'GRAPH_LOAD_OVERTAKEN' });
      expect(await store.read({ text: EMBEDDING_MODELS, parameters: { universe: 'one' } })).toEqual([]);
      const alone = whileLoaded(store, graphOf([FIRST]), WINDOW, () => Promise.reject(new Error('a fault')));
      await expect(alone).rejects.toThrow('a fault');
      expect(await whileLoaded(store, graphOf([FIRST]), WINDOW, () => back())).toEqual(graphOf([FIRST]));
    });

    test('side by side in any order, one load at least is refused or both agree, and the next makes the graph whole', async () => {
      const loads = [graphOf([FIRST, SECOND]), graphOf([SECOND, THIRD])].map((graph) =>
        syncGraph(store, graph, WINDOW),
      );
      const results = await Promise.allSettled(loads);
      expect(results.filter(({ status }) => status === 'rejected').length).toBe(1);
      await syncGraph(store, graphOf([FIRST, SECOND, THIRD]), WINDOW);
      expect(await back()).toEqual(graphOf([FIRST, SECOND, THIRD]));
    });

    test('a graph of a newer schema is refused and left alone; one of an older is emptied', async () => {
      const version = (n: number) =>
        store.write({ text: "MERGE (v:SchemaVersion {id: 'graph'}) SET v.version = $n", parameters: { n } });
      await syncGraph(store, graphOf([FIRST]), WINDOW);
      await version(99);
      await expect(store.applySchema()).rejects.toMatchObject({
        code: 'GRAPH_SCHEMA_NEWER',
        kind: 'refused',
        facts: { version: 99 },
        remedy: expect.stringContaining('newer version'),
      });
      expect(await back()).toEqual(graphOf([FIRST]));
      await version(1);
      await store.applySchema();
      expect((await back()).assets).toEqual([]);
      await store.applySchema();
    });

    test('a store that was tampered with is noticed', async () => {
      await syncGraph(store, graphOf([FIRST, SECOND]), WINDOW);
      await store.write({
        text: 'MATCH (a:Asset)-[r:CORRELATED]->(b:Asset) WHERE a.id = $id AND r.validFrom = $asOf SET r.strength = 1',
        parameters: { id: 'one|B', asOf: '2020-06-30' },
      });
      await expect(back()).rejects.toMatchObject({
        code: 'GRAPH_ROUND_TRIP',
        facts: { universe: 'one', asOf: '2020-06-30' },
      });
    });
  });
}
