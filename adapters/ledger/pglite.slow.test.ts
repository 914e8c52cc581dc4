import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createPgliteLedger } from './pglite.ts';
import { CREATE_SCHEMA_TABLE, CREATE_TABLES, SCHEMA_VERSION } from './sql.ts';

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
    facts: { ledgerVersion: 99, programVersion: SCHEMA_VERSION },
    remedy: expect.stringContaining('newer program'),
  });
});

test('a ledger of version 1 is brought to the present version: its settlements stay, and take attempts', async () => {
  const path = join(folder, 'version-1');
  const lite = await PGlite.create(path);
  await lite.query(CREATE_SCHEMA_TABLE);
  await lite.query('INSERT INTO ledger_schema (version) VALUES (1)');
  for (const text of CREATE_TABLES) if (!text.includes('settlement_attempt')) await lite.query(text);
  await lite.query(`INSERT INTO settlement VALUES ('main', 'h1', 1, '0xA', 1, 0, '0x1', '0xraw', '{}')`);
  await lite.close();

  const ledger = await createPgliteLedger(path);
  expect(await ledger.settlement('main', 'h1')).toMatchObject({ transaction: '0x1', status: 'signed' });
  expect(await ledger.attempts('main', 'h1')).toEqual([]);
  const fees = { gasLimit: '1', maxFeePerGasWei: '1', maxPriorityFeePerGasWei: '1', signedAt: 1 };
  const bytes = { transaction: '0x1', raw: '0xraw', rebalance: '{}', nonce: 0 };
  await ledger.recordAttempt({ strategy: 'main', decisionHash: 'h1', attempt: 1, ...bytes, ...fees });
  await ledger.migrate();
  expect(await ledger.attempts('main', 'h1')).toHaveLength(1);
  await ledger.close();

  const again = await PGlite.create(path);
  const { rows } = await again.query('SELECT version FROM ledger_schema ORDER BY version');
  expect(rows).toEqual([{ version: 1 }, { version: SCHEMA_VERSION }]);
  await again.close();
});
