import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { getManifest } from '../../adapters/object-store/port.ts';
import { ProductError } from '../../domain/errors.ts';
import { hashOf } from '../../domain/lineage/canonical.ts';
import { artifactRefSchema } from '../../domain/lineage/manifest.ts';
import {
  type EmbeddingOptions,
  embedSnapshot,
  type SnapshotEmbedding,
  type SnapshotVectors,
} from '../../graph/embeddings/embed-snapshot.ts';
import { type FirstSymbols, underFirstSymbols } from '../../graph/embeddings/first-symbols.ts';
import { embedNewcomers } from '../../graph/embeddings/newcomers.ts';
import { relationsOf } from '../../graph/embeddings/snapshot-graph.ts';
import { validToOf } from '../../graph/etl/asset-graph.ts';
import { whileLoaded, writeRows } from '../../graph/etl/sync.ts';
import { DELETE_EMBEDDINGS, MERGE_EMBEDDINGS } from '../../graph/queries/load.ts';
import { EMBEDDING_HISTORY, EMBEDDING_MODELS } from '../../graph/queries/read.ts';
import type { CypherRunner } from '../../graph/queries/statement.ts';
import { loadInstruments } from '../artifacts/dataset.ts';
import { writeEmbeddings } from '../artifacts/embeddings.ts';
import { loadGraph } from '../artifacts/graph.ts';
import { runSchema } from '../contracts.ts';
import { defineStage } from '../middleware/stage.ts';
import type { Progress } from '../ports.ts';

const input = runSchema.extend({ graph: z.object({ graph: artifactRefSchema }) });

/** Vectors as of a day, and the name of all that they were computed from, earlier snapshots included. */
interface ModelVectors extends SnapshotVectors {
  model: string;
}

/**
 * One vector per asset and snapshot, into Parquet and back into the graph; of GraphSAGE also of assets that were listed since. The graph store may be empty (it is derived data, and on one
 * machine lives as long as the process): the snapshots are loaded again then.
 */
export const embeddingsStage = defineStage({
  name: 'embeddings',
  input,
  needs: ['settings', 'store', 'graph', 'progress'],
  isFinal: () => true,
  async run({ strategy, universe, date, graph: from }, { store, graph: runner, settings, progress }) {
    const { graph, facts } = await loadGraph(store, strategy, from.graph);
    const { algorithm, ...options } = settings.profile.embeddings;
    const { dataset } = (await getManifest(store, strategy, from.graph)).inputs;
    const lasting = underFirstSymbols(graph, await loadInstruments(store, strategy, dataset));
    const snapshots = await embedAll(lasting, date, settings.profile.embeddings, progress);
    await runner.applySchema();
    await whileLoaded(runner, graph, facts.windowDays, async (_, loading) => {
      await writeBack(loading, universe, snapshots, options.dimensions);
      await checkReadBack(loading, universe, snapshots, options.dimensions);
    });
    const vectors = snapshots.reduce((sum, { symbols }) => sum + symbols.length, 0);
    const embeddings = await writeEmbeddings(store, strategy, from.graph, snapshots, {
      universe,
      date,
      algorithm,
      options,
      dimensions: options.dimensions,
      snapshots: snapshots.length,
      vectors,
    });
    return { embeddings, vectors, dimensions: options.dimensions };
  },
});

/** Raised when the same snapshots give other vectors: those that a graph store holds are then written anew. */
const VERSION = 2;

/** A day adds at most one snapshot: a process that runs many days computes each snapshot once. */
const computed = new Map<string, SnapshotEmbedding>();
const MAX_REMEMBERED = 256;

/** Every snapshot goes on from the one before; its model names that one's, itself and the relations of its day. */
async function embedAll(
  { graph, renamed, present }: FirstSymbols,
  date: string,
  options: EmbeddingOptions,
  progress: Progress,
): Promise<ModelVectors[]> {
  const known = { ...graph, assets: graph.assets.filter(({ firstDate }) => firstDate <= date) };
  const { snapshots } = graph;
  const all: ModelVectors[] = [];
  let previous: SnapshotEmbedding | null = null;
  let model = hashOf({ version: VERSION, options, renamed });
  for (const [i, snapshot] of snapshots.entries()) {
    model = hashOf({ before: model, snapshot, relations: relationsOf(graph, snapshot) });
    const vectors: SnapshotEmbedding =
      computed.get(model) ?? (await embedSnapshot(graph, snapshot, options, previous, availableParallelism()));
    if (computed.size >= MAX_REMEMBERED) computed.clear();
    computed.set(model, vectors);
    all.push({ ...present(vectors), model });
    for (const since of embedNewcomers(known, snapshot, vectors, validToOf(snapshots, i)))
      all.push({ ...present(since), model: hashOf({ model, since: since.asOf, vectors: [...since.vectors] }) });
    previous = vectors;
    progress({ step: i + 1, total: snapshots.length, unit: 'snapshot', message: snapshot.asOf });
  }
  return all;
}

async function writeBack(
  runner: CypherRunner,
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
  runner: CypherRunner,
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
