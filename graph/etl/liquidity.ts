import { type AssetSeries, isKnown, MIN_COVERAGE } from '../../domain/features/asset-series.ts';
import { dailyVolatility } from '../../domain/features/market-view.ts';
import type { MarketPanel } from '../../domain/market/panel.ts';
import type { Bucket, SnapshotMember } from './asset-graph.ts';

/** Sessions over which liquidity is measured. */
export const LIQUIDITY_DAYS = 63;

/**
 * Liquidity buckets at the close of t, by thirds of the assets whose liquidity is known. With volume: mean traded value over 63
 * sessions. Without (currencies): the assumed spread times the volatility of 63 sessions, for dealers widen with volatility; the
 * dearest third is illiquid. `members` are asset indices, ascending by symbol; ties fall to the first symbol.
 */
export function liquidityBuckets(
  panel: MarketPanel,
  series: readonly AssetSeries[],
  members: readonly number[],
  t: number,
  options: { hasVolume: boolean; assumedSpreadBps: (symbol: string) => number },
): Pick<SnapshotMember, 'symbol' | 'bucket' | 'rank'>[] {
  const values = members.map((a) => {
    if (options.hasVolume) return meanTradedValue(panel, a, t);
    if (!isKnown(series[a], t, LIQUIDITY_DAYS)) return Number.NaN;
    return -options.assumedSpreadBps(panel.symbols[a]) * dailyVolatility(series[a], t, LIQUIDITY_DAYS);
  });
  const order = members.map((_, i) => i).filter((i) => !Number.isNaN(values[i]));
  order.sort((i, j) => values[i] - values[j] || i - j);
  const ranks = new Int32Array(members.length).fill(-1);
  order.forEach((i, rank) => {
    ranks[i] = rank;
  });
  return members.map((a, i) => ({
    symbol: panel.symbols[a],
    bucket: bucketOf(ranks[i], order.length),
    rank: ranks[i],
  }));
}

function bucketOf(rank: number, known: number): Bucket {
  if (rank < 0) return 'unknown';
  const third = Math.floor(known / 3);
  if (rank < third) return 'illiquid';
  return rank >= known - third ? 'liquid' : 'normal';
}

function meanTradedValue(panel: MarketPanel, asset: number, t: number): number {
  let sum = 0;
  let count = 0;
  for (let s = Math.max(0, t - LIQUIDITY_DAYS + 1); s <= t; s++) {
    const value = panel.volume[s * panel.symbols.length + asset];
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return count >= MIN_COVERAGE * LIQUIDITY_DAYS ? sum / count : Number.NaN;
}
