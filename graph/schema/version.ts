import { refused } from '../../domain/errors.ts';
import type { CypherRunner } from '../queries/statement.ts';
import { SCHEMA_VERSION } from './schema.ts';

const READ = `MATCH (v:SchemaVersion {id: 'graph'})
RETURN v.version AS version`;

/** A graph of the first version has no version in it. */
const ANY = `MATCH (a:Asset)
WHERE a.universe IS NOT NULL
RETURN a.id AS id
LIMIT 1`;

const WRITE = `MERGE (v:SchemaVersion {id: 'graph'})
SET v.version = $version`;

/**
 * Gives a store this version's tables or constraints, the first of which is that of the version itself. A graph of an older version is
 * emptied, for it is derived data and the next load fills it.
 * @throws ProductError GRAPH_SCHEMA_NEWER (refused): nothing is changed.
 */
export async function applyVersionedSchema(
  store: CypherRunner & { clear(): Promise<void> },
  [versionTable, ...others]: readonly string[],
): Promise<void> {
  await store.write({ text: versionTable });
  const [held] = await store.read<{ version: number }>({ text: READ });
  if (held && held.version > SCHEMA_VERSION) throw newerSchema('graph store', held.version, SCHEMA_VERSION);
  if (held && held.version < SCHEMA_VERSION) await store.clear();
  for (const text of others) await store.write({ text });
  if (held?.version === SCHEMA_VERSION) return;
  if (!held && (await store.read({ text: ANY })).length > 0) await store.clear();
  await store.write({ text: WRITE, parameters: { version: SCHEMA_VERSION } });
}

export const newerSchema = (where: string, version: number, known: number) =>
  refused('GRAPH_SCHEMA_NEWER', `The ${where} holds a graph of a newer version of this product`, {
    facts: { where, version, known },
    remedy: 'Run the newer version, or give this one a graph store and a state folder of its own.',
  });
