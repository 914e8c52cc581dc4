import { ProductError } from '../errors.ts';
import type { MarketPanel } from '../market/panel.ts';
import { emptySum, type PrefixSum, prefixCount, prefixSum, windowCount } from './rolling.ts';

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

const notFinite = (panel: MarketPanel, t: number, asset: number, field: string, value: number): ProductError =>
  new ProductError(
    'FEATURES_NOT_FINITE',
    `The ${field} of ${panel.symbols[asset]} on ${panel.dates[t]} is not usable`,
    {
      facts: { asset: panel.symbols[asset], day: panel.dates[t], field, value: String(value) },
      remedy: 'Correct or quarantine this bar and run ingest again; nothing is filled in.',
    },
  );

/** The bars of every asset, by asset: each [A, T]. */
export interface Lives {
  /** 1 where a return was observed. */
  readonly observed: Uint8Array;
  /** Simple returns; 0 where none was observed. */
  readonly returns: Float64Array;
  /** Session at which the present life began (first bar, or first bar after a long halt); -1 while not listed. */
  readonly start: Int32Array;
  /** 1 where a bar exists. */
  readonly quoted: Uint8Array;
  /** Close as quoted; NaN where there is no bar. */
  readonly close: Float64Array;
}

/** Throws `FEATURES_NOT_FINITE` (asset, day, field) on a bad bar. */
export function livesOf(panel: MarketPanel): Lives {
  const size = panel.dates.length * panel.symbols.length;
  const lives = {
    observed: new Uint8Array(size),
    returns: new Float64Array(size),
    start: new Int32Array(size),
    quoted: new Uint8Array(size),
    close: new Float64Array(size),
  };
  for (let asset = 0; asset < panel.symbols.length; asset++) readLife(panel, asset, lives);
  return lives;
}

/**
 * One asset's history in column form, each [T]. Sessions without a bar count for nothing: they are left out of sums and counts, never filled in. Moved to
 * another asset it is that one's; sums are made when they are first read, in the same memory.
 */
export class AssetSeries implements ReturnSeries, Lives {
  observed!: Uint8Array;
  returns!: Float64Array;
  start!: Int32Array;
  quoted!: Uint8Array;
  close!: Float64Array;
  readonly #panel: MarketPanel;
  readonly #lives: Lives;
  readonly #level: Float64Array;
  readonly #counts: Int32Array;
  readonly #bars: Int32Array;
  readonly #sums: PrefixSum;
  readonly #squares: PrefixSum;
  readonly #written = new Set<string>();
  #asset = -1;

  constructor(panel: MarketPanel, lives: Lives) {
    const sessions = panel.dates.length;
    this.#panel = panel;
    this.#lives = lives;
    this.#level = new Float64Array(sessions);
    this.#counts = new Int32Array(sessions + 1);
    this.#bars = new Int32Array(sessions + 1);
    this.#sums = emptySum(sessions);
    this.#squares = emptySum(sessions);
  }

  moveTo(asset: number): this {
    if (asset === this.#asset) return this;
    this.#asset = asset;
    const { observed, returns, start, quoted, close } = this.#lives;
    const [from, end] = [asset * this.#level.length, (asset + 1) * this.#level.length];
    this.observed = observed.subarray(from, end);
    this.returns = returns.subarray(from, end);
    this.start = start.subarray(from, end);
    this.quoted = quoted.subarray(from, end);
    this.close = close.subarray(from, end);
    this.#written.clear();
    return this;
  }

  get level(): Float64Array {
    return this.#made('level', this.#level, (level) => {
      const wrong = writeLevels(this.returns, level);
      if (wrong >= 0) throw notFinite(this.#panel, wrong, this.#asset, 'return', this.returns[wrong]);
    });
  }

  /** Counts of the sessions with a return. */
  get counts(): Int32Array {
    return this.#made('counts', this.#counts, (counts) => prefixCount(this.observed, counts));
  }

  /** Counts of the sessions with a bar. */
  get bars(): Int32Array {
    return this.#made('bars', this.#bars, (bars) => prefixCount(this.quoted, bars));
  }

  get sums(): PrefixSum {
    return this.#made('sums', this.#sums, (sums) => prefixSum(this.returns, sums));
  }

  get squares(): PrefixSum {
    return this.#made('squares', this.#squares, (squares) => prefixSum(this.returns, squares, this.returns));
  }

  /** Written when it is first asked for of an asset. */
  #made<T>(name: string, memory: T, write: (memory: T) => void): T {
    if (!this.#written.has(name)) write(memory);
    this.#written.add(name);
    return memory;
  }
}

/** Every asset's, each with sums of its own. */
export function assetSeries(panel: MarketPanel): AssetSeries[] {
  const lives = livesOf(panel);
  return panel.symbols.map((_, asset) => new AssetSeries(panel, lives).moveTo(asset));
}

function readLife(panel: MarketPanel, asset: number, { observed, returns, start, quoted, close }: Lives): void {
  const { listed, tradable, close: closes, returns: gains } = panel;
  const [sessions, assets] = [panel.dates.length, panel.symbols.length];
  let begin = -1;
  let last = -1;
  for (let t = 0, at = asset, to = asset * sessions; t < sessions; t++, at += assets, to++) {
    if ((listed[at] & tradable[at]) === 0) {
      if (listed[at] === 0) begin = -1;
      start[to] = begin;
      close[to] = Number.NaN;
      continue;
    }
    const price = closes[at];
    if (!(price > 0 && price < Infinity)) throw notFinite(panel, t, asset, 'close', price);
    quoted[to] = 1;
    close[to] = price;
    if (begin < 0 || t - last > MAX_HALT_SESSIONS) begin = t;
    else {
      const gain = gains[at];
      if (!(gain > -1 && gain < Infinity)) throw notFinite(panel, t, asset, 'return', gain);
      returns[to] = gain;
      observed[to] = 1;
    }
    start[to] = begin;
    last = t;
  }
}

/** One asset's values of the panel, [T, A], into [T]. */
export function gather(values: Float64Array, asset: number, assets: number, into: Float64Array): Float64Array {
  for (let t = 0, at = asset; t < into.length; t++, at += assets) into[t] = values[at];
  return into;
}

/** Sums of observed returns. */
export function returnSeries(observed: Uint8Array, returns: Float64Array): ReturnSeries {
  const level = new Float64Array(returns.length);
  writeLevels(returns, level);
  const [sums, squares] = [prefixSum(returns), prefixSum(returns, emptySum(returns.length), returns)];
  return { observed, returns, level, counts: prefixCount(observed), sums, squares };
}

/** The session at which the level leaves the range in which it is exact, or -1. */
function writeLevels(returns: Float64Array, into: Float64Array): number {
  let [sum, wrong] = [0, -1];
  for (let t = 0; t < returns.length; t++) {
    if (returns[t] !== 0) sum += Math.log1p(returns[t]) + ROUND_LEVEL - ROUND_LEVEL;
    into[t] = sum;
    if (wrong < 0 && !(Math.abs(sum) < LARGEST_LEVEL)) wrong = t;
  }
  return wrong;
}

/** Whether the asset has a bar at t and enough bars over the `lookback` sessions that end there. */
export const isKnown = (series: AssetSeries, t: number, lookback: number): boolean =>
  series.quoted[t] === 1 &&
  t - lookback >= series.start[t] &&
  (lookback === 0 || windowCount(series.counts, t - lookback + 1, t) >= MIN_COVERAGE * lookback);
