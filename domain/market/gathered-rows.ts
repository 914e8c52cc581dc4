import { badInput } from '../errors.ts';
import { ACTION_COLUMNS, type CorporateAction, NO_ACTION, NUMBER_COLUMNS, PRICE_COLUMNS } from './bar.ts';
import { type BarColumns, emptyBarColumns, type ParsedBars } from './parsed-bars.ts';
import type { Worth } from './spin-offs.ts';

/** The rows of all files in scope, as columns; `batch` and `line` say where each stands. */
export interface Rows extends BarColumns {
  dividend: number[];
  split: number[];
  hasActions: boolean;
  batch: number[];
}

export function gather(batches: readonly ParsedBars[], inScope: (symbol: string, date: string) => boolean): Rows {
  const rows: Rows = {
    ...emptyBarColumns(),
    dividend: [],
    split: [],
    hasActions: batches.some((batch) => batch.dividend !== null),
    batch: [],
  };
  batches.forEach((batch, b) => {
    const kept: number[] = [];
    for (let i = 0; i < batch.symbol.length; i++) if (inScope(batch.symbol[i], batch.date[i])) kept.push(i);
    for (const name of ['symbol', 'date'] as const) for (const i of kept) rows[name].push(batch[name][i]);
    for (const name of [...PRICE_COLUMNS, 'line'] as const) for (const i of kept) rows[name].push(batch[name][i]);
    for (const i of kept) {
      rows.dividend.push(batch.dividend?.[i] ?? NO_ACTION.dividend);
      rows.split.push(batch.split?.[i] ?? NO_ACTION.split);
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
 * Actions by row: those of the file, and those of an actions file on the first bar on or after their ex-date. Of one day all splits come before all
 * dividends, in whatever order they are listed; what an earlier day paid is divided by the splits of later days. A spin-off of unknown worth holds back
 * what comes on its day and after it, and falls on the first bar on or after the day on which its worth is known. Actions from before the first bar are passed over.
 *
 * @throws ProductError ACTIONS_STATED_TWICE (bad input): the bars and the actions file both have a dividend, or both a split, of one day.
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
    const date = rows.date[row];
    const isUnpriced = (action: CorporateAction): boolean =>
      action.spinoff !== undefined && !((worth.get(action)?.knownDate ?? '~') <= date);
    const earlier = { dividend: 0, split: 1 };
    const today = { dividend: rows.dividend[row], split: rows.split[row] };
    // What happened before there was a bar happened to nobody here.
    let i = next.get(rows.symbol[row]) ?? pending.filter((action) => action.date < date).length;
    while (i < pending.length && pending[i].date <= date) {
      let end = i + 1;
      while (pending[end]?.date === pending[i].date) end++;
      const ofDay = pending.slice(i, end);
      if (ofDay.some(isUnpriced)) {
        actions.unpriced[row] = 1;
        break;
      }
      if (pending[i].date === date) refuseTwice(rows, row, ofDay);
      const paid = ofDay.reduce((sum, action) => sum + action.dividend + (worth.get(action)?.value ?? 0), 0);
      const split = ofDay.reduce((product, action) => product * action.split, 1);
      if (pending[i].date === date) today.dividend += paid;
      else earlier.dividend = earlier.dividend / split + paid;
      (pending[i].date === date ? today : earlier).split *= split;
      i = end;
    }
    next.set(rows.symbol[row], i);
    actions.dividend[row] = earlier.dividend / today.split + today.dividend;
    actions.split[row] = earlier.split * today.split;
  }
  return actions;
}

function refuseTwice(rows: Rows, row: number, ofDay: readonly CorporateAction[]): void {
  const field = ACTION_COLUMNS.find(
    (name) => rows[name][row] !== NO_ACTION[name] && ofDay.some((action) => action[name] !== NO_ACTION[name]),
  );
  if (field === undefined) return;
  throw badInput('ACTIONS_STATED_TWICE', `The bars and the actions file both state a ${field} of ${rows.symbol[row]}`, {
    facts: { symbol: rows.symbol[row], date: rows.date[row], line: rows.line[row], field, value: rows[field][row] },
    remedy: 'State each corporate action in one place: in the columns beside the prices, or in actions.csv.',
  });
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

type Run = [rows: Rows, order: Uint32Array, start: number, end: number];

const isAlike =
  (names: readonly (typeof NUMBER_COLUMNS)[number][]) =>
  (...[rows, order, start, end]: Run): boolean =>
    order
      .subarray(start + 1, end)
      .every((row) => names.every((name) => Object.is(rows[name][row], rows[name][order[start]])));

/** Whether the rows of a run are the same in every number. */
export const identicalRun = isAlike(NUMBER_COLUMNS);
export const haveSameActions = isAlike(ACTION_COLUMNS);
