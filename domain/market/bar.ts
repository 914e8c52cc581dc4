import { ProductError } from '../errors.ts';

/**
 * Daily bars as columns, one row a symbol and session, sorted by date, then symbol (code unit order), no row twice.
 * Prices are as traded, in the numeraire. `volume` is in units traded; NaN where the source has none (reference rates).
 */
export interface BarTable {
  symbol: string[];
  /** ISO dates. */
  date: string[];
  open: Float64Array;
  high: Float64Array;
  low: Float64Array;
  close: Float64Array;
  volume: Float64Array;
  /** Cash paid, and the worth of what was spun off, going ex on this date, per unit after the split; absent: prices carry no actions. */
  dividend?: Float64Array;
  /** Units after for one unit before, in force from this date; 1 where nothing happens. */
  split?: Float64Array;
}

export const PRICE_COLUMNS = ['open', 'high', 'low', 'close', 'volume'] as const;
export type PriceColumn = (typeof PRICE_COLUMNS)[number];
export const ACTION_COLUMNS = ['dividend', 'split'] as const;
export const NUMBER_COLUMNS = [...PRICE_COLUMNS, ...ACTION_COLUMNS] as const;
/** What an action's column says where nothing happens. */
export const NO_ACTION = { dividend: 0, split: 1 } as const;

/** What a holder received of a company that was parted from the one held, per unit after the split: its worth, or units of `symbol`. */
export type SpinOff = { value: number } | { ratio: number; symbol: string };

/** What happens to the holders of `symbol` at the open of `date`: a dividend, a split, a spin-off, another symbol. */
export interface CorporateAction {
  symbol: string;
  date: string;
  dividend: number;
  split: number;
  spinoff?: SpinOff;
  /** The symbol under which it trades from `date` on. */
  newSymbol?: string;
}

/** Rows `indices` of a table, in that order. */
export function selectBars(bars: BarTable, indices: ArrayLike<number>): BarTable {
  const pick = (column: Float64Array): Float64Array => Float64Array.from(indices, (i) => column[i]);
  const selected: BarTable = {
    symbol: Array.from(indices, (i) => bars.symbol[i]),
    date: Array.from(indices, (i) => bars.date[i]),
    open: pick(bars.open),
    high: pick(bars.high),
    low: pick(bars.low),
    close: pick(bars.close),
    volume: pick(bars.volume),
  };
  if (bars.dividend && bars.split) {
    selected.dividend = pick(bars.dividend);
    selected.split = pick(bars.split);
  }
  return selected;
}

/** The bars known at the close of `asOf`: a prefix, as rows are sorted by date. */
export function barsUntil(bars: BarTable, asOf: string): BarTable {
  let [low, high] = [0, bars.date.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bars.date[middle] <= asOf) low = middle + 1;
    else high = middle;
  }
  if (low === bars.date.length) return bars;
  const cut: BarTable = {
    symbol: bars.symbol.slice(0, low),
    date: bars.date.slice(0, low),
    open: bars.open.subarray(0, low),
    high: bars.high.subarray(0, low),
    low: bars.low.subarray(0, low),
    close: bars.close.subarray(0, low),
    volume: bars.volume.subarray(0, low),
  };
  if (bars.dividend && bars.split) {
    cut.dividend = bars.dividend.subarray(0, low);
    cut.split = bars.split.subarray(0, low);
  }
  return cut;
}

/**
 * The order of rows by date, then symbol, then given order: a permutation of 0..n-1.
 * Sorts numbers, not strings: date rank, symbol rank and row packed into one integer below 2^53.
 */
export function barOrder(symbol: readonly string[], date: readonly string[]): Uint32Array {
  const rows = symbol.length;
  const symbolRank = ranksOf(symbol);
  const dateRank = ranksOf(date);
  if (dateRank.size * symbolRank.size * rows > Number.MAX_SAFE_INTEGER) {
    throw new ProductError('BARS_TOO_LARGE', 'The table is too large to be sorted in one piece', { facts: { rows } });
  }
  const keys = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    keys[i] = (dateRank.get(date[i])! * symbolRank.size + symbolRank.get(symbol[i])!) * rows + i;
  }
  keys.sort();
  return Uint32Array.from(keys, (key) => key % rows);
}

function ranksOf(values: readonly string[]): Map<string, number> {
  const distinct = [...new Set(values)].sort();
  return new Map(distinct.map((value, rank) => [value, rank]));
}
