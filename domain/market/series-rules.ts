import { dayOfIso } from './days.ts';
import type { Actions, Rows } from './gathered-rows.ts';
import type { QuarantineReason } from './quarantine.ts';
import { EXTREME_FACTOR, type Finding } from './row-rules.ts';

/** A close that moves by more than this factor in one bar waits for a second bar to confirm it. */
const JUMP_FACTOR = 4;
/** Below the smallest of what follows nothing is asked. */
const SMALLEST_JUMP = 1.2;
/** How near the confirming close must be to the one that waits. */
const JUMP_CONFIRMED = 2;
/** A move of the logarithm by more than this, on a day without trade to match, waits too. */
const QUIET_JUMP = 0.2;
/** One within this many times the root mean square of the moves before does not wait: in a crisis volume has risen already. */
const QUIET_MOVES = 4;
const QUIET_CONFIRMED = 1.1;
/** Volume below this multiple of the median of the bars before is no trade to match. */
const QUIET_VOLUME = 1.5;
/** Bars before a row that say what volume and what move are ordinary. */
const ORDINARY_BARS = 20;
/** A high or low further than this factor from open and close, and so many times as far as in any of those bars, is a bad print when nothing more was traded. */
const [FAR, FAR_TIMES] = [1.3, 3];
/** Volume beyond this factor of everything in those bars is in another unit. */
const VOLUME_FACTOR = 200;
/** A new level that lasts this many bars without a word from anyone is believed. A unit shift never is. */
const HELD_BARS = 5;
/** After so many days without a bar a price may have gone anywhere: only a jump beyond reason is asked about. */
const HALT_DAYS = 30;
/** A split ratio nearer to 1 than this cannot be told from a day's move. */
const SMALL_SPLIT = Math.log(1.25);
const SPLIT_RATIOS = [1.5, 2, 3, 4, 5, 6, 7, 8].flatMap((ratio) => [ratio, 1 / ratio]);
const UNITS = [10, 100, 1000].flatMap((unit) => [unit, 1 / unit]);
/** Volume after a 2:1 split rises to twice, not to this, and after a larger one not to twice its ratio: a move on more trade has news behind it. */
const NEWS_VOLUME = 6;
const PRICES = ['open', 'high', 'low', 'close'] as const;
/** So many different prices in a bar do not come again a day later: of 1.1 million real bars 75 have them, 67 of one day on which a vendor repeated itself. */
const TELLING_PRICES = 3;
/** Of the last moves so many are not nothing: the price of such a symbol does not stand still. */
const MOVING_BARS = 15;

interface Series {
  /** The last good row, or -1. */
  last: number;
  /** A close that was set aside and that a next bar may confirm, in units of `last`, or NaN. */
  suspect: number;
  /** Rows set aside, one after another, because of a level that is believed if it lasts. */
  held: number;
  /** The last volumes of good rows, in units of the newest. */
  volumes: number[];
  /** How far high or low lay from open and close in the last good rows, as a logarithm. */
  ranges: number[];
  /** The squares of the last moves of the logarithm, splits and dividends taken out; each counts as `QUIET_JUMP` at most, so that no single one makes jumps ordinary. */
  squares: number[];
}

const within = (ratio: number, factor: number): boolean => ratio <= factor && ratio >= 1 / factor;
const near = (value: number, target: number, tolerance: number): boolean => Math.abs(value / target - 1) < tolerance;

/**
 * What the bars before it, and the other symbols of its day, say about a row. Rows come by date, then symbol, each with all that happened since the last
 * good bar ({@link CarriedActions}). Nothing looks ahead: the bars known on
 * a day do not depend on later rows. The thresholds were set on two files of 1.1 million real bars (see docs/data.md).
 */
export class SeriesRules {
  readonly #rows: Rows;
  readonly #order: Uint32Array;
  readonly #actions: Actions | null;
  readonly #series = new Map<string, Series>();

  constructor(rows: Rows, order: Uint32Array, actions: Actions | null) {
    this.#rows = rows;
    this.#order = order;
    this.#actions = actions;
  }

  /** What is wrong with the row at place `at` of the order; null: nothing. `believed`: someone vouched for it. */
  look(at: number, believed: (found: Finding) => boolean): Finding | null {
    const row = this.#order[at];
    const series = this.#seriesOf(this.#rows.symbol[row]);
    const found = series.last === -1 ? null : this.#finding(series, row, at);
    if (found && !believed(found)) {
      this.#setAside(series, row, found.reason);
      return found;
    }
    this.#accept(series, row);
    return null;
  }

  #seriesOf(symbol: string): Series {
    let series = this.#series.get(symbol);
    if (!series) {
      series = { last: -1, suspect: Number.NaN, held: 0, volumes: [], ranges: [], squares: [] };
      this.#series.set(symbol, series);
    }
    return series;
  }

  #finding(series: Series, row: number, at: number): Finding | null {
    const { open, close, volume } = this.#rows;
    const split = this.#actions?.split[row] ?? 1;
    const dividend = this.#actions?.dividend[row] ?? 0;
    if (volume[row] > 0 && split === 1 && this.#isCopy(series, row))
      return { reason: 'STALE_COPY', field: 'volume', value: String(volume[row]) };
    const base = close[series.last] / split;
    if (dividend >= base) return { reason: 'BAD_ACTION', field: 'dividend', value: `${dividend} of ${base}` };
    const price = { open: open[row] + dividend, close: close[row] + dividend };
    const value = (): string => `${close[row]} after ${close[series.last]}`;
    if (isUnseen(split, price.close / (base * split)))
      return { reason: 'SPLIT_NOT_IN_PRICE', field: 'split', value: `${split}: ${value()}` };
    const ratio = { open: price.open / base, close: price.close / base };
    const reason = this.#jump(series, row, at, ratio);
    if (reason) return { reason, field: 'close', value: value() };
    if (this.#isBadPrint(series, row))
      return {
        reason: 'EXTREME_RANGE',
        field: this.#above(row) > this.#below(row) ? 'high' : 'low',
        value: this.#range(row),
      };
    return series.held < HELD_BARS && isOtherUnit(volume[row] / split, series.volumes)
      ? { reason: 'VOLUME_UNIT', field: 'volume', value: String(volume[row]) }
      : null;
  }

  /** `ratio`: of the row's prices to the last good close, after splits and dividends. */
  #jump(series: Series, row: number, at: number, ratio: { open: number; close: number }): QuarantineReason | null {
    if (within(ratio.close, SMALLEST_JUMP)) return null;
    if (this.#isSwapped(series, row, at)) return 'SYMBOLS_SWAPPED';
    if (UNITS.some((unit) => near(ratio.close, unit, 0.1))) return 'UNIT_SHIFT';
    const { date, close, volume } = this.#rows;
    const fromSuspect = (close[row] * (this.#actions?.split[row] ?? 1)) / series.suspect;
    if (series.held < HELD_BARS && !within(fromSuspect, JUMP_CONFIRMED)) {
      const isSplit = (r: number): boolean => near(ratio.open, r, 0.02) && near(ratio.close, r, 0.12);
      // What has no volume has no units that could be split: currencies fell by a third in a day.
      const news = Math.max(NEWS_VOLUME, 2 / ratio.open);
      const mayBeSplit = !Number.isNaN(volume[row]) && !(this.#trade(series, row) > news);
      if (mayBeSplit && SPLIT_RATIOS.some(isSplit)) return 'UNDECLARED_SPLIT';
      if (!within(ratio.close, JUMP_FACTOR)) return 'PRICE_JUMP';
    }
    const believed = series.held >= HELD_BARS || dayOfIso(date[row]) - dayOfIso(date[series.last]) > HALT_DAYS;
    const move = Math.abs(Math.log(ratio.close));
    if (believed || move < QUIET_JUMP || within(fromSuspect, QUIET_CONFIRMED)) return null;
    const ordinary = Math.sqrt(series.squares.reduce((sum, x) => sum + x, 0) / ORDINARY_BARS);
    if (series.squares.length === ORDINARY_BARS && move < QUIET_MOVES * ordinary) return null;
    return this.#trade(series, row) < QUIET_VOLUME ? 'QUIET_JUMP' : null;
  }

  /** The row's volume over the median of the bars before it; NaN without volume or without a history of it. */
  #trade({ volumes }: Series, row: number): number {
    if (volumes.length < ORDINARY_BARS) return Number.NaN;
    const sorted = [...volumes].sort((a, b) => a - b);
    return this.#rows.volume[row] / (this.#actions?.split[row] ?? 1) / sorted[ORDINARY_BARS / 2];
  }

  #isBadPrint(series: Series, row: number): boolean {
    const far = this.#far(row);
    // What is further was judged already, and somebody vouched for it.
    if (far < Math.log(FAR) || far > Math.log(EXTREME_FACTOR) || series.ranges.length < ORDINARY_BARS) return false;
    return far > FAR_TIMES * Math.max(...series.ranges) && this.#trade(series, row) < QUIET_VOLUME;
  }

  #far(row: number): number {
    return Math.log(Math.max(this.#above(row), this.#below(row)));
  }

  #above(row: number): number {
    const { open, high, close } = this.#rows;
    return high[row] / Math.max(open[row], close[row]);
  }

  #below(row: number): number {
    const { open, low, close } = this.#rows;
    return Math.min(open[row], close[row]) / low[row];
  }

  #range(row: number): string {
    const { open, high, low, close } = this.#rows;
    return `${low[row]}..${high[row]} around ${open[row]} and ${close[row]}`;
  }

  /** Whether another symbol of the day has the close that this one should have, and the reverse. */
  #isSwapped(series: Series, row: number, at: number): boolean {
    const { date, symbol, close } = this.#rows;
    const isPair = (other: number): boolean => {
      const theirs = this.#series.get(symbol[other]);
      if (!theirs || theirs.last === -1 || date[theirs.last] === date[row]) return false;
      return near(close[row], close[theirs.last], 0.05) && near(close[other], close[series.last], 0.05);
    };
    for (const step of [-1, 1]) {
      for (let i = at + step; i >= 0 && i < this.#order.length && date[this.#order[i]] === date[row]; i += step)
        if (isPair(this.#order[i])) return true;
    }
    return false;
  }

  /** The same prices as of the last bar: with its volume, or of a symbol whose price moves, and so many different ones that they do not come again by chance. */
  #isCopy({ last, squares }: Series, row: number): boolean {
    const { volume } = this.#rows;
    const prices = PRICES.map((name) => this.#rows[name][row]);
    if (PRICES.some((name, i) => this.#rows[name][last] !== prices[i])) return false;
    return (
      volume[last] === volume[row] ||
      (new Set(prices).size >= TELLING_PRICES && squares.filter((x) => x > 0).length >= MOVING_BARS)
    );
  }

  #setAside(series: Series, row: number, reason: QuarantineReason): void {
    if (reason === 'PRICE_JUMP' || reason === 'QUIET_JUMP')
      series.suspect = this.#rows.close[row] * (this.#actions?.split[row] ?? 1);
    if (reason === 'UNDECLARED_SPLIT' || reason === 'VOLUME_UNIT') series.held++;
  }

  #accept(series: Series, row: number): void {
    const split = this.#actions?.split[row] ?? 1;
    if (split !== 1) series.volumes = series.volumes.map((volume) => volume * split);
    if (series.held >= HELD_BARS) series.volumes = [];
    if (this.#rows.volume[row] > 0) keepLatest(series.volumes, this.#rows.volume[row]);
    keepLatest(series.ranges, this.#far(row));
    if (series.last !== -1) {
      const worth = (this.#rows.close[row] + (this.#actions?.dividend[row] ?? 0)) * split;
      const move = Math.abs(Math.log(worth / this.#rows.close[series.last]));
      keepLatest(series.squares, Math.min(move, QUIET_JUMP) ** 2);
    }
    series.last = row;
    series.suspect = Number.NaN;
    series.held = 0;
  }
}

function keepLatest(values: number[], value: number): void {
  values.push(value);
  if (values.length > ORDINARY_BARS) values.shift();
}

/** A split of some size is declared, and less than a third of it is in the price, or its reverse is: `raw` is the price over the one before it, both as traded. */
const isUnseen = (split: number, raw: number): boolean =>
  Math.abs(Math.log(split)) > SMALL_SPLIT && -Math.log(raw) / Math.log(split) < 1 / 3;

function isOtherUnit(volume: number, before: readonly number[]): boolean {
  if (before.length < ORDINARY_BARS || !(volume > 0)) return false;
  const isFar = (other: number): boolean => volume > VOLUME_FACTOR * other || volume * VOLUME_FACTOR < other;
  return isFar(before[0]) && before.every(isFar);
}
