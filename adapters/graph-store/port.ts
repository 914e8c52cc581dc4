/** One Cypher statement with its parameters. Plain JSON values; lists of row objects for UNWIND. */
export interface CypherStatement {
  text: string;
  parameters?: Record<string, unknown>;
}

/** A property graph that speaks the Cypher subset both Neo4j 5 and Ladybug run (docs/decisions has the list). */
export interface GraphStore {
  /**
   * Create constraints (Neo4j) or node and relationship tables (Ladybug). Idempotent. A graph of an older schema is emptied.
   * @throws ProductError GRAPH_SCHEMA_NEWER (refused): nothing is changed.
   */
  applySchema(): Promise<void>;
  write(statement: CypherStatement): Promise<void>;
  /** Rows as plain objects; integers as numbers. */
  read<T extends Record<string, unknown>>(statement: CypherStatement): Promise<T[]>;
  /** Delete every node and relationship of the product, whatever its version: the graph is derived data. */
  clear(): Promise<void>;
  close(): Promise<void>;
}
