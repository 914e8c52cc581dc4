import { gather, MIN_COVERAGE } from './asset-series.ts';
import { DAILY_VOLATILITY_FLOOR, type MarketView, ofLatest, type PerAsset, SESSIONS_PER_YEAR } from './market-view.ts';
import { prefixCount, TermSums, windowCount } from './rolling.ts';

/** Logs of one asset's bars, [T]; NaN where there is no bar. */
interface RangeLogs {
  readonly high: Float64Array;
  readonly low: Float64Array;
  /** Written when they are asked for: not every feature reads them. */
  open(): Float64Array;
  close(): Float64Array;
}

/** The logs of an asset, in memory that the next one's take. Refuses a bar whose price is not positive, or whose low is above its high. */
const rangeLogs = (view: MarketView): ((asset: number) => RangeLogs) =>
  view.remember('range', () => {
    const { sessions, assets, panel } = view;
    const prices = new Float64Array(sessions);
    const logsOf = (field: 'open' | 'high' | 'low') => {
      const logs = new Float64Array(sessions);
      return ofLatest((asset) => {
        gather(panel[field] as Float64Array, asset, assets, prices);
        const { quoted } = view.series(asset);
        const wrong = writeLogs(prices, quoted, logs);
        if (wrong >= 0) view.refuse(field, wrong, asset, prices[wrong]);
        return logs;
      });
    };
    const [highOf, lowOf, openOf] = [logsOf('high'), logsOf('low'), logsOf('open')];
    const closes = new Float64Array(sessions);
    const closeOf = ofLatest((asset) => {
      const { close, quoted } = view.series(asset);
      writeLogs(close, quoted, closes);
      return closes;
    });
    return ofLatest((asset) => {
      const [high, low] = [highOf(asset), lowOf(asset)];
      const wrong = lastBelow(high, low);
      if (wrong >= 0) view.refuse('high', wrong, asset, Math.exp(high[wrong]));
      return { high, low, open: () => openOf(asset), close: () => closeOf(asset) };
    });
  });

/** Logs of the prices where there is a bar. Returns the session of one that is not positive and finite, or -1. */
function writeLogs(prices: Float64Array, quoted: Uint8Array, into: Float64Array): number {
  let wrong = -1;
  for (let t = 0; t < into.length; t++) {
    const price = prices[t];
    if (quoted[t] === 1 && !(price > 0 && price < Infinity)) wrong = t;
    into[t] = quoted[t] === 1 ? Math.log(price) : Number.NaN;
  }
  return wrong;
}

/** The last session at which `high` is below `low`, or -1. */
function lastBelow(high: Float64Array, low: Float64Array): number {
  let wrong = -1;
  for (let t = 0; t < high.length; t++) if (high[t] < low[t]) wrong = t;
  return wrong;
}

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
    const logs = logsOf(asset);
    const { high, low } = logs;
    const close = logs.close();
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
