import { badInput } from '../errors.ts';
import { type BarTable, barOrder, type CorporateAction, selectBars } from './bar.ts';
import type { Rows } from './gathered-rows.ts';
import type { Membership } from './membership.ts';
import { type PointInTimeTable, pointInTimeTable } from './point-in-time.ts';

/** A symbol that an instrument had, up to the day before `until`. */
export interface Former {
  symbol: string;
  until: string;
}

/** From each symbol that an instrument has or had to the one that it has; what one has is no other's former. */
export const presentSymbols = (instruments: readonly { symbol: string; formerly?: readonly Former[] | undefined }[]) =>
  new Map<string, string>([
    ...instruments.flatMap(({ symbol, formerly = [] }) =>
      formerly.map((former): [string, string] => [former.symbol, symbol]),
    ),
    ...instruments.map(({ symbol }): [string, string] => [symbol, symbol]),
  ]);

interface Change {
  date: string;
  from: string;
  to: string;
}

/**
 * What instruments are called at the close of a day, by what they were called before: changes of later days are not known. One instrument has its whole
 * history under its newest symbol. A symbol that was given up may be another's from that day on.
 */
export class SymbolNames {
  readonly #from = new Map<string, Change[]>();
  readonly #to = new Map<string, Change[]>();
  readonly #changes: readonly Change[];

  constructor(changes: readonly Change[]) {
    this.#changes = [...changes].sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
    for (const change of this.#changes) {
      this.#from.set(change.from, [...(this.#from.get(change.from) ?? []), change]);
      this.#to.set(change.to, [...(this.#to.get(change.to) ?? []), change]);
    }
  }

  /** The newest change of what was called `symbol` at the close of `date`; null: it has kept its symbol. */
  last(symbol: string, date: string): Change | null {
    let found: Change | null = null;
    for (let [name, since] = [symbol, date]; ; [name, since] = [found.to, found.date]) {
      const next = this.#from.get(name)?.find((change) => change.date > since);
      if (!next) return found;
      found = next;
    }
  }

  /** The newest symbol of what was called `symbol` at the close of `date`. */
  nameOf(symbol: string, date: string): string {
    return this.last(symbol, date)?.to ?? symbol;
  }

  /** The newest symbol of what was called `symbol` at the open of `date`: an action comes under the symbol before, even on the day of a change. */
  nameAtOpen(symbol: string, date: string): string {
    const today = this.#from.get(symbol)?.find((change) => change.date === date);
    return today ? this.nameOf(today.to, date) : this.nameOf(symbol, date);
  }

  /** The newest change by which `symbol` was given up until `date`; undefined: it was not, or another change gave it to another instrument since. */
  givenUp(symbol: string, date: string): Change | undefined {
    const change = this.#from.get(symbol)?.findLast((each) => each.date <= date);
    return this.#to.get(symbol)?.some((each) => change && each.date >= change.date && each.date <= date)
      ? undefined
      : change;
  }

  /** Whether what was called `symbol` at the close of `date` never changed it, and another instrument has taken it since: nothing of the one is the other's. */
  isAnothers(symbol: string, date: string): boolean {
    return date < (this.former(symbol).at(-1)?.until ?? '') && this.last(symbol, date) === null;
  }

  /** What is called `symbol` now was called, oldest first. */
  former(symbol: string): Former[] {
    const chain: Former[] = [];
    for (let [name, before] = [symbol, '~']; ; ) {
      const change = this.#to.get(name)?.findLast(({ date }) => date < before);
      if (!change) return chain.reverse();
      chain.push({ symbol: change.from, until: change.date });
      [name, before] = [change.from, change.date];
    }
  }

  /** What is called `symbol` now was called so at the close of `date`. */
  nameOn(symbol: string, date: string): string {
    return this.former(symbol).find(({ until }) => date < until)?.symbol ?? symbol;
  }

  /** Members by their newest symbols too: a list that names an instrument by an old symbol still means it. */
  members(listed: ReadonlySet<string>): ReadonlySet<string> {
    const all = new Set(listed);
    for (const { from, to } of this.#changes) if (all.has(from)) all.add(to);
    return all;
  }
}

/**
 * The changes of symbol that were known at the close of `asOf`; null: there are none.
 *
 * @throws ProductError SYMBOL_CHANGE_CONFLICT (bad input): one symbol becomes two on one day, or two become one.
 */
export function symbolNames(actions: readonly CorporateAction[], asOf: string): SymbolNames | null {
  const [byOld, byNew] = [new Map<string, Change>(), new Map<string, Change>()];
  for (const { symbol: from, date, newSymbol: to } of actions) {
    if (to === undefined || date > asOf) continue;
    const [before, taken] = [byOld.get(`${date} ${from}`), byNew.get(`${date} ${to}`)];
    if ((before && before.to !== to) || (taken && taken.from !== from)) {
      throw badInput('SYMBOL_CHANGE_CONFLICT', 'Two changes of symbol contradict each other', {
        facts: {
          field: 'new_symbol',
          date,
          value: `${from} to ${to}`,
          other: `${(before ?? taken)?.from} to ${(before ?? taken)?.to}`,
        },
        remedy: 'Keep the change that is right: a symbol becomes one other, and one alone takes a symbol on a day.',
      });
    }
    const change = { date, from, to };
    byOld.set(`${date} ${from}`, change);
    byNew.set(`${date} ${to}`, change);
  }
  return byOld.size > 0 ? new SymbolNames([...byOld.values()]) : null;
}

/**
 * Brings gathered rows under the newest symbols, in place.
 * @returns rows of another instrument that had such a symbol before: they must not become part of this one's history.
 */
export function renameRows(rows: Rows, names: SymbolNames): Set<number> {
  const since = new Map<string, string>();
  const own: number[] = [];
  for (let row = 0; row < rows.symbol.length; row++) {
    const change = names.last(rows.symbol[row], rows.date[row]);
    if (!change) own.push(row);
    else {
      if ((since.get(change.to) ?? '') < change.date) since.set(change.to, change.date);
      rows.symbol[row] = change.to;
    }
  }
  return new Set(own.filter((row) => rows.date[row] < (since.get(rows.symbol[row]) ?? '')));
}

/** Bars under the symbols of `asOf`, under those of now. */
export function renameBars(bars: BarTable, names: SymbolNames | null, asOf: string): BarTable {
  if (!names) return bars;
  const symbol = bars.symbol.map((name) => names.nameOf(name, asOf));
  const own = barOrder(symbol, bars.date).filter((row) => !names.isAnothers(bars.symbol[row], asOf));
  return selectBars({ ...bars, symbol }, own);
}

/**
 * Figures of companies under the symbols of now, each from that of the day on which it became known. One that goes on under a symbol that was given up is of what
 * gave it up, unless `isTaken`: another instrument has bars under it since.
 */
export function renameFigures(
  table: PointInTimeTable | null,
  names: SymbolNames | null,
  isTaken: (symbol: string, since: string) => boolean,
): PointInTimeTable | null {
  if (!names || !table) return table;
  const symbol = table.symbol.map((name, row) => {
    const change = names.givenUp(name, table.knownDate[row]);
    const isOwn = change && !isTaken(name, change.date);
    return isOwn ? names.nameOf(change.to, change.date) : names.nameOf(name, table.knownDate[row]);
  });
  return pointInTimeTable({ ...table, symbol });
}

/** Figures under the symbols of `asOf`, under those of now. */
export function renameTable(
  table: PointInTimeTable | null,
  names: SymbolNames | null,
  asOf: string,
): PointInTimeTable | null {
  if (!names || !table) return table;
  return pointInTimeTable({ ...table, symbol: table.symbol.map((name) => names.nameOf(name, asOf)) });
}

export const renameMemberships = (stretches: readonly Membership[], names: SymbolNames | null): Membership[] =>
  stretches.map((stretch) => (names ? { ...stretch, symbol: names.nameOf(stretch.symbol, stretch.from) } : stretch));
