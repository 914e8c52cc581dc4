import { MIN_COVERAGE } from './asset-series.ts';
import { type Column, DAILY_VOLATILITY_FLOOR, type MarketView, SESSIONS_PER_YEAR } from './market-view.ts';
import { prefixCount, prefixSum, windowCount, windowSum } from './rolling.ts';

interface RangeLogs {
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
}

/** Logs of one asset's bars by session; NaN where there is no bar. Refuses a bar whose price is not positive, or whose low is above its high. */
export function rangeLogs(view: MarketView, asset: number): RangeLogs {
  return view.remember(`range${asset}`, () => {
    const { sessions, assets, panel, series } = view;
    const { quoted } = series[asset];
    const of = (field: 'open' | 'high' | 'low'): Float64Array => {
      const prices = panel[field] as Float64Array;
      const logs = new Float64Array(sessions).fill(Number.NaN);
      for (let t = 0; t < sessions; t++) {
        if (quoted[t] === 0) continue;
        const price = prices[t * assets + asset];
        if (!(price > 0 && price < Infinity)) view.refuse(field, t, asset, price);
        logs[t] = Math.log(price);
      }
      return logs;
    };
    const logs = { open: of('open'), high: of('high'), low: of('low'), close: series[asset].close.map(Math.log) };
    const wrong = logs.high.findIndex((high, t) => high < logs.low[t]);
    if (wrong >= 0) view.refuse('high', wrong, asset, Math.exp(logs.high[wrong]));
    return logs;
  });
}

/** Log of the annualised root of the mean daily variance that `variance` makes of the logs of open, high, low and close, at least the floor. */
export const rangeVolatility = (
  view: MarketView,
  days: number,
  variance: (open: number, high: number, low: number, close: number) => number,
): Column =>
  view.perAsset(days, ({ quoted }, known, out, from, _, asset) => {
    const { open, high, low, close } = rangeLogs(view, asset);
    const sums = prefixSum(open.map((x, t) => (quoted[t] === 1 ? variance(x, high[t], low[t], close[t]) : 0)));
    const bars = prefixCount(quoted);
    for (let t = from; t < out.length; t++) {
      if (known[t] === 0) continue;
      const mean = windowSum(sums, t - days + 1, t) / windowCount(bars, t - days + 1, t);
      const sigma = Math.max(Math.sqrt(Math.max(0, mean)), DAILY_VOLATILITY_FLOOR);
      out[t] = Math.log(sigma * Math.sqrt(SESSIONS_PER_YEAR));
    }
  });

/**
 * Effective spread, in percent of the price: 100 x mean over `days` sessions of sqrt(max(0, 4 (c' - h') (c' - h))), where c' and h' are yesterday's log close
 * and middle of the log range, and h today's middle, less today's log total return over the move of the quoted close, so that splits do not matter.
 * Source: Abdi and Ranaldo (2017), A simple estimation of bid-ask spreads from daily close, high, and low prices; two-day corrected.
 */
export const abdiRanaldo = (view: MarketView, days: number): Column =>
  view.perAsset(days, ({ quoted, observed, level }, known, out, from, _, asset) => {
    const { high, low, close } = rangeLogs(view, asset);
    const terms = new Float64Array(out.length);
    const has = new Uint8Array(out.length);
    for (let t = 1; t < terms.length; t++) {
      if (observed[t] === 0 || quoted[t - 1] === 0) continue;
      const before = close[t - 1] - (high[t - 1] + low[t - 1]) / 2;
      const now = close[t] - (high[t] + low[t]) / 2 - (level[t] - level[t - 1]);
      has[t] = 1;
      terms[t] = Math.sqrt(Math.max(0, 4 * before * now));
    }
    const [sums, counts] = [prefixSum(terms), prefixCount(has)];
    for (let t = from; t < out.length; t++) {
      const n = windowCount(counts, t - days + 1, t);
      if (known[t] === 1 && n >= MIN_COVERAGE * days) out[t] = (100 * windowSum(sums, t - days + 1, t)) / n;
    }
  });
