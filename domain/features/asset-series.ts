import { ProductError } from '../errors.ts';
import type { MarketPanel } from '../market/panel.ts';
import { type PrefixSum, prefixSum, windowSum } from './rolling.ts';

/** A halt longer than this many sessions starts an asset's history anew: one return over years is no daily return. */
export const MAX_HALT_SESSIONS = 21;
/** A window is known when at least this share of its sessions has a bar. */
export const MIN_COVERAGE = 0.8;

/**
 * One asset's history in column form. Sessions without a bar count for nothing: they are left out of sums and counts,
 * never filled in.
 */
export interface AssetSeries {
  /** Session at which the present life began (first bar, or first bar after a long halt); -1 while not listed. */
  readonly start: Int32Array;
  /** 1 where a bar exists. */
  readonly quoted: Uint8Array;
  /** 1 where a return was observed: a bar that is not the first of its life. */
  readonly observed: Uint8Array;
  /** Simple return; 0 where none was observed. */
  readonly returns: Float64Array;
  /** Cumulated log return. */
  readonly level: Float64Array;
  readonly counts: PrefixSum;
  readonly sums: PrefixSum;
  readonly squares: PrefixSum;
  readonly logSums: PrefixSum;
}

const notFinite = (panel: MarketPanel, t: number, asset: number, field: string, value: number): ProductError =>
  new ProductError(
    'FEATURES_NOT_FINITE',
    `The ${field} of ${panel.symbols[asset]} on ${panel.dates[t]} is not usable`,
    {
      facts: { asset: panel.symbols[asset], day: panel.dates[t], field, value: String(value) },
      remedy: 'Correct or quarantine this bar and run ingest again; nothing is filled in.',
    },
  );

/** Columns of one asset out of the panel. Throws `FEATURES_NOT_FINITE` (asset, day, field) on a bad bar. */
export function assetSeries(panel: MarketPanel, asset: number): AssetSeries {
  const sessions = panel.dates.length;
  const assets = panel.symbols.length;
  const start = new Int32Array(sessions).fill(-1);
  const quoted = new Uint8Array(sessions);
  const observed = new Uint8Array(sessions);
  const returns = new Float64Array(sessions);
  let begin = -1;
  let last = -1;
  for (let t = 0, i = asset; t < sessions; t++, i += assets) {
    if (panel.listed[i] === 0) {
      begin = -1;
      continue;
    }
    if (panel.tradable[i] === 1) {
      if (!(panel.close[i] > 0 && panel.close[i] < Infinity)) throw notFinite(panel, t, asset, 'close', panel.close[i]);
      if (begin < 0 || t - last > MAX_HALT_SESSIONS) {
        begin = t;
      } else {
        if (!(panel.returns[i] > -1 && panel.returns[i] < Infinity)) {
          throw notFinite(panel, t, asset, 'return', panel.returns[i]);
        }
        observed[t] = 1;
        returns[t] = panel.returns[i];
      }
      quoted[t] = 1;
      last = t;
    }
    start[t] = begin;
  }
  const logSums = prefixSum(sessions, (t) => Math.log1p(returns[t]));
  return {
    start,
    quoted,
    observed,
    returns,
    level: logSums.high.subarray(1),
    counts: prefixSum(sessions, (t) => observed[t]),
    sums: prefixSum(sessions, (t) => returns[t]),
    squares: prefixSum(sessions, (t) => returns[t] * returns[t]),
    logSums,
  };
}

/** Whether the asset has a bar at t and enough bars over the `lookback` sessions that end there. */
export const isKnown = (series: AssetSeries, t: number, lookback: number): boolean =>
  series.quoted[t] === 1 &&
  t - lookback >= series.start[t] &&
  (lookback === 0 || windowSum(series.counts, t - lookback + 1, t) >= MIN_COVERAGE * lookback);
