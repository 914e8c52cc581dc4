import { isKnown, MIN_COVERAGE } from './asset-series.ts';
import { type Column, DAILY_VOLATILITY_FLOOR, dailyVolatility, type MarketView } from './market-view.ts';
import { type PrefixSum, prefixSum, rollingMaximum, squaredDeviations, windowSum } from './rolling.ts';

/** Sums made once per view and name, beside the columns. */
const remembered = new WeakMap<MarketView, Map<string, unknown>>();

function once<T>(view: MarketView, name: string, compute: () => T): T {
  const known = remembered.get(view) ?? new Map<string, unknown>();
  remembered.set(view, known);
  if (!known.has(name)) known.set(name, compute());
  return known.get(name) as T;
}

/** Mean and standard deviation (ddof 1) of the log price over the quoted sessions of a window. */
export function movingMoments(
  view: MarketView,
): (asset: number, t: number, days: number) => { mean: number; deviation: number } {
  const sums = once(view, 'levels', () =>
    view.series.map((series) => ({
      counts: prefixSum(view.sessions, (t) => series.quoted[t]),
      levels: prefixSum(view.sessions, (t) => series.quoted[t] * series.level[t]),
      squares: prefixSum(view.sessions, (t) => series.quoted[t] * series.level[t] ** 2),
    })),
  );
  return (asset, t, days) => {
    const { counts, levels, squares } = sums[asset];
    const from = t - days + 1;
    const n = windowSum(counts, from, t);
    const sum = windowSum(levels, from, t);
    const deviation = Math.sqrt(squaredDeviations(n, sum, windowSum(squares, from, t)) / (n - 1));
    return { mean: sum / n, deviation };
  };
}

/** Highest log price of the last `days` sessions and today, per asset. */
export const rollingHigh = (view: MarketView, days: number): Float64Array[] =>
  once(view, `high${days}`, () => view.series.map((series) => rollingMaximum(series.level, days + 1)));

interface MarketSums {
  readonly market: PrefixSum;
  readonly marketSquares: PrefixSum;
  readonly products: PrefixSum;
}

export interface Regression {
  n: number;
  beta: number;
  correlation: number;
  /** Sum of squared residuals. */
  residualSquares: number;
}

/** Least squares of an asset's observed returns on the market's returns of the same sessions. */
export function regression(view: MarketView, asset: number, t: number, days: number): Regression {
  const sums = once<MarketSums[]>(view, 'market', () => view.series.map((_, index) => marketSums(view, index)))[asset];
  const series = view.series[asset];
  const from = t - days + 1;
  const n = windowSum(series.counts, from, t);
  const own = windowSum(series.sums, from, t);
  const market = windowSum(sums.market, from, t);
  const floor = DAILY_VOLATILITY_FLOOR ** 2 * (n - 1);
  const ownDeviations = squaredDeviations(n, own, windowSum(series.squares, from, t));
  const marketDeviations = squaredDeviations(n, market, windowSum(sums.marketSquares, from, t));
  const covariation = windowSum(sums.products, from, t) - (own * market) / n;
  const beta = covariation / Math.max(marketDeviations, floor);
  const scale = Math.sqrt(Math.max(ownDeviations, floor) * Math.max(marketDeviations, floor));
  const correlation = Math.max(-1, Math.min(1, covariation / scale));
  const residualSquares = Math.max(0, ownDeviations - beta * covariation);
  return { n, beta, correlation, residualSquares };
}

function marketSums(view: MarketView, asset: number): MarketSums {
  const { observed, returns } = view.series[asset];
  const market = view.market.returns;
  return {
    market: prefixSum(view.sessions, (t) => observed[t] * market[t]),
    marketSquares: prefixSum(view.sessions, (t) => observed[t] * market[t] ** 2),
    products: prefixSum(view.sessions, (t) => returns[t] * market[t]),
  };
}

/**
 * Var(mean) = mean variance / n + (1 - 1/n) x mean covariance, solved for the correlation that all pairs would share.
 * With fewer than two known assets: 1.
 */
export function averageCorrelation(view: MarketView, t: number, days: number): number {
  let n = 0;
  let sum = 0;
  let squares = 0;
  for (const series of view.series) {
    if (!isKnown(series, t, days)) continue;
    const sigma = dailyVolatility(series, t, days);
    n++;
    sum += sigma;
    squares += sigma * sigma;
  }
  if (n < 2) return 1;
  const variance = dailyVolatility(view.market, t, days) ** 2;
  return Math.max(-1, Math.min(1, (variance * n * n - squares) / Math.max(sum * sum - squares, Number.MIN_VALUE)));
}

/** A column from means of the traded value; not known where fewer than 80 % of the window's sessions have one. */
export function liquidityColumn(
  view: MarketView,
  name: string,
  lookback: number,
  value: (mean: (days: number) => number) => number,
): Column {
  const { volume } = view.panel;
  const sums = once(view, 'volume', () =>
    view.series.map((series, asset) => {
      const at = (t: number) => volume[t * view.assets + asset];
      const has = (t: number) => series.quoted[t] === 1 && !Number.isNaN(at(t));
      return {
        counts: prefixSum(view.sessions, (t) => (has(t) ? 1 : 0)),
        totals: prefixSum(view.sessions, (t) => (has(t) ? checked(view, t, asset, at(t)) : 0)),
      };
    }),
  );
  return view.perAsset(name, lookback, (_, t, asset) => {
    const { counts, totals } = sums[asset];
    if (windowSum(counts, t - lookback + 1, t) < MIN_COVERAGE * lookback) return Number.NaN;
    return value((days) => windowSum(totals, t - days + 1, t) / Math.max(1, windowSum(counts, t - days + 1, t)));
  });
}

function checked(view: MarketView, t: number, asset: number, volume: number): number {
  if (!(volume >= 0 && volume < Infinity)) view.refuse('volume', t, asset, volume);
  return volume;
}
