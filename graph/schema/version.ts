import { refused } from '../../domain/errors.ts';
import type { CypherRunner } from '../queries/statement.ts';
import { SCHEMA_VERSION } from './schema.ts';

const READ = `MATCH (v:SchemaVersion {id: 'graph'})
RETURN v.version AS version`;

const ANY = `MATCH (a:Asset)
RETURN a.id AS id
LIMIT 1`;

const WRITE = `MERGE (v:SchemaVersion {id: 'graph'})
SET v.version = $version`;

/**
 * Holds a store to the version of this product. A graph of an older one is emptied, for it is derived data and the next load fills it.
 * @throws ProductError GRAPH_SCHEMA_NEWER (refused): nothing is read or written.
 */
export async function claimSchemaVersion(store: CypherRunner & { clear(): Promise<void> }): Promise<void> {
  const [row] = await store.read<{ version: number }>({ text: READ });
  if (row && row.version > SCHEMA_VERSION) throw newerSchema('graph store', row.version);
  if (row?.version === SCHEMA_VERSION) return;
  if (row || (await store.read({ text: ANY })).length > 0) await store.clear();
  await store.write({ text: WRITE, parameters: { version: SCHEMA_VERSION } });
}

export const newerSchema = (where: string, version: number) =>
  refused('GRAPH_SCHEMA_NEWER', `The ${where} holds a graph of a newer version of this product`, {
    facts: { where, version, known: SCHEMA_VERSION },
    remedy: 'Run the newer version, or give this one a graph store and a state folder of its own.',
  });
