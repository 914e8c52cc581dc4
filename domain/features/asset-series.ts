import { ProductError } from '../errors.ts';
import type { MarketPanel } from '../market/panel.ts';
import { type PrefixSum, prefixCount, prefixSum, windowCount } from './rolling.ts';

/** A halt longer than this many sessions starts an asset's history anew: one return over years is no daily return. */
export const MAX_HALT_SESSIONS = 21;
/** A window is known when at least this share of its sessions has a bar. */
export const MIN_COVERAGE = 0.8;

/** Adding and taking this away rounds to multiples of 2^-38: differences and sums over 256 of such levels below 2^7 are exact. */
const ROUND_LEVEL = 1.5 * 2 ** 14;
const LARGEST_LEVEL = 2 ** 7;

/** What is summed of a series of returns. */
export interface ReturnSeries {
  /** 1 where a return was observed: a bar that is not the first of its life. */
  readonly observed: Uint8Array;
  /** Simple return; 0 where none was observed. */
  readonly returns: Float64Array;
  /** Cumulated log return, from where the panel begins: only differences mean something, and they are exact. */
  readonly level: Float64Array;
  readonly counts: Int32Array;
  readonly sums: PrefixSum;
  readonly squares: PrefixSum;
}

/**
 * One asset's history in column form. Sessions without a bar count for nothing: they are left out of sums and counts,
 * never filled in.
 */
export interface AssetSeries extends ReturnSeries {
  /** Session at which the present life began (first bar, or first bar after a long halt); -1 while not listed. */
  readonly start: Int32Array;
  /** 1 where a bar exists. */
  readonly quoted: Uint8Array;
  /** Counts of the sessions with a bar. */
  readonly bars: Int32Array;
  /** Close as quoted; NaN where there is no bar. */
  readonly close: Float64Array;
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
  const close = new Float64Array(sessions).fill(Number.NaN);
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
      close[t] = panel.close[i];
      last = t;
    }
    start[t] = begin;
  }
  const series = returnSeries(observed, returns);
  for (let t = 0; t < sessions; t++) {
    if (!(Math.abs(series.level[t]) < LARGEST_LEVEL)) throw notFinite(panel, t, asset, 'return', returns[t]);
  }
  return { start, quoted, bars: prefixCount(quoted), close, ...series };
}

/** Sums of observed returns. */
export function returnSeries(observed: Uint8Array, returns: Float64Array): ReturnSeries {
  const level = new Float64Array(returns.length);
  const squares = new Float64Array(returns.length);
  let sum = 0;
  for (let t = 0; t < returns.length; t++) {
    const r = returns[t];
    squares[t] = r * r;
    if (r !== 0) sum += Math.log1p(r) + ROUND_LEVEL - ROUND_LEVEL;
    level[t] = sum;
  }
  return {
    observed,
    returns,
    level,
    counts: prefixCount(observed),
    sums: prefixSum(returns),
    squares: prefixSum(squares),
  };
}

/** Whether the asset has a bar at t and enough bars over the `lookback` sessions that end there. */
export const isKnown = (series: AssetSeries, t: number, lookback: number): boolean =>
  series.quoted[t] === 1 &&
  t - lookback >= series.start[t] &&
  (lookback === 0 || windowCount(series.counts, t - lookback + 1, t) >= MIN_COVERAGE * lookback);
