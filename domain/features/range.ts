import { MIN_COVERAGE } from './asset-series.ts';
import { type Column, DAILY_VOLATILITY_FLOOR, type MarketView, SESSIONS_PER_YEAR } from './market-view.ts';
import { prefixCount, TermSums, windowCount, windowSum } from './rolling.ts';

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
    const [open, high, low, close] = [of('open'), of('high'), of('low'), new Float64Array(sessions)];
    for (let t = 0; t < sessions; t++) {
      close[t] = Math.log(series[asset].close[t]);
      if (high[t] < low[t]) view.refuse('high', t, asset, Math.exp(high[t]));
    }
    return { open, high, low, close };
  });
}

/** Log of the annualised root of the mean daily variance that `variance` makes of the logs of open, high, low and close, at least the floor. */
export function rangeVolatility(
  view: MarketView,
  days: number,
  variance: (open: number, high: number, low: number, close: number) => number,
): Column {
  const variances = new TermSums(view.sessions);
  return view.perAsset(days, ({ quoted, bars }, known, out, from, _, asset) => {
    const { open, high, low, close } = rangeLogs(view, asset);
    for (let t = 0; t < out.length; t++) {
      variances.terms[t] = quoted[t] === 1 ? variance(open[t], high[t], low[t], close[t]) : 0;
    }
    const sums = variances.add();
    for (let t = from; t < out.length; t++) {
      if (known[t] === 0) continue;
      const mean = windowSum(sums, t - days + 1, t) / windowCount(bars, t - days + 1, t);
      const sigma = Math.max(Math.sqrt(Math.max(0, mean)), DAILY_VOLATILITY_FLOOR);
      out[t] = Math.log(sigma * Math.sqrt(SESSIONS_PER_YEAR));
    }
  });
}

/**
 * Effective spread, in percent of the price: 100 x mean over `days` sessions of sqrt(max(0, 4 (c' - h') (c' - h))), where c' and h' are yesterday's log close
 * and middle of the log range, and h today's middle, less today's log total return over the move of the quoted close, so that splits do not matter.
 * Source: Abdi and Ranaldo (2017), A simple estimation of bid-ask spreads from daily close, high, and low prices; two-day corrected.
 */
export function abdiRanaldo(view: MarketView, days: number): Column {
  const spreads = new TermSums(view.sessions);
  const { terms } = spreads;
  return view.perAsset(days, ({ quoted, observed, level }, known, out, from, _, asset) => {
    const { high, low, close } = rangeLogs(view, asset);
    terms.fill(0);
    const has = new Uint8Array(out.length);
    for (let t = 1; t < terms.length; t++) {
      if (observed[t] === 0 || quoted[t - 1] === 0) continue;
      const before = close[t - 1] - (high[t - 1] + low[t - 1]) / 2;
      const now = close[t] - (high[t] + low[t]) / 2 - (level[t] - level[t - 1]);
      has[t] = 1;
      terms[t] = Math.sqrt(Math.max(0, 4 * before * now));
    }
    const [sums, counts] = [spreads.add(), prefixCount(has)];
    for (let t = from; t < out.length; t++) {
      const n = windowCount(counts, t - days + 1, t);
      if (known[t] === 1 && n >= MIN_COVERAGE * days) out[t] = (100 * windowSum(sums, t - days + 1, t)) / n;
    }
  });
}
