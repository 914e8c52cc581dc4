import { assetSeries } from '../../domain/features/asset-series.ts';
import type { Instrument } from '../../domain/market/instrument.ts';
import type { MarketPanel } from '../../domain/market/panel.ts';
import type { AssetGraph, CategoryLink, GraphSnapshot } from './asset-graph.ts';
import { type CorrelationOptions, correlationEdges } from './correlation.ts';
import { liquidityBuckets } from './liquidity.ts';

/**
 * How many of its strongest correlations give an asset an edge: about the root of their number. In a denser graph every asset
 * neighbours every other, none is a hub more than the rest, and random walks tell them apart no longer.
 */
export const neighboursOf = (assets: number): number => Math.max(3, Math.ceil(Math.sqrt(assets)));

export interface GraphOptions extends Omit<CorrelationOptions, 'maxNeighbours'> {
  universe: string;
  /** Sessions between two snapshots; the first is when the correlation window is full. */
  everySessions: number;
  hasVolume: boolean;
  /** Half spread that the cost model assumes for a symbol. */
  assumedSpreadBps: (symbol: string) => number;
  /** @default neighboursOf(assets of the snapshot) */
  maxNeighbours?: number;
}

/**
 * The graph of a panel. Snapshot dates count from the first session, and a snapshot rests on bars up to its own date alone, so a
 * longer panel only adds snapshots.
 */
export function buildAssetGraph(
  panel: MarketPanel,
  instruments: readonly Instrument[],
  options: GraphOptions,
): AssetGraph {
  const known = new Set(panel.symbols);
  const assets = instruments.filter(({ symbol }) => known.has(symbol)).sort((a, b) => compare(a.symbol, b.symbol));
  return {
    universe: options.universe,
    assets: assets.map(({ symbol, name, kind, firstDate, lastDate }) => ({ symbol, name, kind, firstDate, lastDate })),
    categories: assets.flatMap(categoriesOf),
    suppliers: assets.flatMap(({ symbol, reference }) =>
      names(reference.suppliers)
        .filter((supplier) => known.has(supplier) && supplier !== symbol)
        .map((supplier) => ({ symbol, supplier })),
    ),
    snapshots: snapshotsOf(panel, options),
  };
}

function snapshotsOf(panel: MarketPanel, options: GraphOptions): GraphSnapshot[] {
  const size = panel.symbols.length;
  const series = panel.symbols.map((_, asset) => assetSeries(panel, asset));
  const snapshots: GraphSnapshot[] = [];
  for (let t = options.windowDays; t < panel.dates.length; t += options.everySessions) {
    const members = series.map((_, a) => a).filter((a) => panel.listed[t * size + a] === 1);
    snapshots.push({
      asOf: panel.dates[t],
      members: liquidityBuckets(panel, series, members, t, options),
      edges: correlationEdges(series, panel.symbols, members, t, {
        ...options,
        maxNeighbours: options.maxNeighbours ?? neighboursOf(members.length),
      }),
    });
  }
  return snapshots;
}

function categoriesOf({ symbol, kind, group, reference }: Instrument): CategoryLink[] {
  const links = [
    { kind: 'group', list: [group] },
    { kind: 'region', list: names(reference.region) },
    { kind: 'industry', list: names(reference.industry) },
    // A fund stands with what it holds.
    { kind: 'fund', list: kind === 'etf' ? [symbol] : names(reference.etfs) },
    { kind: 'peg', list: names(reference.peg) },
  ].flatMap(({ kind, list }) => list.map((name) => ({ symbol, kind, name })));
  return links.sort((a, b) => compare(a.kind, b.kind) || compare(a.name, b.name));
}

/** A reference value as distinct names, ascending; empty text is none. */
function names(value: string | number | string[] | undefined): string[] {
  if (value === undefined) return [];
  const list = Array.isArray(value) ? value : [String(value)];
  return [...new Set(list.filter((name) => name !== ''))].sort(compare);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
