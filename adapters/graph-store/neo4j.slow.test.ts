import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import neo4j from 'neo4j-driver';
import { Fence } from '../../graph/etl/fence.ts';
import { readAssetGraph } from '../../graph/etl/read-back.ts';
import { syncGraph } from '../../graph/etl/sync.ts';
import { BEGIN_LOAD, MERGE_ASSETS } from '../../graph/queries/load.ts';
import { assetGraphContract, FIRST, graphOf, SECOND, THIRD, WINDOW } from './asset-graph.contract.ts';
import { graphStoreContract } from './graph-store.contract.ts';
import { createNeo4jGraphStore } from './neo4j.ts';
import { missingForNeo4j, type Neo4jServer, startNeo4j } from './neo4j-server.ts';
import type { GraphStore } from './port.ts';

const missing = await missingForNeo4j();
if (missing) process.stderr.write(`skipped: graph store on Neo4j (${missing})\n`);

(missing ? describe.skip : describe)('Neo4j server', () => {
  let server: Neo4jServer;
  beforeAll(async () => {
    server = await startNeo4j();
  }, 300_000);
  afterAll(() => server?.stop());
  const open = async () => createNeo4jGraphStore({ url: server.url, user: '', password: '' });

  graphStoreContract('neo4j', open);
  assetGraphContract('neo4j', open);

  test('an id is unique by constraint, and one transaction is all or nothing', async () => {
    const store = await open();
    const asset = {
      universe: 'u',
      symbol: 'A',
      name: 'A',
      kind: 'etf',
      firstDate: '2020-01-01',
      lastDate: '2020-01-02',
    };
    await store.write({ text: MERGE_ASSETS, parameters: { rows: [{ id: 'u|A', ...asset }] } });
    const twice = { text: 'CREATE (:Asset {id: "u|B"}) CREATE (:Asset {id: "u|A"})' };
    await expect(store.write(twice)).rejects.toMatchObject({
      code: 'GRAPH_QUERY',
      facts: { engine: 'neo4j', code: 'Neo.ClientError.Schema.ConstraintValidationFailed' },
    });
    expect(await store.read({ text: 'MATCH (a:Asset) WHERE a.id = "u|B" RETURN a.id AS id' })).toEqual([]);
    await store.close();
  });

  /** Does something before the n-th write of a load. */
  const loadWith = (store: GraphStore, n: number, then: () => Promise<void>) => {
    let writes = 0;
    const write: GraphStore['write'] = async (statement) => {
      if (++writes === n) await then();
      await store.write(statement);
    };
    return syncGraph({ read: (statement) => store.read(statement), write }, graphOf([FIRST, SECOND, THIRD]), WINDOW);
  };

  test('a connection that breaks in the middle of a load: the next load ends in the same graph', async () => {
    for (const n of [4, 12, 20]) {
      const store = await open();
      await syncGraph(store, graphOf([FIRST, SECOND]), WINDOW);
      await expect(loadWith(store, n, () => store.close())).rejects.toMatchObject({ code: 'GRAPH_QUERY' });
      const again = await open();
      await syncGraph(again, graphOf([FIRST, SECOND, THIRD]), WINDOW);
      expect(await readAssetGraph(again, 'one', WINDOW)).toEqual(graphOf([FIRST, SECOND, THIRD]));
      await again.close();
    }
  });

  test('a server that is killed in the middle of a load: the load says so, and on a new server ends in the same graph', async () => {
    const doomed = await startNeo4j();
    const store = createNeo4jGraphStore({ url: doomed.url, user: '', password: '' });
    await store.applySchema();
    await expect(loadWith(store, 12, () => doomed.kill())).rejects.toMatchObject({
      code: 'GRAPH_QUERY',
      facts: { engine: 'neo4j' },
      remedy: expect.stringContaining('reachable'),
    });
    await store.close();
    const next = await open();
    await next.clear();
    await syncGraph(next, graphOf([FIRST, SECOND, THIRD]), WINDOW);
    expect(await readAssetGraph(next, 'one', WINDOW)).toEqual(graphOf([FIRST, SECOND, THIRD]));
    await next.close();
  });

  test('a statement that waits while another load begins writes nothing', async () => {
    const store = await open();
    const early = new Fence(store, 'race');
    await early.begin();
    const driver = neo4j.driver(server.url);
    const session = driver.session();
    const beginning = session.beginTransaction();
    await beginning.run(BEGIN_LOAD, { universe: 'race', token: 'later' });
    const asset = { universe: 'race', symbol: 'A', name: 'A', kind: 'etf', firstDate: '', lastDate: '' };
    const waiting = early.write({ text: MERGE_ASSETS, parameters: { rows: [{ id: 'race|A', ...asset }] } });
    const blocked = `SHOW TRANSACTIONS YIELD status WHERE status STARTS WITH 'Blocked' RETURN status`;
    while ((await store.read({ text: blocked })).length === 0) await setTimeout(20);
    await beginning.commit();
    await waiting;
    expect(await store.read({ text: "MATCH (a:Asset {id: 'race|A'}) RETURN a.id AS id" })).toEqual([]);
    await Promise.all([session.close(), driver.close(), store.close()]);
  });

  test('a database that is shared: emptying leaves what is not ours, and a newer graph gets no constraint', async () => {
    const store = await open();
    await store.write({
      text: "CREATE (:Film {title: 'Metropolis'}), (:Category {id: 'one|group|x', universe: 'one'})",
    });
    await store.write({ text: "MERGE (v:SchemaVersion {id: 'graph'}) SET v.version = 2" });
    await store.applySchema();
    expect(await store.read({ text: 'MATCH (n:Film) RETURN n.title AS title' })).toEqual([{ title: 'Metropolis' }]);
    expect(await store.read({ text: 'MATCH (n:Category) RETURN n.id AS id' })).toEqual([]);
    await store.write({ text: "MERGE (v:SchemaVersion {id: 'graph'}) SET v.version = 99" });
    await store.write({ text: 'DROP CONSTRAINT sector_id' });
    await expect(store.applySchema()).rejects.toMatchObject({ code: 'GRAPH_SCHEMA_NEWER' });
    const names = await store.read<{ name: string }>({ text: 'SHOW CONSTRAINTS YIELD name RETURN name' });
    expect(names.map(({ name }) => name)).not.toContain('sector_id');
    await store.write({ text: "MERGE (v:SchemaVersion {id: 'graph'}) SET v.version = 2" });
    await store.applySchema();
    await store.close();
  });

  test('a server that is not there is a typed error', async () => {
    const store = createNeo4jGraphStore({ url: 'bolt://127.0.0.1:1', user: 'neo4j', password: 'wrong' });
    await expect(store.read({ text: 'RETURN 1 AS x' })).rejects.toMatchObject({ code: 'GRAPH_QUERY' });
    await store.close();
  });
});
