import { badInput, ProductError } from '../errors.ts';
import type { MarketPanel } from '../market/panel.ts';
import { type AssetSeries, assetSeries, isKnown } from './asset-series.ts';
import type { EmbeddingHistory } from './embedding-history.ts';
import { type PrefixSum, prefixSum, squaredDeviations, windowSum } from './rolling.ts';

/**
 * Daily volatility below which an asset counts as pegged: ratios and logarithms take this value instead, by definition of the
 * features. 1e-4 a day is 0.16 % a year.
 */
export const DAILY_VOLATILITY_FLOOR = 1e-4;
export const SESSIONS_PER_YEAR = 252;

/** The equal-weighted market: mean return over the assets with an observed return at t. */
interface MarketSeries {
  readonly observed: Uint8Array;
  readonly returns: Float64Array;
  readonly counts: PrefixSum;
  readonly sums: PrefixSum;
  readonly squares: PrefixSum;
  readonly logSums: PrefixSum;
}

/** A column of values, [T, A] row-major; NaN where not known. */
export type Column = Float64Array;

/** The panel in column form, with every computed column remembered: columns may rest on one another. */
export class MarketView {
  readonly panel: MarketPanel;
  readonly embeddings: EmbeddingHistory | null;
  readonly sessions: number;
  readonly assets: number;
  readonly series: readonly AssetSeries[];
  readonly market: MarketSeries;
  readonly #columns = new Map<string, Column>();

  constructor(panel: MarketPanel, embeddings: EmbeddingHistory | null) {
    this.panel = panel;
    this.embeddings = embeddings;
    this.sessions = panel.dates.length;
    this.assets = panel.symbols.length;
    if (this.sessions === 0 || this.assets === 0) {
      throw badInput('FEATURES_EMPTY_PANEL', 'There are no bars to compute features from', {
        facts: { sessions: this.sessions, assets: this.assets },
        remedy: 'Import bars first, or choose a date inside the data.',
      });
    }
    this.series = panel.symbols.map((_, asset) => assetSeries(panel, asset));
    this.market = marketSeries(this.series, this.sessions);
  }

  /** The column under this name, computed once. */
  remember(name: string, compute: () => Column): Column {
    const known = this.#columns.get(name);
    if (known) return known;
    const column = compute();
    this.#columns.set(name, column);
    return column;
  }

  /** A column computed asset by asset where `lookback` sessions are known, NaN elsewhere. */
  perAsset(name: string, lookback: number, value: (series: AssetSeries, t: number, asset: number) => number): Column {
    return this.remember(name, () => {
      const column = new Float64Array(this.sessions * this.assets).fill(Number.NaN);
      this.series.forEach((series, asset) => {
        for (let t = lookback; t < this.sessions; t++) {
          if (!isKnown(series, t, lookback)) continue;
          const x = value(series, t, asset);
          if (!Number.isFinite(x) && !Number.isNaN(x)) this.refuse(name, t, asset, x);
          column[t * this.assets + asset] = x;
        }
      });
      return column;
    });
  }

  /** The same value for every asset with a bar at t, where the market has enough observations; NaN elsewhere. */
  perSession(name: string, lookback: number, value: (t: number) => number): Column {
    return this.remember(name, () => {
      const column = new Float64Array(this.sessions * this.assets).fill(Number.NaN);
      for (let t = lookback; t < this.sessions; t++) {
        if (windowSum(this.market.counts, t - lookback + 1, t) < 0.8 * lookback) continue;
        const x = value(t);
        for (let a = 0; a < this.assets; a++) if (this.series[a].quoted[t] === 1) column[t * this.assets + a] = x;
      }
      return column;
    });
  }

  refuse(field: string, t: number, asset: number, value: number): never {
    throw new ProductError(
      'FEATURES_NOT_FINITE',
      `Feature ${field} of ${this.panel.symbols[asset]} on ${this.panel.dates[t]} is not a finite number`,
      {
        facts: { asset: this.panel.symbols[asset], day: this.panel.dates[t], field, value: String(value) },
        remedy: 'Look at the bars of this asset around that day (drl data check).',
      },
    );
  }
}

function marketSeries(series: readonly AssetSeries[], sessions: number): MarketSeries {
  const observed = new Uint8Array(sessions);
  const returns = new Float64Array(sessions);
  for (let t = 0; t < sessions; t++) {
    let sum = 0;
    let count = 0;
    for (const asset of series) {
      if (asset.observed[t] === 0) continue;
      sum += asset.returns[t];
      count++;
    }
    if (count === 0) continue;
    observed[t] = 1;
    returns[t] = sum / count;
  }
  return {
    observed,
    returns,
    counts: prefixSum(sessions, (t) => observed[t]),
    sums: prefixSum(sessions, (t) => returns[t]),
    squares: prefixSum(sessions, (t) => returns[t] * returns[t]),
    logSums: prefixSum(sessions, (t) => Math.log1p(returns[t])),
  };
}

/** Daily standard deviation (ddof 1) of the observed returns of the last `days` sessions, at least the floor. */
export function dailyVolatility(
  series: Pick<AssetSeries, 'counts' | 'sums' | 'squares'>,
  t: number,
  days: number,
): number {
  const from = t - days + 1;
  const n = windowSum(series.counts, from, t);
  const deviations = squaredDeviations(n, windowSum(series.sums, from, t), windowSum(series.squares, from, t));
  return Math.max(Math.sqrt(deviations / (n - 1)), DAILY_VOLATILITY_FLOOR);
}
