import { mkdir } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { badInput } from '../../domain/errors.ts';
import type { Row } from './rows.ts';
import { type Queryable, SqlLedger } from './sql-ledger.ts';

/**
 * The ledger on the embedded PostgreSQL. `folder` holds the database; null keeps it in memory. One process may own a folder
 * (PGlite takes no lock; the home does). There is one connection, so statements queue. PGlite is asked directly, not through its
 * face for `pg`: after a statement that fails (a key that is taken) that face loses step with the protocol.
 */
export async function createPgliteLedger(folder: string | null): Promise<SqlLedger> {
  const lite = await openPglite(folder);
  const queryable: Queryable = {
    query: async (text, values) => ({ rows: (await lite.query<Row>(text, values)).rows }),
    end: () => lite.close(),
  };
  const ledger = new SqlLedger(queryable);
  try {
    await ledger.migrate();
  } catch (error) {
    await ledger.close();
    throw error;
  }
  return ledger;
}

async function openPglite(folder: string | null): Promise<PGlite> {
  if (folder === null) return PGlite.create();
  try {
    await mkdir(folder, { recursive: true });
    return await PGlite.create(folder);
  } catch (error) {
    throw badInput('LEDGER_OPEN', 'The ledger could not be opened', {
      facts: { folder },
      remedy: 'Make the folder writable, or choose another home (--home).',
      cause: error,
    });
  }
}
