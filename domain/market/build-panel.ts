import { type BarTable, barsUntil } from './bar.ts';
import type { Instrument } from './instrument.ts';
import type { MarketPanel, PanelExit } from './panel.ts';

/**
 * The market known at the close of `asOf`, as dense arrays, from bars in one table or in several, by date. Sessions are the dates that have a bar. A session without a bar inside an asset's life is a
 * halt: the asset is held, earns 0, and its whole move falls on the first bar after it.
 *
 * Total return of a bar, with dividend D per unit after the split S: (P_t + D) S / P_last - 1.
 *
 * Ends of life (see {@link PanelExit}): on the first session on or after the event's date, or later, when the successor
 * has its first bar. Cash that is paid beside the successor's units is put into them. A successor outside the panel pays the last price in cash; one that has ended too by then gives what its own
 * holders get. Bars after the end are ignored. A halt without an event
 * never ends: the holding stays at its last price, and nobody is told otherwise.
 *
 * An instrument with membership is in the universe from its join to its leave: before, between and after, it is not listed and its bars are ignored, but for
 * their splits: shares of a report from before the join are counted by them. On the first session on or after a leave its holding becomes cash at the
 * last close. A successor that is no member on that session pays in cash too.
 */
export function buildPanel(
  bars: BarTable | readonly BarTable[],
  instruments: readonly Instrument[],
  asOf: string,
): MarketPanel {
  const parts = ('date' in bars ? [bars] : bars).map((part) => barsUntil(part, asOf));
  const numbers = new Map<string, number>();
  const numbered = parts.map(({ symbol }) => numberedSymbols(symbol, numbers));
  const listed = instruments
    .filter(({ symbol, membership }) => numbers.has(symbol) && (membership?.some(({ from }) => from <= asOf) ?? true))
    .sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  const index = new Map(listed.map(({ symbol }, a) => [symbol, a]));
  const assetOfNumber = Int32Array.from(numbers.keys(), (symbol) => index.get(symbol) ?? -1);
  const dates: string[] = [];
  const placed = parts.map(({ date }, part) => {
    const asset = numbered[part].map((number) => assetOfNumber[number]);
    return { asset, session: sessionsOf(date, asset, dates) };
  });
  const [T, A] = [dates.length, listed.length];
  const panel = {
    dates,
    symbols: listed.map(({ symbol }) => symbol),
    groups: listed.map(({ group }) => group),
    close: new Float64Array(T * A).fill(Number.NaN),
    returns: new Float64Array(T * A),
    tradable: new Uint8Array(T * A),
    listed: new Uint8Array(T * A),
    volume: new Float64Array(T * A).fill(Number.NaN),
    open: new Float64Array(T * A).fill(Number.NaN),
    high: new Float64Array(T * A).fill(Number.NaN),
    low: new Float64Array(T * A).fill(Number.NaN),
    split: new Float64Array(T * A).fill(1),
  };
  const ends = listed.map(({ events }) => endOfLife(events, asOf, dates));
  const stays = listed.map(({ membership }) => staysOf(membership, dates));
  const put = (part: BarTable, { asset, session }: { asset: Int32Array; session: Int32Array }): void => {
    const { open, high, low, close, volume, dividend, split } = part;
    for (let row = 0; row < asset.length; row++) {
      const a = asset[row];
      if (a === -1) continue;
      const t = session[row];
      const at = t * A + a;
      if (split) panel.split[at] = split[row];
      const stay = stayAt(stays[a], t);
      if (!stay || t >= (ends[a]?.from ?? T)) continue;
      panel.close[at] = close[row];
      panel.volume[at] = close[row] * volume[row];
      panel.open[at] = open[row];
      panel.high[at] = high[row];
      panel.low[at] = low[row];
      panel.tradable[at] = 1;
      if (stay.last === -1) stay.first = t;
      else {
        const total = (close[row] + (dividend ? dividend[row] : 0)) * (split ? split[row] : 1);
        panel.returns[at] = total / panel.close[stay.last * A + a] - 1;
      }
      stay.last = t;
    }
  };
  for (const [i, part] of parts.entries()) put(part, placed[i]);
  const exits: PanelExit[] = [];
  for (let a = 0; a < A; a++) {
    for (const stay of stays[a]) {
      if (stay.last === -1) continue;
      const end = ends[a];
      const exit =
        end && end.from < stay.to
          ? exitOf(end, a, { ends, index, stays, panel })
          : stay.to < T
            ? { t: stay.to, asset: a, successor: -1, finalReturn: 0 }
            : null;
      if (exit) exits.push(exit);
      list(panel.listed, A, a, stay.first, exit?.t ?? T);
    }
  }
  exits.sort((x, y) => x.t - y.t || x.asset - y.asset);
  return { ...panel, exits };
}

/** One asset, listed in sessions `first`..`end` (exclusive). */
function list(listed: Uint8Array, assets: number, asset: number, first: number, end: number): void {
  for (let t = first; t < end; t++) listed[t * assets + asset] = 1;
}

/** The number of each row's symbol, in the order of their first rows: text is looked up once a row. */
function numberedSymbols(symbol: readonly string[], numbers: Map<string, number>): Int32Array {
  const ofRow = new Int32Array(symbol.length);
  for (let row = 0; row < ofRow.length; row++) {
    let number = numbers.get(symbol[row]);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(symbol[row], number);
    }
    ofRow[row] = number;
  }
  return ofRow;
}

/** The session index of each row; adds to `dates` those of rows of the panel's assets (-1: of another). */
function sessionsOf(date: readonly string[], asset: Int32Array, dates: string[]): Int32Array {
  const session = new Int32Array(asset.length);
  let last = dates[dates.length - 1];
  for (let row = 0; row < asset.length; row++) {
    if (asset[row] !== -1 && last !== date[row]) {
      last = date[row];
      dates.push(last);
    }
    session[row] = dates.length - 1;
  }
  return session;
}

interface EndOfLife {
  /** First session on or after the event. */
  from: number;
  successor: string | null;
  value: number | null;
  cash: number;
}

function endOfLife(events: Instrument['events'], asOf: string, dates: readonly string[]): EndOfLife | null {
  const event = events.filter(({ date }) => date <= asOf).sort((a, b) => (a.date < b.date ? -1 : 1))[0];
  if (!event) return null;
  const from = dates.findIndex((date) => date >= event.date);
  return from === -1 ? null : { from, successor: event.successor, value: event.value, cash: event.cash ?? 0 };
}

/** A stretch of sessions in which an asset belongs to the universe, and its first and last bar in it (-1: none). */
interface Stay {
  from: number;
  /** The first session after it; T: it lasts. */
  to: number;
  first: number;
  last: number;
}

function staysOf(membership: Instrument['membership'], dates: readonly string[]): Stay[] {
  const sessionOf = (day: string): number => {
    const t = dates.findIndex((date) => date >= day);
    return t === -1 ? dates.length : t;
  };
  return (membership ?? [{ from: '', to: null }]).map(({ from, to }) => ({
    from: sessionOf(from),
    to: to === null ? dates.length : sessionOf(to),
    first: -1,
    last: -1,
  }));
}

function stayAt(stays: readonly Stay[], t: number): Stay | undefined {
  for (const stay of stays) if (t >= stay.from && t < stay.to) return stay;
  return undefined;
}

function successorOf(end: EndOfLife, index: ReadonlyMap<string, number>, stays: readonly Stay[][]): number | undefined {
  const successor = end.successor === null ? undefined : index.get(end.successor);
  const belongs = successor !== undefined && stays[successor].some(({ from, to }) => end.from >= from && end.from < to);
  return belongs ? successor : undefined;
}

interface Lives {
  ends: readonly (EndOfLife | null)[];
  index: ReadonlyMap<string, number>;
  stays: readonly Stay[][];
  panel: Pick<MarketPanel, 'dates' | 'symbols' | 'close' | 'tradable'>;
}

/** null: it waits for the successor's first bar. `through`: assets whose holdings came to this one by their own ends. */
function exitOf(end: EndOfLife, asset: number, lives: Lives, through: readonly number[] = []): PanelExit | null {
  const { ends, index, stays, panel } = lives;
  const [T, A] = [panel.dates.length, panel.symbols.length];
  const lastClose = lastCloseOf(asset, end.from, lives);
  const finalReturn = (unit: number): number =>
    ((end.value === null ? lastClose : end.value * unit) + end.cash) / lastClose - 1;
  const successor = successorOf(end, index, stays);
  if (successor === undefined) {
    return { t: end.from, asset, successor: -1, finalReturn: end.successor === null ? finalReturn(1) : 0 };
  }
  const gone = ends[successor];
  const itsLast = lastCloseOf(successor, end.from, lives);
  if (gone && gone.from <= end.from && itsLast > 0 && !through.includes(successor)) {
    const next = exitOf({ ...gone, from: end.from }, successor, lives, [...through, asset]);
    return next && { ...next, asset, finalReturn: (1 + finalReturn(itsLast)) * (1 + next.finalReturn) - 1 };
  }
  for (let t = end.from; t < T; t++) {
    if (panel.tradable[t * A + successor])
      return { t, asset, successor, finalReturn: finalReturn(panel.close[t * A + successor]) };
  }
  return null;
}

function lastCloseOf(asset: number, before: number, { stays, panel }: Lives): number {
  const last = stays[asset].findLast(({ last }) => last !== -1 && last < before)?.last ?? -1;
  return panel.close[last * panel.symbols.length + asset];
}
