import { z } from 'zod';
import { getArtifactFile, getManifest, type ObjectStore, putArtifact } from '../../adapters/object-store/port.ts';
import { readTable, writeTable } from '../../adapters/parquet/parquet.ts';
import { embeddingAlgorithmSchema } from '../../config/schema.ts';
import type { EmbeddingHistory } from '../../domain/features/embedding-history.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import type { SnapshotVectors } from '../../graph/embeddings/align.ts';

/** File of an embeddings artifact: asOf, symbol, v0, v1 ... (float32), ascending by asOf, symbol. */
export const EMBEDDINGS_FILE = 'embeddings.parquet';

export const embeddingsFactsSchema = z.object({
  universe: z.string(),
  date: z.iso.date(),
  algorithm: embeddingAlgorithmSchema,
  /** Options and seed. */
  options: z.record(z.string(), z.number()),
  dimensions: z.number().int().positive(),
  snapshots: z.number().int().nonnegative(),
  vectors: z.number().int().nonnegative(),
});
export type EmbeddingsFacts = z.infer<typeof embeddingsFactsSchema>;

export async function writeEmbeddings(
  store: ObjectStore,
  strategy: string,
  graph: ArtifactRef,
  snapshots: readonly SnapshotVectors[],
  facts: EmbeddingsFacts,
): Promise<ArtifactRef> {
  const { dimensions } = facts;
  const component = (d: number): Float32Array => {
    const column = new Float32Array(facts.vectors);
    let row = 0;
    for (const { symbols, vectors } of snapshots)
      for (let a = 0; a < symbols.length; a++) column[row++] = vectors[a * dimensions + d];
    return column;
  };
  const columns = {
    asOf: { type: 'STRING' as const, data: snapshots.flatMap(({ asOf, symbols }) => symbols.map(() => asOf)) },
    symbol: { type: 'STRING' as const, data: snapshots.flatMap(({ symbols }) => symbols) },
    ...Object.fromEntries(
      Array.from({ length: dimensions }, (_, d) => [`v${d}`, { type: 'FLOAT' as const, data: component(d) }]),
    ),
  };
  return putArtifact(store, strategy, {
    kind: 'embeddings',
    files: { [EMBEDDINGS_FILE]: writeTable(columns) },
    inputs: { graph },
    facts,
  });
}

/** The embeddings as the features read them, hash-checked. Assets that a snapshot does not have are rows of NaN. */
export async function loadEmbeddings(
  store: ObjectStore,
  strategy: string,
  ref: ArtifactRef,
): Promise<EmbeddingHistory> {
  const { dimensions } = embeddingsFactsSchema.parse((await getManifest(store, strategy, ref)).facts);
  const table = await readTable(await getArtifactFile(store, strategy, ref, EMBEDDINGS_FILE));
  const [asOf, symbol] = [table.asOf as string[], table.symbol as string[]];
  const dates = [...new Set(asOf)].sort();
  const symbols = [...new Set(symbol)].sort();
  const dateIndex = new Map(dates.map((date, i) => [date, i]));
  const symbolIndex = new Map(symbols.map((name, i) => [name, i]));
  const vectors = new Float32Array(dates.length * symbols.length * dimensions).fill(Number.NaN);
  for (let d = 0; d < dimensions; d++) {
    const component = table[`v${d}`] as Float32Array;
    for (let row = 0; row < asOf.length; row++) {
      const place = dateIndex.get(asOf[row])! * symbols.length + symbolIndex.get(symbol[row])!;
      vectors[place * dimensions + d] = component[row];
    }
  }
  return { dates, symbols, dimensions, vectors };
}
