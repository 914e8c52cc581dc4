import { badInput } from '../errors.ts';
import { type BarTable, barOrder, type CorporateAction } from './bar.ts';
import { CarriedActions } from './carried-actions.ts';
import { dataSessions } from './data-sessions.ts';
import {
  type Actions,
  endOfDuplicates,
  gather,
  haveSameActions,
  identicalRun,
  type Rows,
  withActions,
} from './gathered-rows.ts';
import { CASH } from './instrument.ts';
import type { ParsedBars } from './parsed-bars.ts';
import { isJudgement, type QuarantinedRow, rowId } from './quarantine.ts';
import { type CalendarRules, calendarFinding, type Finding, rowFinding } from './row-rules.ts';
import { SeriesRules } from './series-rules.ts';
import { spinOffWorth } from './spin-offs.ts';
import { renameRows, type SymbolNames, symbolNames } from './symbol-names.ts';

export interface BarRules extends CalendarRules {
  /** Rows after this date are not looked at: they were not known. */
  asOf: string;
  /** Symbols to keep; null: all. Rows of other symbols are left out, not quarantined. */
  members: ReadonlySet<string> | null;
  actions?: readonly CorporateAction[];
  /** Ids of rows that someone vouched for ({@link rowId}): judgements about them are not repeated. */
  released?: ReadonlySet<string>;
}

export interface CheckedBars {
  bars: BarTable;
  quarantined: QuarantinedRow[];
  /** Rows looked at, bad ones included. */
  rows: number;
  /** The sessions of calendar `data`; null for the calendars with rules. */
  dataDates: ReadonlySet<string> | null;
  /** Ids of the rows that are in only because someone vouched for them. */
  released: string[];
}

/**
 * The contracts of a batch of bars: what a row says about itself, the calendar, its own past, the other symbols of its day. Each bad row is set
 * aside with a reason; nothing is imputed or mended. Every rule looks at the past only, so the bars known on a day do not depend on later rows.
 *
 * Rows come under the symbols that were in force at the close of `asOf`, so a change of symbol breaks no series ({@link renameRows}).
 *
 * A split or dividend of a day whose bar is set aside falls on the next good bar ({@link CarriedActions}).
 *
 * Duplicates: of identical rows the first is kept; of rows that differ none is, as nobody can say which is right.
 *
 * @throws ProductError SYMBOL_RESERVED, ACTIONS_STATED_TWICE, SYMBOL_CHANGE_CONFLICT (bad input).
 */
export function checkBars(batches: readonly ParsedBars[], given: BarRules): CheckedBars {
  const list = (given.actions ?? []).filter(({ date }) => date <= given.asOf);
  const names = symbolNames(list, given.asOf);
  const ends = [...(given.lifeEnds ?? [])].filter(([symbol, date]) => !names?.isAnothers(symbol, date));
  const rules = { ...given, lifeEnds: new Map(ends) };
  const inScope = scopeOf(rules, names);
  const rows = gather(batches, inScope);
  refuseCash(rows, batches);
  const others = names ? renameRows(rows, names) : new Set<number>();
  const quarantined = batches.flatMap((batch) => batch.rejected.filter((row) => inScope(row.symbol, row.date)));
  const rejected = quarantined.length;
  const order = barOrder(rows.symbol, rows.date).filter((row) => !others.has(row));
  const nameOf = ({ symbol, date }: CorporateAction): string => names?.nameAtOpen(symbol, date) ?? symbol;
  const dataDates = rules.calendar === 'data' ? dataSessions(rows, order) : null;
  const isGood = (batch: ParsedBars, row: number): boolean =>
    rowFinding(batch, row, null) === null && calendarFinding(batch, row, rules, dataDates) === null;
  const worth = spinOffWorth(list, batches, rules.asOf, names, isGood);
  const actions = withActions(rows, order, list, nameOf, worth);
  const series = new SeriesRules(rows, order, actions);
  const carried = actions && new CarriedActions(rows, actions);
  const [kept, released]: [number[], string[]] = [[], []];
  const describe = (row: number, { reason, field, value }: Finding): QuarantinedRow => {
    const { file } = batches[rows.batch[row]];
    return { reason, file, line: rows.line[row], symbol: rows.symbol[row], date: rows.date[row], field, value };
  };
  for (const row of others)
    quarantined.push(describe(row, { reason: 'SYMBOL_REUSED', field: 'symbol', value: rows.symbol[row] }));
  for (let i = 0; i < order.length; i++) {
    const first = i;
    const end = endOfDuplicates(rows, order, i);
    const row = order[first];
    const setAside = carried?.bring(row);
    if (end > i + 1) {
      const same = identicalRun(rows, order, i, end);
      const reason = same ? 'DUPLICATE_IDENTICAL' : 'DUPLICATE_CONFLICT';
      for (let j = same ? i + 1 : i; j < end; j++)
        quarantined.push(describe(order[j], { reason, field: 'date', value: rows.date[order[j]] }));
      i = end - 1;
      if (!same) {
        setAside?.(haveSameActions(rows, order, first, end));
        continue;
      }
    }
    const found = examine(first);
    if (found) {
      quarantined.push(describe(row, found));
      setAside?.(found.reason !== 'BAD_ACTION' && found.reason !== 'SPLIT_NOT_IN_PRICE');
    } else kept.push(row);
  }
  return { bars: tableOf(rows, kept, actions), quarantined, rows: rows.symbol.length + rejected, dataDates, released };

  function examine(at: number): Finding | null {
    const row = order[at];
    const isReleased = (found: Finding): boolean => {
      if (!rules.released?.size || !isJudgement(found.reason)) return false;
      const id = rowId(describe(row, found));
      if (!rules.released.has(id)) return false;
      released.push(id);
      return true;
    };
    const own = rowFinding(rows, row, actions) ?? calendarFinding(rows, row, rules, dataDates);
    return own && !isReleased(own) ? own : series.look(at, isReleased);
  }
}

/** Weights call the part that is in no asset CASH. */
function refuseCash(rows: Rows, batches: readonly ParsedBars[]): void {
  const row = rows.symbol.indexOf(CASH);
  if (row === -1) return;
  throw badInput('SYMBOL_RESERVED', `The symbol ${CASH} stands for what is in no asset`, {
    facts: { file: batches[rows.batch[row]].file, line: rows.line[row], field: 'symbol', value: CASH },
    remedy: `Give the instrument another symbol in the files (${CASH}.US), or leave it out of the members (universe.csv).`,
  });
}

/** Whether a row was known, and is of a member under any of its symbols. */
function scopeOf(rules: BarRules, names: SymbolNames | null): (symbol: string, date: string) => boolean {
  const members = rules.members && (names?.members(rules.members) ?? rules.members);
  return (symbol, date) =>
    date <= rules.asOf && (members === null || symbol === '' || members.has(names?.nameOf(symbol, date) ?? symbol));
}

function tableOf(rows: Rows, kept: readonly number[], actions: Actions | null): BarTable {
  const pick = (column: ArrayLike<number>): Float64Array => {
    const out = new Float64Array(kept.length);
    for (let i = 0; i < kept.length; i++) out[i] = column[kept[i]];
    return out;
  };
  const bars: BarTable = {
    symbol: kept.map((row) => rows.symbol[row]),
    date: kept.map((row) => rows.date[row]),
    open: pick(rows.open),
    high: pick(rows.high),
    low: pick(rows.low),
    close: pick(rows.close),
    volume: pick(rows.volume),
  };
  if (actions) {
    bars.dividend = pick(actions.dividend);
    bars.split = pick(actions.split);
  }
  return bars;
}
