import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MERGE_ASSETS } from '../../graph/queries/load.ts';
import { assetGraphContract } from './asset-graph.contract.ts';
import { graphStoreContract } from './graph-store.contract.ts';
import { createNeo4jGraphStore } from './neo4j.ts';
import { missingForNeo4j, type Neo4jServer, startNeo4j } from './neo4j-server.ts';

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

  test('a server that is not there is a typed error', async () => {
    const store = createNeo4jGraphStore({ url: 'bolt://127.0.0.1:1', user: 'neo4j', password: 'wrong' });
    await expect(store.read({ text: 'RETURN 1 AS x' })).rejects.toMatchObject({ code: 'GRAPH_QUERY' });
    await store.close();
  });
});
