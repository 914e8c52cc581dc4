import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FilesystemObjectStore } from '../object-store/filesystem.ts';
import { ObjectStoreTracker } from './object-store.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drl-tracking-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = {
  id: 'run-1',
  experiment: 'main-fx-ecb',
  name: 'ppo w1 s0',
  params: { seed: 0, kind: 'ppo' },
  metrics: {
    'losses/approx_kl': [
      { step: 0, value: 0.01 },
      { step: 1, value: Number.NaN },
    ],
  },
  tags: { verdict: 'rejected' },
};

test('a run is one document; logging it again changes nothing; NaN is kept as text', async () => {
  const store = new FilesystemObjectStore(folder);
  const tracker = new ObjectStoreTracker(store, 'main');
  await tracker.logRun(run);
  const [key] = await store.list('main/tracking/');
  const first = await store.get(key);
  expect(key).toBe('main/tracking/main-fx-ecb/run-1.json');
  expect(JSON.parse(new TextDecoder().decode(first?.bytes))).toEqual({
    ...run,
    metrics: {
      'losses/approx_kl': [
        { step: 0, value: 0.01 },
        { step: 1, value: 'NaN' },
      ],
    },
  });
  await tracker.logRun(run);
  expect((await store.get(key))?.etag).toBe(first?.etag);
  expect(await store.list('main/tracking/')).toEqual([key]);
});

test('an experiment or id with separators stays one segment of the key', async () => {
  const store = new FilesystemObjectStore(folder);
  await new ObjectStoreTracker(store, 'main').logRun({ ...run, id: '../up', experiment: 'a/b' });
  expect(await store.list('main/tracking/a%2Fb/')).toEqual(['main/tracking/a%2Fb/%2E%2E%2Fup.json']);
});
