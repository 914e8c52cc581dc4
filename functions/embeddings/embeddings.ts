import { z } from 'zod';
import { ProductError } from '../../domain/errors.ts';
import { hashOf } from '../../domain/lineage/canonical.ts';
import { artifactRefSchema } from '../../domain/lineage/manifest.ts';
import { embedSnapshot, type SnapshotVectors } from '../../graph/embeddings/embed-snapshot.ts';
import type { Node2vecOptions } from '../../graph/embeddings/node2vec.ts';
import type { AssetGraph } from '../../graph/etl/asset-graph.ts';
import { syncGraph, writeRows } from '../../graph/etl/sync.ts';
import { DELETE_EMBEDDINGS, MERGE_EMBEDDINGS } from '../../graph/queries/load.ts';
import { EMBEDDING_HISTORY, EMBEDDING_MODELS } from '../../graph/queries/read.ts';
import { writeEmbeddings } from '../artifacts/embeddings.ts';
import { loadGraph } from '../artifacts/graph.ts';
import { runSchema } from '../contracts.ts';
import { defineStage } from '../middleware/stage.ts';
import type { Ports, Progress } from '../ports.ts';

const input = runSchema.extend({ graph: z.object({ graph: artifactRefSchema }) });

/** Vectors of a snapshot, and the name of all that they were computed from. */
interface ModelVectors extends SnapshotVectors {
  model: string;
}

/**
 * One vector per asset and snapshot, into Parquet and back into the graph. The graph store may be empty (it is derived data, and on one
 * machine lives as long as the process): the snapshots are loaded again then.
 */
export const embeddingsStage = defineStage({
  name: 'embeddings',
  input,
  needs: ['settings', 'store', 'graph', 'progress'],
  isFinal: () => true,
  async run({ strategy, universe, date, graph: from }, { store, graph: runner, settings, progress }) {
    const { graph, facts } = await loadGraph(store, strategy, from.graph);
    const options = settings.profile.embeddings;
    const snapshots = embedAll(graph, options, progress);
    await runner.applySchema();
    await syncGraph(runner, graph, facts.windowDays);
    await writeBack(runner, universe, snapshots, options.dimensions);
    await checkReadBack(runner, universe, snapshots, options.dimensions);
    const vectors = snapshots.reduce((sum, { symbols }) => sum + symbols.length, 0);
    const embeddings = await writeEmbeddings(store, strategy, from.graph, snapshots, {
      universe,
      date,
      algorithm: 'node2vec',
      options,
      dimensions: options.dimensions,
      snapshots: snapshots.length,
      vectors,
    });
    return { embeddings, vectors, dimensions: options.dimensions };
  },
});

/** A day adds at most one snapshot: a process that runs many days computes each snapshot once. */
const computed = new Map<string, SnapshotVectors>();
const MAX_REMEMBERED = 1024;

function embedAll(graph: AssetGraph, options: Node2vecOptions, progress: Progress): ModelVectors[] {
  const { categories, suppliers, snapshots } = graph;
  const relations = hashOf({ categories, suppliers, options });
  return snapshots.map((snapshot, index) => {
    const model = hashOf({ relations, snapshot });
    const vectors = computed.get(model) ?? embedSnapshot(graph, snapshot, options);
    if (computed.size >= MAX_REMEMBERED) computed.clear();
    computed.set(model, vectors);
    progress({ step: index + 1, total: snapshots.length, unit: 'snapshot', message: snapshot.asOf });
    return { ...vectors, model };
  });
}

async function writeBack(
  runner: Ports['graph'],
  universe: string,
  snapshots: readonly ModelVectors[],
  dimensions: number,
): Promise<void> {
  const models = snapshots.map(({ model }) => model);
  await runner.write({ text: DELETE_EMBEDDINGS, parameters: { universe, models } });
  const held = await runner.read<{ model: string; vectors: number }>({
    text: EMBEDDING_MODELS,
    parameters: { universe },
  });
  const counts = new Map(held.map(({ model, vectors }) => [model, vectors]));
  const missing = snapshots.filter(({ model, symbols }) => counts.get(model) !== symbols.length);
  const rows = missing.flatMap(({ asOf, model, symbols, vectors }) =>
    symbols.map((symbol, a) => ({
      id: `${universe}|${asOf}|${symbol}`,
      asset: `${universe}|${symbol}`,
      universe,
      symbol,
      asOf,
      model,
      vector: Array.from(vectors.subarray(a * dimensions, (a + 1) * dimensions)),
    })),
  );
  await writeRows(runner, MERGE_EMBEDDINGS, rows);
}

/** Read every vector out of the graph: it must be the one that was computed, bit for bit. */
async function checkReadBack(
  runner: Ports['graph'],
  universe: string,
  snapshots: readonly SnapshotVectors[],
  dimensions: number,
): Promise<void> {
  const rows = await runner.read<{ asOf: string; symbol: string; vector: number[] }>({
    text: EMBEDDING_HISTORY,
    parameters: { universe },
  });
  const stored = new Map(rows.map(({ asOf, symbol, vector }) => [`${asOf}|${symbol}`, vector]));
  for (const { asOf, symbols, vectors } of snapshots) {
    symbols.forEach((symbol, a) => {
      const vector = stored.get(`${asOf}|${symbol}`);
      const same = vector?.length === dimensions && vector.every((x, d) => x === vectors[a * dimensions + d]);
      if (same) return;
      throw new ProductError('GRAPH_ROUND_TRIP', 'The graph store does not give back the vector that was written', {
        facts: { universe, asset: symbol, day: asOf },
        remedy: 'Clear the graph store and run the embeddings stage again: it is derived data.',
      });
    });
  }
}
