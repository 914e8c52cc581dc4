import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
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

test('what is written outlives the process, and a newer ledger is refused', async () => {
  const path = join(folder, 'db');
  const row = { strategy: 'main', alias: 'champion', modelHash: 'a', date: '2024-01-05', reason: 'first' };
  const ledger = await createPgliteLedger(path);
  await ledger.moveAlias(row, 0);
  await ledger.close();

  const again = await createPgliteLedger(path);
  expect(await again.alias('main', 'champion')).toEqual({ ...row, version: 1 });
  await again.close();

  const lite = await PGlite.create(path);
  await lite.query('INSERT INTO ledger_schema (version) VALUES (99)');
  await lite.close();
  await expect(createPgliteLedger(path)).rejects.toMatchObject({
    code: 'LEDGER_NEWER',
    kind: 'badInput',
    facts: { ledgerVersion: 99, programVersion: 1 },
    remedy: expect.stringContaining('newer program'),
  });
}, 30_000);

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
