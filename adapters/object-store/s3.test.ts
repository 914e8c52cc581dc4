import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { objectStoreContract } from './object-store.contract.ts';
import { S3ObjectStore } from './s3.ts';
import { S3Server } from './s3-server.ts';

const server = new S3Server();
let store: S3ObjectStore;
let impatient: S3ObjectStore;

beforeAll(async () => {
  const endpoint = await server.start();
  const config = {
    endpoint,
    forcePathStyle: true,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  store = new S3ObjectStore('artifacts', config);
  impatient = new S3ObjectStore('artifacts', { ...config, maxAttempts: 1 });
});
afterAll(() => server.stop());

objectStoreContract('S3 protocol', async () => {
  server.objects.clear();
  return store;
});

describe('S3 when the line fails', () => {
  const bytes = new TextEncoder().encode('mine');
  beforeEach(() => {
    server.objects.clear();
    server.faults.length = 0;
  });

  test('a write that was applied but not answered is known for our own when it is sent again', async () => {
    server.faults.push('appliedThenCut');
    const { etag } = await store.put('main/p', bytes, { ifNoneMatch: '*' });
    expect(etag).toBe(server.objects.get('main/p')!.etag);
  });

  test('a write sent again after another writer won is still lost', async () => {
    server.faults.push('unavailable');
    const put = store.put('main/p', bytes, { ifNoneMatch: '*' });
    server.objects.set('main/p', { bytes: Buffer.from('theirs'), etag: '"theirs"' });
    await expect(put).rejects.toMatchObject({ code: 'OBJECT_PRECONDITION' });
  });

  test('a conflict with a write in flight is tried again', async () => {
    server.faults.push('conflict', 'conflict');
    await store.put('main/p', bytes, { ifNoneMatch: '*' });
    expect(server.objects.has('main/p')).toBe(true);
  });

  test('a conflict that does not end is a lost race', async () => {
    server.faults.push('conflict', 'conflict', 'conflict', 'conflict', 'conflict');
    await expect(store.put('main/p', bytes, { ifNoneMatch: '*' })).rejects.toMatchObject({
      code: 'OBJECT_PRECONDITION',
    });
  });

  test('a refusal that is no race keeps its own name', async () => {
    server.faults.push('unavailable');
    await expect(impatient.put('main/p', bytes)).rejects.toMatchObject({ name: 'SlowDown' });
  });
});

test.each([
  [404, 'NoSuchBucket', 'there is none'],
  [301, 'PermanentRedirect', 'it is in another region'],
  [403, 'AccessDenied', 'access is denied'],
])('a bucket that answers %i is named, and holds not "nothing"', async (status, code, problem) => {
  server.refusal = { status, code };
  const calls = [
    () => store.get('main/p'),
    () => store.put('main/p', new Uint8Array(1)),
    () => store.copy('main/p', 'main/q'),
    () => store.list('main/'),
  ];
  try {
    for (const call of calls)
      await expect(call()).rejects.toMatchObject({
        code: 'STORE_ACCESS',
        kind: 'badInput',
        message: `The bucket artifacts cannot be used: ${problem}`,
        facts: { bucket: 'artifacts', status },
      });
  } finally {
    server.refusal = null;
  }
});
