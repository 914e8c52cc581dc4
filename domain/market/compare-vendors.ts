import type { BarTable } from './bar.ts';

/** A day on which two vendors do not say the same about a symbol. */
export interface Disagreement {
  symbol: string;
  date: string;
  /** Total return of the day by each, as a fraction. */
  a: number;
  b: number;
  /**
   * `reverts`: the difference is undone by the next day, so that one of the two has a bad or stale print; `stale`: the same, and one of the two did
   * not move at all; `action`: a split or distribution of that day; `stays`: none of these.
   */
  pattern: 'reverts' | 'stale' | 'action' | 'stays';
}

export interface VendorComparison {
  /** Returns that both have, over the same days. */
  compared: number;
  /** Days that both have after a day that only one has: their returns are over unequal spans, and are not compared. */
  unequalSpans: number;
  onlyInA: number;
  onlyInB: number;
  symbolsOnlyInA: string[];
  symbolsOnlyInB: string[];
  /** Median over the symbols of b's close in a's, on the last day that both have: another unit or currency. */
  level: number;
  /** Days by which b's returns come later than a's: where those of the day beside fit twice as well as those of the day itself. */
  shift: -1 | 0 | 1;
  /** Number of returns that differ by more than so many points (hundredths), largest limit first. */
  bySize: { points: number; days: number; shareBps: number }[];
  byYear: Record<string, number>;
  bySymbol: Record<string, number>;
  /** Beyond the band, in order of date. */
  disagreements: Disagreement[];
}

const SIZES = [10, 5, 2, 1, 0.5];

interface Return {
  /** The day of the close before. */
  since: string;
  value: number;
  action: boolean;
  close: number;
}
type Returns = ReadonlyMap<string, ReadonlyMap<string, Return>>;

/**
 * Compare the daily total returns of two vendors for the symbols and days that both have. Returns, not prices: adjusted levels hold what happened
 * later. `band` is the difference, in points (0.01 = a hundredth of the price), from which on a day is listed.
 */
export function compareVendors(a: BarTable, b: BarTable, band = 0.02): VendorComparison {
  const [mine, theirs] = [returnsOf(a), returnsOf(b)];
  const comparison: VendorComparison = {
    compared: 0,
    unequalSpans: 0,
    onlyInA: 0,
    onlyInB: 0,
    symbolsOnlyInA: [...mine.keys()].filter((symbol) => !theirs.has(symbol)).sort(),
    symbolsOnlyInB: [...theirs.keys()].filter((symbol) => !mine.has(symbol)).sort(),
    level: levelOf(mine, theirs),
    shift: shiftOf(mine, theirs),
    bySize: SIZES.map((points) => ({ points, days: 0, shareBps: 0 })),
    byYear: {},
    bySymbol: {},
    disagreements: [],
  };
  for (const [symbol, days] of mine) {
    const others = theirs.get(symbol);
    const both = [...days.keys()].filter((date) => others?.has(date));
    comparison.onlyInA += days.size - both.length;
    const equal = both.filter((date) => days.get(date)!.since === others!.get(date)!.since);
    comparison.compared += equal.length;
    comparison.unequalSpans += both.length - equal.length;
    if (others) compareSymbol(symbol, equal, days, others, band, comparison);
  }
  const total = [...theirs.values()].reduce((sum, days) => sum + days.size, 0);
  comparison.onlyInB = total - comparison.compared - comparison.unequalSpans;
  for (const size of comparison.bySize)
    size.shareBps = comparison.compared ? (1e4 * size.days) / comparison.compared : 0;
  comparison.disagreements.sort((x, y) => (x.date < y.date ? -1 : x.date > y.date ? 1 : x.symbol < y.symbol ? -1 : 1));
  return comparison;
}

const daysOfBoth = (mine: Returns, theirs: Returns, symbol: string): string[] =>
  [...mine.get(symbol)!.keys()].filter((date) => theirs.get(symbol)?.has(date));

function levelOf(mine: Returns, theirs: Returns): number {
  const ratios = [...mine.keys()].flatMap((symbol) => {
    const last = daysOfBoth(mine, theirs, symbol).at(-1);
    return last === undefined ? [] : [theirs.get(symbol)!.get(last)!.close / mine.get(symbol)!.get(last)!.close];
  });
  return ratios.sort((a, b) => a - b)[ratios.length >> 1] ?? Number.NaN;
}

function shiftOf(mine: Returns, theirs: Returns): -1 | 0 | 1 {
  const apart = { '-1': 0, '0': 0, '1': 0 };
  for (const symbol of mine.keys()) {
    const dates = daysOfBoth(mine, theirs, symbol);
    const a = dates.map((date) => mine.get(symbol)!.get(date)!.value);
    const b = dates.map((date) => theirs.get(symbol)!.get(date)!.value);
    for (let t = 1; t + 1 < dates.length; t++)
      for (const lag of [-1, 0, 1] as const) apart[lag] += Math.abs(b[t + lag] - a[t]);
  }
  const beside = apart[1] < apart[-1] ? 1 : -1;
  return 2 * apart[beside] < apart[0] ? beside : 0;
}

function compareSymbol(
  symbol: string,
  dates: readonly string[],
  mine: ReadonlyMap<string, Return>,
  theirs: ReadonlyMap<string, Return>,
  band: number,
  into: VendorComparison,
): void {
  const difference = dates.map((date) => mine.get(date)!.value - theirs.get(date)!.value);
  dates.forEach((date, t) => {
    const size = Math.abs(difference[t]);
    for (const entry of into.bySize) if (size > entry.points / 100) entry.days++;
    if (!(size > band)) return;
    const [a, b] = [mine.get(date)!, theirs.get(date)!];
    const undone = [difference[t - 1], difference[t + 1]].some((other) => Math.abs(difference[t] + other) < size / 2);
    const still = Math.min(Math.abs(a.value), Math.abs(b.value)) < 1e-9;
    const pattern = undone ? (still ? 'stale' : 'reverts') : a.action || b.action ? 'action' : 'stays';
    into.disagreements.push({ symbol, date, a: a.value, b: b.value, pattern });
    into.byYear[date.slice(0, 4)] = (into.byYear[date.slice(0, 4)] ?? 0) + 1;
    into.bySymbol[symbol] = (into.bySymbol[symbol] ?? 0) + 1;
  });
}

function returnsOf(bars: BarTable): Map<string, Map<string, Return>> {
  const last = new Map<string, { close: number; date: string }>();
  const returns = new Map<string, Map<string, Return>>();
  for (let row = 0; row < bars.symbol.length; row++) {
    const symbol = bars.symbol[row];
    const before = last.get(symbol);
    last.set(symbol, { close: bars.close[row], date: bars.date[row] });
    if (before === undefined) continue;
    const [dividend, split] = [bars.dividend?.[row] ?? 0, bars.split?.[row] ?? 1];
    let days = returns.get(symbol);
    if (!days) {
      days = new Map();
      returns.set(symbol, days);
    }
    const value = ((bars.close[row] + dividend) * split) / before.close - 1;
    days.set(bars.date[row], {
      since: before.date,
      value,
      action: dividend !== 0 || split !== 1,
      close: bars.close[row],
    });
  }
  return returns;
}
