import type { CorporateAction } from './bar.ts';
import type { ParsedBars } from './parsed-bars.ts';
import type { Worth } from './spin-offs.ts';

/** The rows of all files in scope, as columns; `batch` and `line` say where each stands. */
export interface Rows {
  symbol: string[];
  date: string[];
  open: number[];
  high: number[];
  low: number[];
  close: number[];
  volume: number[];
  dividend: number[];
  split: number[];
  hasActions: boolean;
  line: number[];
  batch: number[];
}

export function gather(batches: readonly ParsedBars[], inScope: (symbol: string, date: string) => boolean): Rows {
  const rows: Rows = {
    symbol: [],
    date: [],
    open: [],
    high: [],
    low: [],
    close: [],
    volume: [],
    dividend: [],
    split: [],
    hasActions: batches.some((batch) => batch.dividend !== null),
    line: [],
    batch: [],
  };
  batches.forEach((batch, b) => {
    for (let i = 0; i < batch.symbol.length; i++) {
      if (!inScope(batch.symbol[i], batch.date[i])) continue;
      rows.symbol.push(batch.symbol[i]);
      rows.date.push(batch.date[i]);
      rows.open.push(batch.open[i]);
      rows.high.push(batch.high[i]);
      rows.low.push(batch.low[i]);
      rows.close.push(batch.close[i]);
      rows.volume.push(batch.volume[i]);
      rows.dividend.push(batch.dividend?.[i] ?? 0);
      rows.split.push(batch.split?.[i] ?? 1);
      rows.line.push(batch.line[i]);
      rows.batch.push(b);
    }
  });
  return rows;
}

export interface Actions {
  /** Cash and the worth of what was spun off. */
  dividend: Float64Array;
  split: Float64Array;
  /** 1 where something was spun off whose worth nobody knew at the close of the day. */
  unpriced: Uint8Array;
}

/**
 * Actions by row: those of the file, and those of an actions file on the first bar on or after their ex-date. A spin-off of unknown worth holds back what
 * comes after it, and falls on the first bar on or after the day on which its worth is known.
 */
export function withActions(
  rows: Rows,
  order: Uint32Array,
  list: readonly CorporateAction[],
  nameOf: (action: CorporateAction) => string,
  worth: ReadonlyMap<CorporateAction, Worth>,
): Actions | null {
  if (!rows.hasActions && list.length === 0) return null;
  const actions = {
    dividend: Float64Array.from(rows.dividend),
    split: Float64Array.from(rows.split),
    unpriced: new Uint8Array(rows.symbol.length),
  };
  const bySymbol = new Map<string, CorporateAction[]>();
  for (const action of list) {
    const known = bySymbol.get(nameOf(action));
    if (known) known.push(action);
    else bySymbol.set(nameOf(action), [action]);
  }
  for (const known of bySymbol.values()) known.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
  const next = new Map<string, number>();
  for (const row of order) {
    const pending = bySymbol.get(rows.symbol[row]);
    if (!pending) continue;
    let i = next.get(rows.symbol[row]) ?? 0;
    for (; i < pending.length && pending[i].date <= rows.date[row]; i++) {
      const { spinoff, dividend, split } = pending[i];
      const spun = worth.get(pending[i]);
      if (spinoff && (!spun || spun.knownDate > rows.date[row])) {
        actions.unpriced[row] = 1;
        break;
      }
      actions.dividend[row] = actions.dividend[row] / split + dividend + (spun?.value ?? 0);
      actions.split[row] *= split;
    }
    next.set(rows.symbol[row], i);
  }
  return actions;
}

/** End of the run of rows, in the given order, that have the symbol and date of the row at `start`. */
export function endOfDuplicates(rows: Rows, order: Uint32Array, start: number): number {
  let end = start + 1;
  const first = order[start];
  while (
    end < order.length &&
    rows.symbol[order[end]] === rows.symbol[first] &&
    rows.date[order[end]] === rows.date[first]
  )
    end++;
  return end;
}

export function identicalRun(rows: Rows, order: Uint32Array, start: number, end: number): boolean {
  const a = order[start];
  for (let i = start + 1; i < end; i++) {
    const b = order[i];
    const same =
      rows.open[a] === rows.open[b] &&
      rows.high[a] === rows.high[b] &&
      rows.low[a] === rows.low[b] &&
      rows.close[a] === rows.close[b] &&
      Object.is(rows.volume[a], rows.volume[b]) &&
      rows.dividend[a] === rows.dividend[b] &&
      rows.split[a] === rows.split[b];
    if (!same) return false;
  }
  return true;
}
