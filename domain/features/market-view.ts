import { badInput, ProductError } from '../errors.ts';
import type { MarketPanel } from '../market/panel.ts';
import type { PointInTimeTable } from '../market/point-in-time.ts';
import { AssetSeries, type Lives, livesOf, MIN_COVERAGE, type ReturnSeries, returnSeries } from './asset-series.ts';
import type { Need } from './definition.ts';
import type { EmbeddingHistory } from './embedding-history.ts';
import type { GraphHistory } from './graph-history.ts';
import { squaredDeviations, windowCount, windowSum, windowSums } from './rolling.ts';

/**
 * Daily volatility below which an asset counts as pegged: ratios and logarithms take this value instead, by definition of the
 * features. 1e-4 a day is 0.16 % a year.
 */
export const DAILY_VOLATILITY_FLOOR = 1e-4;
export const SESSIONS_PER_YEAR = 252;

/** What features may read beside the panel. Absent or null: the universe has none. */
export interface FeatureInputs {
  readonly embeddings?: EmbeddingHistory | null;
  readonly fundamentals?: PointInTimeTable | null;
  readonly macro?: PointInTimeTable | null;
  readonly graph?: GraphHistory | null;
}

/** A column of values by asset, then session: `column[a * T + t]`; NaN where not known. */
export type Column = Float64Array;

/** Writes one asset's values of sessions `from` on into `out` [T], all NaN; `known[t]` says where. */
export type AssetKernel = (
  series: AssetSeries,
  known: Uint8Array,
  out: Float64Array,
  from: number,
  asset: number,
) => void;

/** A feature that is written asset by asset where `lookback` sessions are known, in memory that is used again; a column of it is only made for what looks across assets. */
export interface PerAsset {
  readonly lookback: number;
  readonly kernel: AssetKernel;
}

/** What is computed of one asset after another, in memory that the next one's takes: asked twice of the same, it is there. */
export function ofLatest<T>(compute: (asset: number) => T): (asset: number) => T {
  let latest = -1;
  let result: T;
  return (asset) => {
    if (asset !== latest) result = compute(asset);
    latest = asset;
    return result;
  };
}

/** The panel in column form, with every shared column remembered: columns may rest on one another. */
export class MarketView {
  readonly panel: MarketPanel;
  readonly inputs: FeatureInputs;
  readonly sessions: number;
  readonly assets: number;
  /** First session whose features are asked for; those before it are there to be looked back on. */
  readonly first: number;
  /** The equal-weighted market: mean return over the assets with an observed return at t. */
  readonly market: ReturnSeries;
  readonly #lives: Lives;
  readonly #current: AssetSeries;
  readonly #columns = new Map<string, Column>();
  readonly #memory = new Map<string, unknown>();

  constructor(panel: MarketPanel, inputs: FeatureInputs = {}, first = 0) {
    this.panel = panel;
    this.inputs = inputs;
    this.sessions = panel.dates.length;
    this.assets = panel.symbols.length;
    this.first = first;
    if (this.sessions === 0 || this.assets === 0) {
      throw badInput('FEATURES_EMPTY_PANEL', 'There are no bars to compute features from', {
        facts: { sessions: this.sessions, assets: this.assets },
        remedy: 'Import bars first, or choose a date inside the data.',
      });
    }
    this.#lives = livesOf(panel);
    this.#current = new AssetSeries(panel, this.#lives);
    this.market = marketSeries(this.eachAsset(), this.sessions);
  }

  /** What is known under this name, computed once. */
  remember<T>(name: string, compute: () => T): T {
    if (!this.#memory.has(name)) this.#memory.set(name, compute());
    return this.#memory.get(name) as T;
  }

  /** A column of nothing known. */
  column(): Column {
    return new Float64Array(this.sessions * this.assets).fill(Number.NaN);
  }

  /** A feature of single assets: see `PerAsset`. */
  perAsset(lookback: number, kernel: AssetKernel): PerAsset {
    return { lookback, kernel };
  }

  /** An asset's history, in memory that the next one asked for takes. */
  series(asset: number): AssetSeries {
    return this.#current.moveTo(asset);
  }

  /** One asset's history after another, in memory of their own. */
  *eachAsset(): Generator<AssetSeries> {
    const series = new AssetSeries(this.panel, this.#lives);
    for (let a = 0; a < this.assets; a++) yield series.moveTo(a);
  }

  /** [A, T] the returns of every asset. */
  get returns(): Column {
    return this.#lives.returns;
  }

  /** The column of a feature, made once. */
  columnOf(name: string, compute: (view: MarketView) => Column | PerAsset): Column {
    const known = this.#columns.get(name);
    if (known) return known;
    const made = compute(this);
    const column = made instanceof Float64Array ? made : this.#columnFrom(made);
    this.#columns.set(name, column);
    return column;
  }

  #columnFrom(feature: PerAsset): Column {
    const { sessions, assets } = this;
    const column = new Float64Array(sessions * assets);
    for (let a = 0; a < assets; a++) this.write(feature, a, column.subarray(a * sessions, (a + 1) * sessions));
    return column;
  }

  /** The column of a feature if it was made. */
  madeColumn(name: string): Column | undefined {
    return this.#columns.get(name);
  }

  /** One asset's values of a feature into `out` [T]; NaN where not known. */
  write({ lookback, kernel }: PerAsset, asset: number, out: Float64Array): void {
    out.fill(Number.NaN);
    const from = Math.max(lookback, this.first);
    kernel(this.series(asset), this.knownOf(lookback)(asset), out, from, asset);
  }

  /** Of an asset, [T]: 1 where it has a bar at t and enough bars over the `lookback` sessions that end there (see `isKnown`). */
  knownOf(lookback: number): (asset: number) => Uint8Array {
    return this.remember(`known of ${lookback}`, () => {
      const known = new Uint8Array(this.sessions);
      return ofLatest((asset) => writeKnown(this.series(asset), lookback, this.first, known));
    });
  }

  /** [A, T]: `knownOf` every asset. */
  known(lookback: number): Uint8Array {
    return this.remember(`known${lookback}`, () => {
      const { sessions } = this;
      const known = new Uint8Array(sessions * this.assets);
      let at = 0;
      for (const series of this.eachAsset()) {
        writeKnown(series, lookback, this.first, known.subarray(at, at + sessions));
        at += sessions;
      }
      return known;
    });
  }

  /** `dailyVolatility` of an asset over `days`, [T], wherever its life is that long; anything elsewhere. */
  volatilityOf(days: number): (asset: number) => Float64Array {
    return this.remember(`sigma of ${days}`, () => {
      const volatilities = volatilityWriter(this.sessions, days, this.first);
      const sigma = new Float64Array(this.sessions);
      return ofLatest((asset) => volatilities(this.series(asset), sigma));
    });
  }

  /** [A, T]: `volatilityOf` every asset. */
  volatility(days: number): Column {
    return this.remember(`sigma${days}`, () => {
      const column = new Float64Array(this.sessions * this.assets);
      const volatilities = volatilityWriter(this.sessions, days, this.first);
      let at = 0;
      for (const series of this.eachAsset()) {
        volatilities(series, column.subarray(at, at + this.sessions));
        at += this.sessions;
      }
      return column;
    });
  }

  /** The same value for every asset with a bar at t, where the market has enough observations; NaN elsewhere. */
  perSession(lookback: number, value: (t: number) => number): Column {
    const { sessions, assets } = this;
    const column = this.column();
    const quoted = this.known(0);
    for (let t = Math.max(lookback, this.first); t < sessions; t++) {
      if (windowCount(this.market.counts, t - lookback + 1, t) < MIN_COVERAGE * lookback) continue;
      const x = value(t);
      for (let a = 0, i = t; a < assets; a++, i += sessions) if (quoted[i] === 1) column[i] = x;
    }
    return column;
  }

  /** @throws ProductError FEATURES_NEED_EMBEDDINGS, FEATURES_NEED_RANGE ... where the universe lacks what a feature reads. */
  require(feature: string, needs: readonly Need[]): void {
    const { panel, inputs } = this;
    const has = { ...inputs, volume: panel.volume, range: panel.high && panel.low && panel.open };
    const lacking = needs.find((need) => !has[need]);
    if (lacking === undefined) return;
    throw badInput(`FEATURES_NEED_${lacking.toUpperCase()}`, `Feature ${feature} needs ${lacking}`, {
      facts: { field: feature, needs: lacking },
      remedy: `Run the stages that make ${lacking}, or use a feature spec without ${lacking}.`,
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

function marketSeries(series: Iterable<AssetSeries>, sessions: number): ReturnSeries {
  const observed = new Uint8Array(sessions);
  const returns = new Float64Array(sessions);
  const counts = new Int32Array(sessions);
  for (const asset of series) addObserved(asset, returns, counts);
  for (let t = 0; t < sessions; t++) {
    if (counts[t] === 0) continue;
    observed[t] = 1;
    returns[t] /= counts[t];
  }
  return returnSeries(observed, returns);
}

function writeKnown(series: AssetSeries, lookback: number, first: number, into: Uint8Array): Uint8Array {
  const { quoted, start, counts } = series;
  const least = MIN_COVERAGE * lookback;
  into.fill(0);
  for (let t = Math.max(lookback, first); t < into.length; t++) {
    const enough = counts[t + 1] - counts[t + 1 - lookback] >= least;
    into[t] = quoted[t] === 1 && enough && t - lookback >= start[t] ? 1 : 0;
  }
  return into;
}

function volatilityWriter(sessions: number, days: number, first: number) {
  const [totals, totalSquares] = [new Float64Array(sessions), new Float64Array(sessions)];
  const from = Math.max(days, first);
  return ({ counts, sums, squares }: AssetSeries, into: Float64Array): Float64Array => {
    windowSums(sums, days, from, totals);
    windowSums(squares, days, from, totalSquares);
    for (let t = from; t < sessions; t++) {
      const n = counts[t + 1] - counts[t + 1 - days];
      const deviations = squaredDeviations(n, totals[t], totalSquares[t]);
      into[t] = Math.max(Math.sqrt(deviations / (n - 1)), DAILY_VOLATILITY_FLOOR);
    }
    return into;
  };
}

function addObserved({ observed, returns }: AssetSeries, sums: Float64Array, counts: Int32Array): void {
  for (let t = 0; t < sums.length; t++) {
    if (observed[t] === 0) continue;
    sums[t] += returns[t];
    counts[t]++;
  }
}

/** Daily standard deviation (ddof 1) of the observed returns of the last `days` sessions, at least the floor. */
export function dailyVolatility(
  series: Pick<ReturnSeries, 'counts' | 'sums' | 'squares'>,
  t: number,
  days: number,
): number {
  const from = t - days + 1;
  const n = windowCount(series.counts, from, t);
  const deviations = squaredDeviations(n, windowSum(series.sums, from, t), windowSum(series.squares, from, t));
  return Math.max(Math.sqrt(deviations / (n - 1)), DAILY_VOLATILITY_FLOOR);
}
