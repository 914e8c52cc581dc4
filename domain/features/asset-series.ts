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

/** Each asset's columns out of the panel. Throws `FEATURES_NOT_FINITE` (asset, day, field) on a bad bar. */
export function assetSeries(panel: MarketPanel): AssetSeries[] {
  const [sessions, assets] = [panel.dates.length, panel.symbols.length];
  const [closes, gains] = [transposed(panel.close, sessions, assets), transposed(panel.returns, sessions, assets)];
  const [tradable, listed] = [transposed(panel.tradable, sessions, assets), transposed(panel.listed, sessions, assets)];
  const squares = new Float64Array(sessions);
  return panel.symbols.map((_, asset) => {
    const own = <V extends Float64Array | Uint8Array>(values: V): V =>
      values.subarray(asset * sessions, (asset + 1) * sessions) as V;
    return seriesOf(panel, asset, own(closes), own(gains), own(tradable), own(listed), squares);
  });
}

/** One asset's series; `close` and `returns` are cleaned in place of what the panel says of sessions without a bar. */
function seriesOf(
  panel: MarketPanel,
  asset: number,
  close: Float64Array,
  returns: Float64Array,
  quoted: Uint8Array,
  listed: Uint8Array,
  squares: Float64Array,
): AssetSeries {
  const sessions = close.length;
  const start = new Int32Array(sessions);
  const observed = new Uint8Array(sessions);
  let begin = -1;
  let last = -1;
  for (let t = 0; t < sessions; t++) {
    if (listed[t] === 0 || quoted[t] === 0) {
      if (listed[t] === 0) begin = -1;
      start[t] = begin;
      quoted[t] = 0;
      close[t] = Number.NaN;
      returns[t] = 0;
      continue;
    }
    if (!(close[t] > 0 && close[t] < Infinity)) throw notFinite(panel, t, asset, 'close', close[t]);
    if (begin < 0 || t - last > MAX_HALT_SESSIONS) {
      begin = t;
      returns[t] = 0;
    } else {
      if (!(returns[t] > -1 && returns[t] < Infinity)) throw notFinite(panel, t, asset, 'return', returns[t]);
      observed[t] = 1;
    }
    start[t] = begin;
    last = t;
  }
  const series = returnSeries(observed, returns, squares);
  for (let t = 0; t < sessions; t++) {
    if (!(Math.abs(series.level[t]) < LARGEST_LEVEL)) throw notFinite(panel, t, asset, 'return', returns[t]);
  }
  return { start, quoted, bars: prefixCount(quoted), close, ...series };
}

/** [T, A] as [A, T]. */
export function transposed<V extends Float64Array | Uint8Array>(values: V, sessions: number, assets: number): V {
  const result = new (values.constructor as new (length: number) => V)(values.length);
  for (let asset = 0; asset < assets; asset++)
    gather(values, asset, assets, result.subarray(asset * sessions, (asset + 1) * sessions) as V);
  return result;
}

function gather<V extends Float64Array | Uint8Array>(values: V, asset: number, assets: number, into: V): void {
  for (let t = 0, at = asset; t < into.length; t++, at += assets) into[t] = values[at];
}

/** Sums of observed returns; `squares` is memory to work in. */
export function returnSeries(
  observed: Uint8Array,
  returns: Float64Array,
  squares: Float64Array = new Float64Array(returns.length),
): ReturnSeries {
  const level = new Float64Array(returns.length);
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
