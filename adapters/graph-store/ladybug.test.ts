import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { MERGE_ASSETS } from '../../graph/queries/load.ts';
import { ASSETS } from '../../graph/queries/read.ts';
import { assetGraphContract } from './asset-graph.contract.ts';
import { graphStoreContract } from './graph-store.contract.ts';
import { LadybugGraphStore } from './ladybug.ts';

graphStoreContract('ladybug in memory', async () => new LadybugGraphStore());
assetGraphContract('ladybug in memory', async () => new LadybugGraphStore());

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
