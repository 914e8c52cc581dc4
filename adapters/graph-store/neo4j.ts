import neo4j, { type Driver } from 'neo4j-driver';
import { ProductError } from '../../domain/errors.ts';
import { NEO4J_SCHEMA } from '../../graph/schema/neo4j.ts';
import { NODES, RETIRED_LABELS } from '../../graph/schema/schema.ts';
import { applyVersionedSchema } from '../../graph/schema/version.ts';
import type { CypherStatement, GraphStore } from './port.ts';

export interface Neo4jOptions {
  /** bolt:// or neo4j+s:// URL. */
  url: string;
  /** Empty: no authentication (a server beside the task that nothing else reaches). */
  user: string;
  password: string;
  /** @default the server's default database */
  database?: string;
}

const DELETE_BATCH = 10_000;
/** How long a statement is repeated on transient errors, an unreachable server among them. */
const RETRY_MS = 10_000;

/** A Neo4j 5 server by Bolt. Statements run in managed transactions, which the driver repeats on transient errors. */
export class Neo4jGraphStore implements GraphStore {
  readonly #driver: Driver;
  readonly #database: string | undefined;

  constructor(options: Neo4jOptions) {
    const auth = options.user === '' ? undefined : neo4j.auth.basic(options.user, options.password);
    this.#driver = neo4j.driver(options.url, auth, {
      disableLosslessIntegers: true,
      maxTransactionRetryTime: RETRY_MS,
    });
    this.#database = options.database;
  }

  async applySchema(): Promise<void> {
    await applyVersionedSchema(this, NEO4J_SCHEMA);
  }

  async write(statement: CypherStatement): Promise<void> {
    await this.#run('executeWrite', statement);
  }

  read<T extends Record<string, unknown>>(statement: CypherStatement): Promise<T[]> {
    return this.#run('executeRead', statement) as Promise<T[]>;
  }

  async clear(): Promise<void> {
    const labels = [...NODES.map(({ label }) => label), ...RETIRED_LABELS].join('|');
    const text = `MATCH (n:${labels}) WITH n LIMIT $count DETACH DELETE n RETURN count(n) AS deleted`;
    for (;;) {
      const [row] = await this.#run('executeWrite', { text, parameters: { count: DELETE_BATCH } });
      if (Number(row?.deleted ?? 0) < DELETE_BATCH) return;
    }
  }

  close(): Promise<void> {
    return this.#driver.close();
  }

  async #run(
    mode: 'executeRead' | 'executeWrite',
    { text, parameters = {} }: CypherStatement,
  ): Promise<Record<string, unknown>[]> {
    const session = this.#driver.session({ database: this.#database });
    try {
      const result = await session[mode]((transaction) =>
        transaction.run(text, typed(parameters) as Record<string, unknown>),
      );
      return result.records.map((record) => record.toObject());
    } catch (cause) {
      throw new ProductError('GRAPH_QUERY', 'The graph server refused a statement', {
        facts: {
          engine: 'neo4j',
          problem: (cause as Error).message,
          code: (cause as { code?: string }).code,
          statement: text,
        },
        remedy: 'See that the server is reachable and that the credentials may write.',
        cause,
      });
    } finally {
      await session.close();
    }
  }
}

export const createNeo4jGraphStore = (options: Neo4jOptions): GraphStore => new Neo4jGraphStore(options);

/** JavaScript numbers travel as floats; whole ones are sent as integers, so that LIMIT and integer sums work. */
function typed(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? neo4j.int(value) : value;
  if (Array.isArray(value)) return value.map(typed);
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, typed(item)]));
  }
  return value;
}
