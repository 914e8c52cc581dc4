import { fileURLToPath } from 'node:url';
import { createNeo4jGraphStore } from '../../adapters/graph-store/neo4j.ts';
import { missingForNeo4j, startNeo4j } from '../../adapters/graph-store/neo4j-server.ts';
import type { GraphStore } from '../../adapters/graph-store/port.ts';
import { writeRows } from '../../graph/etl/write-rows.ts';
import { microF1 } from '../node2vec/classify.ts';
import type { LabelledGraph } from '../node2vec/ppi.ts';
import { printFigure } from '../report.ts';

const POM = fileURLToPath(new URL('./neo4j-gds/pom.xml', import.meta.url));
const SEEDS = [1, 2, 3];

interface WalkedOptions {
  dimensions: number;
  walks: number;
  walkLength: number;
  window: number;
  epochs: number;
  negatives: number;
}

/**
 * The Graph Data Science library's own node2vec on the same graph, judged by the same classifier. Its seconds are those that it says it
 * computed: neither loading nor projecting the graph, nor streaming the vectors, is timed.
 */
export async function runGdsPeer(
  ppi: LabelledGraph,
  options: WalkedOptions,
  ours: { seconds: number; microF1: number },
): Promise<void> {
  const missing = await missingForNeo4j(POM);
  if (missing) {
    process.stderr.write(`skipped: Neo4j GDS (${missing})\n`);
    return;
  }
  const server = await startNeo4j(POM);
  const store = createNeo4jGraphStore({ url: server.url, user: '', password: '' });
  const [seconds, scores]: [number[], number[]] = [[], []];
  let version = '';
  try {
    await project(store, ppi);
    version = (await store.read<{ version: string }>({ text: 'RETURN gds.version() AS version' }))[0].version;
    await embed(store, ppi, { ...options, walks: 1, walkLength: 5 }, 0);
    for (const seed of SEEDS) {
      const { vectors, computed } = await embed(store, ppi, options, seed);
      seconds.push(computed);
      scores.push(microF1(vectors, ppi.labels, seed));
    }
  } finally {
    await store.close();
    await server.stop();
  }
  const peer = `Neo4j GDS ${version}`;
  const median = [...seconds].sort((a, b) => a - b)[Math.floor(seconds.length / 2)];
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  printFigure('node2vec', 'compute_s_concurrency_2', 's', seconds, { peer, ratio: median / ours.seconds });
  printFigure('node2vec', 'micro_f1', 'F1', scores, { peer, ratio: ours.microF1 / mean });
}

async function project(store: GraphStore, { graph, names }: LabelledGraph): Promise<void> {
  await store.write({ text: 'CREATE CONSTRAINT FOR (p:Protein) REQUIRE p.at IS UNIQUE' });
  await writeRows(
    store,
    'UNWIND $rows AS row CREATE (:Protein {at: row.at})',
    names.map((_, at) => ({ at })),
  );
  const edges = names.flatMap((_, a) =>
    [...graph.targets.subarray(graph.offsets[a], graph.offsets[a + 1])].filter((b) => b >= a).map((b) => ({ a, b })),
  );
  await writeRows(
    store,
    'UNWIND $rows AS row MATCH (a:Protein {at: row.a}) MATCH (b:Protein {at: row.b}) CREATE (a)-[:BINDS]->(b)',
    edges,
  );
  await store.write({ text: "CALL gds.graph.project('ppi', 'Protein', {BINDS: {orientation: 'UNDIRECTED'}})" });
}

async function embed(store: GraphStore, { names }: LabelledGraph, options: WalkedOptions, seed: number) {
  const { dimensions } = options;
  const [{ millis }] = await store.read<{ millis: number }>({
    text: `CALL gds.node2vec.mutate('ppi', {mutateProperty: $property, embeddingDimension: $dimensions, walksPerNode: $walks,
  walkLength: $walkLength, windowSize: $window, iterations: $epochs, negativeSamplingRate: $negatives, concurrency: 2, randomSeed: $seed})
YIELD computeMillis RETURN computeMillis AS millis`,
    parameters: { ...options, property: `seed${seed}`, seed },
  });
  const rows = await store.read<{ at: number; vector: number[] }>({
    text: `CALL gds.graph.nodeProperty.stream('ppi', $property) YIELD nodeId, propertyValue
RETURN gds.util.asNode(nodeId).at AS at, propertyValue AS vector`,
    parameters: { property: `seed${seed}` },
  });
  const vectors = new Float32Array(names.length * dimensions);
  for (const { at, vector } of rows) vectors.set(vector, at * dimensions);
  return { vectors, computed: millis / 1000 };
}
