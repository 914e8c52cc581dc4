import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readAssetGraph } from '../../graph/etl/read-back.ts';
import { syncGraph } from '../../graph/etl/sync.ts';
import { MERGE_ASSETS } from '../../graph/queries/load.ts';
import { ASSETS } from '../../graph/queries/read.ts';
import { assetGraphContract, FIRST, graphOf, WINDOW } from './asset-graph.contract.ts';
import { graphStoreContract } from './graph-store.contract.ts';
import { LadybugGraphStore } from './ladybug.ts';

graphStoreContract('ladybug in memory', async () => new LadybugGraphStore());
assetGraphContract('ladybug in memory', async () => new LadybugGraphStore());

test('tables on disk of an older version give way to those of this one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'graph-'));
  const store = new LadybugGraphStore(join(folder, 'db'));
  for (const text of [
    'CREATE NODE TABLE SchemaVersion(id STRING, version INT64, PRIMARY KEY(id))',
    "CREATE (v:SchemaVersion {id: 'graph', version: 2})",
    'CREATE NODE TABLE Asset(id STRING, universe STRING, PRIMARY KEY(id))',
    'CREATE NODE TABLE Category(id STRING, kind STRING, PRIMARY KEY(id))',
    'CREATE REL TABLE IN_CATEGORY(FROM Asset TO Category)',
  ])
    await store.write({ text });
  await store.applySchema();
  await syncGraph(store, graphOf([FIRST]), WINDOW);
  expect(await readAssetGraph(store, 'one', WINDOW)).toEqual(graphOf([FIRST]));
  await expect(store.read({ text: 'MATCH (c:Category) RETURN c.id' })).rejects.toMatchObject({ code: 'GRAPH_QUERY' });
  await store.close();
  await rm(folder, { recursive: true });
});

test('a database on disk is read again after it was closed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'graph-'));
  const row = {
    id: 'u|A',
    universe: 'u',
    symbol: 'A',
    name: 'A',
    kind: 'etf',
    firstDate: '2020-01-01',
    lastDate: '2020-01-02',
  };
  const first = new LadybugGraphStore(join(folder, 'db'));
  await first.applySchema();
  await first.write({ text: MERGE_ASSETS, parameters: { rows: [row] } });
  await first.close();
  await first.close();
  const second = new LadybugGraphStore(join(folder, 'db'));
  const { id, universe, ...expected } = row;
  expect(await second.read({ text: ASSETS, parameters: { universe } })).toEqual([expected]);
  expect(id).toBe('u|A');
  await second.close();
  await rm(folder, { recursive: true });
});
