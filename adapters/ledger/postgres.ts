import pg from 'pg';
import { SqlLedger } from './sql-ledger.ts';

export interface PostgresLedgerOptions {
  connectionString: string;
  /** A password, or how to get a fresh one for each connection (IAM token of Aurora DSQL). */
  password?: string | (() => string | Promise<string>);
  /** @default 4 */
  maxConnections?: number;
}

/** The ledger on a PostgreSQL server or Aurora DSQL. Call `migrate()` once before use. */
export function createPostgresLedger(options: PostgresLedgerOptions): SqlLedger {
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.maxConnections ?? 4,
    ...(options.password === undefined ? {} : { password: options.password }),
  });
  // An idle connection that the server closes is replaced at the next query; unhandled, the event would end the process.
  pool.on('error', () => undefined);
  return new SqlLedger(pool);
}
