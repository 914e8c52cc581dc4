import { type EmbeddingHistory, latestIndex } from './embedding-history.ts';
import type { Column, MarketView } from './market-view.ts';

/** How sharply peers are told apart: weight of a neighbour is exp(sharpness x cosine similarity). */
export const PEER_SHARPNESS = 4;

/**
 * Mean of `source` over the other assets, weighted by exp(4 cos(v_a, v_b)) of the latest embedding known at t. Only angles
 * between vectors of one snapshot enter, so a rotation between snapshots (node2vec's axes are arbitrary) changes nothing.
 * An asset without peers is its own peer; without a vector its value is not known (NaN).
 */
export function peerMean(view: MarketView, source: Column): Column {
  const { sessions, panel } = view;
  const embeddings = view.inputs.embeddings as EmbeddingHistory;
  const column = view.column();
  let snapshot = -1;
  let weights: Float64Array | null = null;
  for (let t = view.first; t < sessions; t++) {
    const latest = latestIndex(embeddings.dates, panel.dates[t]);
    if (latest < 0) continue;
    if (latest !== snapshot || !weights) weights = peerWeights(embeddings, latest, panel.symbols);
    snapshot = latest;
    writeSession(view, column, source, weights, t);
  }
  return column;
}

function writeSession(view: MarketView, column: Column, source: Column, weights: Float64Array, t: number): void {
  const { sessions, assets } = view;
  const values = new Float64Array(assets);
  for (let a = 0; a < assets; a++) values[a] = source[a * sessions + t];
  for (let a = 0; a < assets; a++) {
    const own = values[a];
    if (Number.isNaN(own) || Number.isNaN(weights[a * assets + a])) continue;
    let sum = 0;
    let total = 0;
    for (let b = 0; b < assets; b++) {
      const weight = weights[a * assets + b];
      if (b === a || Number.isNaN(weight) || Number.isNaN(values[b])) continue;
      sum += weight * values[b];
      total += weight;
    }
    column[a * sessions + t] = total > 0 ? sum / total : own;
  }
}

/** [A, A] weights of one snapshot; NaN rows and columns for assets without a vector. */
export function peerWeights(history: EmbeddingHistory, snapshot: number, symbols: readonly string[]): Float64Array {
  const assets = symbols.length;
  const size = history.dimensions;
  const places = new Map(history.symbols.map((symbol, index) => [symbol, index]));
  const unit = new Float64Array(assets * size).fill(Number.NaN);
  symbols.forEach((symbol, a) => {
    const place = places.get(symbol);
    if (place === undefined) return;
    const from = (snapshot * history.symbols.length + place) * size;
    let squares = 0;
    for (let d = 0; d < size; d++) squares += history.vectors[from + d] ** 2;
    if (!(squares > 0)) return;
    const length = Math.sqrt(squares);
    for (let d = 0; d < size; d++) unit[a * size + d] = history.vectors[from + d] / length;
  });
  const weights = new Float64Array(assets * assets);
  for (let a = 0; a < assets; a++) {
    for (let b = 0; b <= a; b++) {
      let cosine = 0;
      for (let d = 0; d < size; d++) cosine += unit[a * size + d] * unit[b * size + d];
      const weight = Math.exp(PEER_SHARPNESS * cosine);
      weights[a * assets + b] = weight;
      weights[b * assets + a] = weight;
    }
  }
  return weights;
}
