import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ledgerContract } from './ledger.contract.ts';
import { createPgliteLedger } from './pglite.ts';
import { SqlLedger } from './sql-ledger.ts';

ledgerContract('PGlite', () => createPgliteLedger(null));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drl-ledger-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a folder that cannot be opened is an error with a remedy', async () => {
  const path = join(folder, 'a-file');
  await writeFile(path, 'not a folder');
  await expect(createPgliteLedger(join(path, 'db'))).rejects.toMatchObject({ code: 'LEDGER_OPEN', kind: 'badInput' });
});

test('a commit that another transaction beat is tried again; other errors are not', async () => {
  let calls = 0;
  const waits: number[] = [];
  const failing = (code: string, times: number) =>
    new SqlLedger(
      {
        query: async () => {
          if (calls++ < times) throw Object.assign(new Error('database'), { code });
          return { rows: [] };
        },
        end: async () => undefined,
      },
      { backoff: async (attempt) => void waits.push(attempt) },
    );
  expect(await failing('40001', 3).models('main')).toEqual([]);
  expect(calls).toBe(4);
  expect(waits).toEqual([1, 2, 3]);
  calls = 0;
  await expect(failing('40001', 100).models('main')).rejects.toMatchObject({ code: '40001' });
  expect(calls).toBe(8);
  calls = 0;
  await expect(failing('42601', 100).models('main')).rejects.toMatchObject({ code: '42601' });
  expect(calls).toBe(1);
});
