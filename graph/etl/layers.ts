import type { AssetSeries } from '../../domain/features/asset-series.ts';
import { LAYERS, type Layer, type LayerEdge, type Regime } from './asset-graph.ts';
import { type CorrelationOptions, correlationEdges, windowSessions } from './correlation.ts';

/** Sessions of the window that shows what is new beside the main one. */
export const SHORT_WINDOW_DAYS = 63;

/** What the layers of one day rest on. */
export interface LayerOptions extends CorrelationOptions {
  /** The most sessions of a regime: its newest. With fewer than half of them there is no edge. */
  windowDays: number;
  dates: readonly string[];
  /** Regime of each session as known at its close. */
  regimes: readonly Regime[];
}

/** Correlation edges at the close of t over the short window and over the newest sessions of each regime. */
export function layerEdges(
  series: readonly AssetSeries[],
  symbols: readonly string[],
  members: readonly number[],
  t: number,
  options: LayerOptions,
): LayerEdge[] {
  return LAYERS.flatMap((layer) => {
    const sessions = sessionsOf(layer, t, options);
    if (sessions.length === 0) return [];
    const lastDate = options.dates[sessions[sessions.length - 1]];
    return correlationEdges(series, symbols, members, sessions, options).map((edge) => ({
      layer,
      ...edge,
      sessions: sessions.length,
      lastDate,
    }));
  });
}

function sessionsOf(layer: Layer, t: number, { windowDays, regimes }: LayerOptions): Int32Array {
  if (layer === 'short') return windowSessions(t, Math.min(SHORT_WINDOW_DAYS, windowDays));
  const newest: number[] = [];
  for (let s = t; s >= 0 && newest.length < windowDays; s--) if (regimes[s] === layer) newest.push(s);
  return Int32Array.from(newest.length >= windowDays / 2 ? newest.reverse() : []);
}
