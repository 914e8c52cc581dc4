import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { ledgerContract } from './ledger.contract.ts';
import { createPostgresLedger } from './postgres.ts';
import { findPostgres, type PostgresServer, startPostgres } from './postgres-server.ts';

const bin = await findPostgres();
if (!bin)
  process.stderr.write('skipped: ledger on PostgreSQL (no initdb and pg_ctl found; install the postgresql package)\n');

(bin ? describe : describe.skip)('PostgreSQL server', () => {
  let server: PostgresServer;
  const databases: string[] = [];

  beforeAll(async () => {
    server = await startPostgres(bin as string);
  }, 60_000);
  afterAll(() => server?.stop());

  const freshDatabase = async (): Promise<string> => {
    const name = `ledger_${databases.length}`;
    databases.push(name);
    const client = new pg.Client({ connectionString: server.connectionString });
    await client.connect();
    await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    return server.connectionString.replace(/postgres$/, name);
  };
  const open = async (connectionString: string) => {
    const ledger = createPostgresLedger({ connectionString });
    await ledger.migrate();
    return ledger;
  };

  ledgerContract('PostgreSQL', async () => open(await freshDatabase()));

  test('sixteen programs that start at once migrate one ledger, and one of them moves the alias, a hundred times', async () => {
    const connectionString = await freshDatabase();
    const ledgers = await Promise.all(
      Array.from({ length: 16 }, () => createPostgresLedger({ connectionString, maxConnections: 2 })),
    );
    try {
      await Promise.all(ledgers.map((ledger) => ledger.migrate()));
      for (let version = 0; version < 100; version++) {
        const outcomes = await Promise.allSettled(
          ledgers.map((ledger, i) =>
            ledger.moveAlias(
              { strategy: 'main', alias: 'champion', modelHash: `m${i}`, date: '2024-01-05', reason: 'race' },
              version,
            ),
          ),
        );
        expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'LEDGER_CONFLICT' });
        }
      }
      expect((await ledgers[0].aliasHistory('main', 'champion')).map((row) => row.version)).toEqual(
        Array.from({ length: 100 }, (_, i) => i + 1),
      );
    } finally {
      await Promise.all(ledgers.map((ledger) => ledger.close()));
    }
  });

  test('sixteen settlers of one decision: one signed transaction, one nonce', async () => {
    const connectionString = await freshDatabase();
    const ledgers = await Promise.all(Array.from({ length: 16 }, () => open(connectionString)));
    const row = {
      strategy: 'main',
      chainId: 1,
      relayer: '0xA',
      rebalance: '{}',
      receipt: null,
      status: 'signed' as const,
    };
    try {
      for (let round = 0; round < 25; round++) {
        const outcomes = await Promise.allSettled(
          ledgers.map((ledger, i) =>
            ledger.recordSigned({
              ...row,
              decisionHash: `d${round}`,
              epoch: round,
              nonce: round,
              transaction: `0x${i}`,
              raw: `${i}`,
            }),
          ),
        );
        expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
      }
      expect(await ledgers[0].unsettled('main')).toHaveLength(25);
    } finally {
      await Promise.all(ledgers.map((ledger) => ledger.close()));
    }
  });
});
