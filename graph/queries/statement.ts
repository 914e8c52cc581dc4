/** One Cypher statement with its parameters: plain JSON values, lists of row objects for UNWIND. */
export interface Statement {
  text: string;
  parameters?: Record<string, unknown>;
}

/** What loading and reading need of a graph store; `adapters/graph-store` fulfils it. */
export interface CypherRunner {
  write(statement: Statement): Promise<void>;
  read<T extends Record<string, unknown>>(statement: Statement): Promise<T[]>;
}
