import { expect, test } from '@jest/globals';
import { localGraphStore } from './graph-store.ts';

test('without a URL the graph is in memory; one that is no URL of a Neo4j is named; none is asked for before it is used', async () => {
  const embedded = await localGraphStore({});
  await embedded.applySchema();
  expect(await embedded.read({ text: 'MATCH (s:Sector) RETURN s.name' })).toEqual([]);
  await embedded.close();
  await expect(localGraphStore({ DRL_GRAPH_URL: 'nonsense' })).rejects.toMatchObject({
    code: 'GRAPH_URL',
    kind: 'badInput',
    facts: { field: 'DRL_GRAPH_URL', value: 'nonsense' },
  });
  const server = await localGraphStore({ DRL_GRAPH_URL: 'bolt://127.0.0.1:1', DRL_GRAPH_USER: 'neo4j' });
  await server.close();
});
