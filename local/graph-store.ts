import type { GraphStore } from '../adapters/graph-store/port.ts';
import { badInput } from '../domain/errors.ts';
import type { Variables } from '../functions/compose.ts';

/**
 * A Neo4j server where DRL_GRAPH_URL names one (with DRL_GRAPH_USER and DRL_GRAPH_PASSWORD, if it asks for them); else the embedded engine,
 * in memory: the graph is derived data.
 * @throws ProductError GRAPH_URL (bad input).
 */
export async function localGraphStore(variables: Variables = process.env): Promise<GraphStore> {
  const { DRL_GRAPH_URL: url, DRL_GRAPH_USER: user = '', DRL_GRAPH_PASSWORD: password = '' } = variables;
  if (!url) return new (await import('../adapters/graph-store/ladybug.ts')).LadybugGraphStore();
  const { createNeo4jGraphStore } = await import('../adapters/graph-store/neo4j.ts');
  try {
    return createNeo4jGraphStore({ url, user, password });
  } catch (cause) {
    throw badInput('GRAPH_URL', 'DRL_GRAPH_URL does not name a Neo4j server', {
      facts: { field: 'DRL_GRAPH_URL', value: url, problem: (cause as Error).message },
      remedy: 'Set it to a URL as bolt://127.0.0.1:7687 or neo4j+s://host, or unset it for the embedded engine.',
    });
  }
}
