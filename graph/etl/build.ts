import { type AssetSeries, assetSeries } from '../../domain/features/asset-series.ts';
import type { Instrument } from '../../domain/market/instrument.ts';
import type { MarketPanel } from '../../domain/market/panel.ts';
import type { PointInTimeTable } from '../../domain/market/point-in-time.ts';
import { presentSymbols } from '../../domain/market/symbol-names.ts';
import { NO_LABELS, stableLabels } from '../algorithms/stable-labels.ts';
import type { CategoryKind } from '../schema/schema.ts';
import {
  type AssetGraph,
  type CategoryLink,
  type GraphSnapshot,
  OPEN_END,
  OPEN_START,
  type Stated,
  type SupplierLink,
} from './asset-graph.ts';
import { placesOf } from './centrality.ts';
import { type CorrelationOptions, correlationEdges, windowSessions } from './correlation.ts';
import { factorClusters } from './factor-clusters.ts';
import { layerEdges } from './layers.ts';
import { liquidityBuckets } from './liquidity.ts';
import { macroExposures, macroSeries, macroValues } from './macro.ts';
import { microstructureRegimes } from './microstructure.ts';
import { marketRegimes } from './regimes.ts';

/**
 * How many of its strongest correlations give an asset an edge: about the root of their number. In a denser graph every asset
 * neighbours every other, none is a hub more than the rest, and random walks tell them apart no longer.
 */
export const neighboursOf = (assets: number): number => Math.max(3, Math.ceil(Math.sqrt(assets)));

export interface GraphOptions extends Omit<CorrelationOptions, 'maxNeighbours'> {
  universe: string;
  /** Sessions of the main correlation window. */
  windowDays: number;
  /** Sessions between two snapshots; the first is when the correlation window is full. */
  everySessions: number;
  hasVolume: boolean;
  /** Half spread that the cost model assumes for a symbol. */
  assumedSpreadBps: (symbol: string) => number;
  /** @default neighboursOf(assets of the snapshot) */
  maxNeighbours?: number;
  /** [T, A] ln(high / low) of each bar (`barRanges`). @default none: sizes of returns in their place */
  ranges?: Float64Array | null;
  /** What a person's files say. From the day on which they first name a pair they hold alone for it. @default none */
  relations?: StatedRelations;
  /** Macro series with the days on which they were known. @default none */
  macro?: PointInTimeTable | null;
}

/** Relations that a person states, ascending by their keys. */
export interface StatedRelations {
  readonly suppliers: readonly SupplierLink[];
  /** Of kind fund. */
  readonly holdings: readonly CategoryLink[];
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
  const present = presentSymbols(assets);
  return {
    universe: options.universe,
    assets: assets.map(({ symbol, name, kind, firstDate, lastDate }) => ({ symbol, name, kind, firstDate, lastDate })),
    categories: withStated(
      assets.flatMap((asset) => categoriesOf(asset, present)),
      options.relations?.holdings,
      'symbol',
      'kind',
      'name',
    ),
    suppliers: withStated(
      assets.flatMap(({ symbol, reference }) =>
        names(reference.suppliers, present)
          .filter((supplier) => known.has(supplier) && supplier !== symbol)
          .map((supplier): SupplierLink => ({ symbol, supplier, weight: 1, ...ALWAYS })),
      ),
      options.relations?.suppliers,
      'symbol',
      'supplier',
    ),
    snapshots: snapshotsOf(panel, options),
  };
}

/** Reference data, each pair until a person's file first names it: what the file says later changes nothing before. Ascending by the keys, then validFrom. */
function withStated<T extends Stated>(reference: T[], stated: readonly T[] = [], ...keys: (keyof T)[]): T[] {
  if (stated.length === 0) return reference;
  const pairOf = (link: T) => JSON.stringify(keys.map((key) => link[key]));
  const since = new Map<string, string>();
  for (const link of stated) {
    const [pair, { validFrom }] = [pairOf(link), link];
    if (validFrom < (since.get(pair) ?? OPEN_END)) since.set(pair, validFrom);
  }
  const before = reference
    .map((link) => ({ ...link, validTo: since.get(pairOf(link)) ?? link.validTo }))
    .filter(({ validFrom, validTo }) => validFrom < validTo);
  const order: (keyof T)[] = [...keys, 'validFrom'];
  return [...before, ...stated].sort((a, b) =>
    order.reduce((sign, key) => sign || compare(String(a[key]), String(b[key])), 0),
  );
}

/** Reference data have no dates. */
const ALWAYS = { validFrom: OPEN_START, validTo: OPEN_END, source: 'reference' } as const;

function snapshotsOf(panel: MarketPanel, options: GraphOptions): GraphSnapshot[] {
  const snapshotAt = snapshotMaker(panel, options);
  const snapshots: GraphSnapshot[] = [];
  let [clusters, communities] = [NO_LABELS, NO_LABELS];
  for (let t = options.windowDays; t < panel.dates.length; t += options.everySessions) {
    const { snapshot, cluster, community } = snapshotAt(t);
    const symbols = snapshot.members.map(({ symbol }) => symbol);
    const inCluster = stableLabels(symbols, cluster, clusters);
    const inCommunity = stableLabels(symbols, community, communities);
    [clusters, communities] = [inCluster.memory, inCommunity.memory];
    const members = snapshot.members.map((member, i) => ({
      ...member,
      cluster: inCluster.labels[i],
      community: inCommunity.labels[i],
    }));
    snapshots.push({ ...snapshot, members });
  }
  return snapshots;
}

/** Snapshots whose clusters and communities do not have their lasting numbers yet. */
function snapshotMaker(panel: MarketPanel, options: GraphOptions) {
  const { dates, symbols } = panel;
  const { windowDays } = options;
  const series = assetSeries(panel);
  const regimes = marketRegimes(series, dates.length);
  const macro = macroSeries(options.macro, dates);
  const microstructure = microstructureRegimes(panel, options.ranges ?? null, options.hasVolume);
  return (t: number) => {
    const listed = listedAt(panel, series, t);
    const kept = { ...options, maxNeighbours: options.maxNeighbours ?? neighboursOf(listed.length) };
    const edges = correlationEdges(series, symbols, listed, windowSessions(t, windowDays), kept);
    const places = placesOf(
      listed.map((a) => symbols[a]),
      edges,
    );
    const members = liquidityBuckets(panel, series, listed, t, options).map((liquidity, i) => ({
      ...liquidity,
      microstructure: microstructure(listed[i], t),
      pageRank: places.pageRank[i],
      betweenness: places.betweenness[i],
      core: places.core[i],
    }));
    const snapshot = {
      asOf: dates[t],
      regime: regimes[t],
      members,
      edges,
      layers: layerEdges(series, symbols, listed, t, { ...kept, dates, regimes }),
      macro: macroValues(macro, t),
      exposures: macroExposures(macro, series, symbols, listed, t, windowDays),
    };
    return { snapshot, cluster: factorClusters(series, listed, t, windowDays), community: places.community };
  };
}

const listedAt = (panel: MarketPanel, series: readonly AssetSeries[], t: number): number[] =>
  series.map((_, a) => a).filter((a) => panel.listed[t * series.length + a] === 1);

function categoriesOf({ symbol, kind, group, reference }: Instrument, present: Symbols): CategoryLink[] {
  const named: { kind: CategoryKind; list: string[] }[] = [
    { kind: 'group', list: [group] },
    { kind: 'region', list: names(reference.region) },
    { kind: 'industry', list: names(reference.industry) },
    // A fund stands with what it holds.
    { kind: 'fund', list: kind === 'etf' ? [symbol] : names(reference.etfs, present) },
    { kind: 'peg', list: names(reference.peg) },
  ];
  const links = named.flatMap(({ kind, list }) => list.map((name) => ({ symbol, kind, name, ...ALWAYS })));
  return links.sort((a, b) => compare(a.kind, b.kind) || compare(a.name, b.name));
}

/** Symbols that assets have or had, to those they have. */
type Symbols = ReadonlyMap<string, string>;

/** A reference value as distinct names, ascending, assets by their present symbols; empty text is none. */
function names(value: string | number | string[] | undefined, present?: Symbols): string[] {
  if (value === undefined) return [];
  const list = Array.isArray(value) ? value : [String(value)];
  return [...new Set(list.filter((name) => name !== '').map((name) => present?.get(name) ?? name))].sort(compare);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
