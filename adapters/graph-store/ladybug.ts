import ladybug, { type Connection, type Database, type LbugValue, type PreparedStatement } from '@ladybugdb/core';
import { ProductError } from '../../domain/errors.ts';
import { LADYBUG_SCHEMA } from '../../graph/schema/ladybug.ts';
import { applyVersionedSchema } from '../../graph/schema/version.ts';
import type { CypherStatement, GraphStore } from './port.ts';

const BUFFER_BYTES = 1024 ** 3;
const MAX_DATABASE_BYTES = 16 * 1024 ** 3;

/** The embedded Cypher engine. In memory unless a path is given: the graph is derived data and can be loaded again. */
export class LadybugGraphStore implements GraphStore {
  readonly #database: Database;
  readonly #connection: Connection;
  readonly #prepared = new Map<string, PreparedStatement>();
  /** One connection runs one statement at a time. */
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(path = ':memory:') {
    this.#database = new ladybug.Database(path, BUFFER_BYTES, true, false, MAX_DATABASE_BYTES);
    this.#connection = new ladybug.Connection(this.#database);
  }

  async applySchema(): Promise<void> {
    await applyVersionedSchema(this, LADYBUG_SCHEMA);
  }

  async write({ text, parameters = {} }: CypherStatement): Promise<void> {
    const lists = Object.entries(parameters).filter(([, value]) => isRowList(value, text));
    if (lists.some(([, rows]) => (rows as unknown[]).length === 0)) return;
    if (lists.length !== 1) {
      await this.#run(text, parameters);
      return;
    }
    const [name, rows] = lists[0] as [string, Record<string, unknown>[]];
    for (const group of groupBySignature(rows)) await this.#run(text, { ...parameters, [name]: group });
  }

  read<T extends Record<string, unknown>>({ text, parameters = {} }: CypherStatement): Promise<T[]> {
    return this.#run(text, parameters) as Promise<T[]>;
  }

  async clear(): Promise<void> {
    const tables = await this.#run('CALL show_tables() RETURN name, type', {});
    // what was prepared speaks of tables that are no more
    this.#prepared.clear();
    for (const kind of ['REL', 'NODE'])
      for (const { name, type } of tables) if (type === kind) await this.#run(`DROP TABLE ${name}`, {});
    for (const text of LADYBUG_SCHEMA) await this.#run(text, {});
  }

  /** Waits for what is running, then frees the native handles in the order that the engine needs. May be called again. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#queue.catch(() => undefined);
    this.#prepared.clear();
    await this.#connection.close();
    await this.#database.close();
  }

  #run(text: string, parameters: Record<string, unknown>): Promise<Record<string, unknown>[]> {
    const next = this.#queue.catch(() => undefined).then(() => this.#execute(text, parameters));
    this.#queue = next;
    return next;
  }

  async #execute(text: string, parameters: Record<string, unknown>): Promise<Record<string, unknown>[]> {
    try {
      let prepared = this.#prepared.get(text);
      if (!prepared) {
        prepared = await this.#connection.prepare(text);
        if (!prepared.isSuccess()) throw new Error(prepared.getErrorMessage());
        this.#prepared.set(text, prepared);
      }
      const result = await this.#connection.execute(prepared, parameters as Record<string, LbugValue>);
      const last = Array.isArray(result) ? result[result.length - 1] : result;
      const rows = await last.getAll();
      last.close();
      return rows.map(plainRow);
    } catch (cause) {
      throw new ProductError('GRAPH_QUERY', 'The graph engine refused a statement', {
        facts: { engine: 'ladybug', problem: (cause as Error).message, statement: text },
        cause,
      });
    }
  }
}

const isRowList = (value: unknown, text: string): boolean =>
  Array.isArray(value) &&
  (value.length === 0
    ? /^\s*UNWIND\s+\$rows\b/i.test(text)
    : typeof value[0] === 'object' && value[0] !== null && !Array.isArray(value[0]));

/**
 * The engine types a list of rows by its values and refuses a column in which 1 stands beside 0.5 or 2^53. Rows of the same types are
 * sent together; every value goes as it is.
 */
function groupBySignature(rows: Record<string, unknown>[]): Record<string, unknown>[][] {
  const groups = new Map<string, Record<string, unknown>[]>();
  for (const row of rows) {
    const signature = Object.values(row).map(typeName).join();
    const group = groups.get(signature);
    if (group) group.push(row);
    else groups.set(signature, [row]);
  }
  return [...groups.values()];
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return `[${value.every((item) => Number.isSafeInteger(item)) ? 'i' : 'f'}]`;
  return typeof value === 'number' ? (Number.isSafeInteger(value) ? 'i' : 'f') : typeof value;
}

function plainRow(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plainValue(value)]));
}

function plainValue(value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${value} is beyond the integers that a number holds`);
  return number;
}
