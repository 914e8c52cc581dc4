import { createHash } from 'node:crypto';
import { type MarketPanel, panelUntil } from '../market/panel.ts';
import { asOf, type PointInTimeTable } from '../market/point-in-time.ts';
import type { EmbeddingHistory } from './embedding-history.ts';
import type { FeatureInputs } from './market-view.ts';

/** Raised whenever the bits of any feature change for the same history: a tensor is never continued by another arithmetic. */
const ARITHMETIC = 4;

/**
 * SHA-256 over everything that features of the first `sessions` sessions rest on: a bar, a report, a series, an edge or a vector of theirs that is
 * changed, added or taken away changes it; what became known later does not.
 */
export function historyDigest(panel: MarketPanel, inputs: FeatureInputs, sessions: number): string {
  const hash = createHash('sha256');
  const text = (value: unknown) => hash.update(`${JSON.stringify(value)}\n`);
  const numbers = (values: Float64Array | Float32Array | Uint8Array) =>
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  const until = panelUntil(panel, sessions);
  const last = until.dates[sessions - 1];
  text([ARITHMETIC, until.dates, until.symbols, until.groups]);
  for (const field of ['close', 'returns', 'tradable', 'listed', 'volume', 'open', 'high', 'low', 'split'] as const) {
    const values = until[field];
    text([field, values?.length]);
    if (values) numbers(values);
  }
  for (const name of ['fundamentals', 'macro'] as const) {
    const table = inputs[name];
    text([name, table ? knownRows(table, last) : null]);
    if (table) numbers(asOf(table, last).value);
  }
  const { embeddings, graph } = inputs;
  text(embeddings ? [embeddings.symbols, embeddings.dimensions] : null);
  if (embeddings) numbers(vectorsUntil(embeddings, last));
  text(graph ? graph.dates.flatMap((date, i) => (date <= last ? [[date, graph.snapshots[i]]] : [])) : null);
  return hash.digest('hex');
}

function knownRows(table: PointInTimeTable, date: string) {
  const { series, symbol, eventDate, knownDate } = asOf(table, date);
  return [series.join(), symbol.join(), eventDate.join(), knownDate.join()];
}

function vectorsUntil({ dates, symbols, dimensions, vectors }: EmbeddingHistory, date: string): Float32Array {
  const snapshots = dates.filter((each) => each <= date).length;
  return vectors.subarray(0, snapshots * symbols.length * dimensions);
}
