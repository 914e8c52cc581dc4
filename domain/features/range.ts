import { gather, MIN_COVERAGE } from './asset-series.ts';
import { DAILY_VOLATILITY_FLOOR, type MarketView, ofLatest, type PerAsset, SESSIONS_PER_YEAR } from './market-view.ts';
import { prefixCount, TermSums, windowCount } from './rolling.ts';

/** Logs of one asset's bars, [T]; NaN where there is no bar. */
export interface RangeLogs {
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
}

/** The logs of an asset, in memory that the next one's take. Refuses a bar whose price is not positive, or whose low is above its high. */
const rangeLogs = (view: MarketView): ((asset: number) => RangeLogs) =>
  view.remember('range', () => {
    const { sessions, assets, panel } = view;
    const prices = new Float64Array(sessions);
    const [open, high, low, close] = Array.from({ length: 4 }, () => new Float64Array(sessions));
    return ofLatest((asset) => {
      const { quoted, close: closes } = view.series(asset);
      const write = (field: 'open' | 'high' | 'low', logs: Float64Array): void => {
        gather(panel[field] as Float64Array, asset, assets, prices);
        for (let t = 0; t < sessions; t++) {
          const price = prices[t];
          if (quoted[t] === 1 && !(price > 0 && price < Infinity)) view.refuse(field, t, asset, price);
          logs[t] = quoted[t] === 1 ? Math.log(price) : Number.NaN;
        }
      };
      write('open', open);
      write('high', high);
      write('low', low);
      for (let t = 0; t < sessions; t++) {
        close[t] = Math.log(closes[t]);
        if (high[t] < low[t]) view.refuse('high', t, asset, Math.exp(high[t]));
      }
      return { open, high, low, close };
    });
  });

/** Log of the annualised root of the mean daily variance that `variances` writes [T] of the logs of the bars, at least the floor. */
export function rangeVolatility(
  view: MarketView,
  days: number,
  variances: (logs: RangeLogs, into: Float64Array) => void,
): PerAsset {
  const daily = new TermSums(view.sessions);
  const logsOf = rangeLogs(view);
  const annual = Math.sqrt(SESSIONS_PER_YEAR);
  return view.perAsset(days, ({ quoted, bars }, known, out, from, asset) => {
    variances(logsOf(asset), daily.terms);
    for (let t = 0; t < out.length; t++) if (quoted[t] === 0) daily.terms[t] = 0;
    const sums = daily.over(days, from);
    for (let t = from; t < out.length; t++) {
      if (known[t] === 0) continue;
      const mean = sums[t] / (bars[t + 1] - bars[t + 1 - days]);
      const sigma = Math.max(Math.sqrt(Math.max(0, mean)), DAILY_VOLATILITY_FLOOR);
      out[t] = Math.log(sigma * annual);
    }
  });
}

/**
 * Effective spread, in percent of the price: 100 x mean over `days` sessions of sqrt(max(0, 4 (c' - h') (c' - h))), where c' and h' are yesterday's log close
 * and middle of the log range, and h today's middle, less today's log total return over the move of the quoted close, so that splits do not matter.
 * Source: Abdi and Ranaldo (2017), A simple estimation of bid-ask spreads from daily close, high, and low prices; two-day corrected.
 */
export function abdiRanaldo(view: MarketView, days: number): PerAsset {
  const spreads = new TermSums(view.sessions);
  const [has, counts] = [new Uint8Array(view.sessions), new Int32Array(view.sessions + 1)];
  const logsOf = rangeLogs(view);
  const { terms } = spreads;
  return view.perAsset(days, ({ quoted, observed, level }, known, out, from, asset) => {
    const { high, low, close } = logsOf(asset);
    for (let t = 1; t < terms.length; t++) {
      has[t] = observed[t] & quoted[t - 1];
      terms[t] = 0;
      if (has[t] === 0) continue;
      const before = close[t - 1] - (high[t - 1] + low[t - 1]) / 2;
      const now = close[t] - (high[t] + low[t]) / 2 - (level[t] - level[t - 1]);
      terms[t] = Math.sqrt(Math.max(0, 4 * before * now));
    }
    const sums = spreads.over(days, from);
    prefixCount(has, counts);
    for (let t = from; t < out.length; t++) {
      const n = windowCount(counts, t - days + 1, t);
      if (known[t] === 1 && n >= MIN_COVERAGE * days) out[t] = (100 * sums[t]) / n;
    }
  });
}
