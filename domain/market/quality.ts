import { type BarTable, barOrder, type CorporateAction } from './bar.ts';
import { type CalendarId, isSession } from './calendar.ts';
import { dayOfIso, weekdayOfDay } from './days.ts';
import type { ParsedBars } from './parsed-bars.ts';
import type { QuarantinedRow, QuarantineReason } from './quarantine.ts';

export interface BarRules {
  calendar: CalendarId;
  /** Rows after this date are not looked at: they were not known. */
  asOf: string;
  /** Symbols to keep; null: all. Rows of other symbols are left out, not quarantined. */
  members: ReadonlySet<string> | null;
  /** Symbol -> first date on which it no longer exists. */
  lifeEnds?: ReadonlyMap<string, string>;
  actions?: readonly CorporateAction[];
}

export interface CheckedBars {
  bars: BarTable;
  quarantined: QuarantinedRow[];
  /** Rows looked at, bad ones included. */
  rows: number;
  /** The sessions of calendar `data`; null for the calendars with rules. */
  dataDates: ReadonlySet<string> | null;
}

/** A close that moves by more than this factor in one bar waits for a second bar to confirm it. */
const JUMP_FACTOR = 4;
/** Room for prices rounded to six significant digits. */
const RANGE_TOLERANCE = 2e-6;

/**
 * The contracts of a batch of bars: schema, calendar, range. Each bad row is set aside with a reason; nothing is imputed or mended.
 * Every rule looks at the past only, so the bars known on a day do not depend on later rows.
 *
 * Duplicates: of identical rows the first is kept; of rows that differ none is, as nobody can say which is right.
 * Jumps: a close beyond a factor of 4 of the last good close (after splits) is set aside until a next bar lies within a factor of 2
 * of it; from that bar on the new level is believed.
 */
export function checkBars(batches: readonly ParsedBars[], rules: BarRules): CheckedBars {
  const inScope = (symbol: string, date: string): boolean =>
    date <= rules.asOf && (rules.members === null || symbol === '' || rules.members.has(symbol));
  const rows = gather(batches, inScope);
  const quarantined = batches.flatMap((batch) => batch.rejected.filter((row) => inScope(row.symbol, row.date)));
  const rejected = quarantined.length;
  const order = barOrder(rows.symbol, rows.date);
  const actions = withActions(rows, order, rules.actions);
  const dataDates = rules.calendar === 'data' ? dataSessions(rows, order) : null;
  const kept: number[] = [];
  const quarantine = (row: number, found: Finding): void => {
    quarantined.push({
      reason: found.reason,
      file: batches[rows.batch[row]].file,
      line: rows.line[row],
      symbol: rows.symbol[row],
      date: rows.date[row],
      field: found.field,
      value: found.value,
    });
  };
  const series = new Map<string, SeriesState>();
  for (let i = 0; i < order.length; i++) {
    const end = endOfDuplicates(rows, order, i);
    if (end > i + 1) {
      const same = identicalRun(rows, order, i, end);
      const reason = same ? 'DUPLICATE_IDENTICAL' : 'DUPLICATE_CONFLICT';
      for (let j = same ? i + 1 : i; j < end; j++)
        quarantine(order[j], { reason, field: 'date', value: rows.date[order[j]] });
      const first = order[i];
      i = end - 1;
      if (!same) continue;
      keepOrQuarantine(first);
    } else keepOrQuarantine(order[i]);
  }
  return { bars: tableOf(rows, kept, actions), quarantined, rows: rows.symbol.length + rejected, dataDates };

  function keepOrQuarantine(row: number): void {
    const found =
      rowFinding(rows, row, actions) ??
      calendarFinding(rows, row, rules, dataDates) ??
      seriesFinding(rows, row, actions, series);
    if (found) quarantine(row, found);
    else kept.push(row);
  }
}

interface Finding {
  reason: QuarantineReason;
  field: string;
  value: string;
}

interface Rows {
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

function gather(batches: readonly ParsedBars[], inScope: (symbol: string, date: string) => boolean): Rows {
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

interface Actions {
  dividend: Float64Array;
  split: Float64Array;
}

/** Actions by row: those of the file, and those of an actions file on the first bar on or after their ex-date. */
function withActions(rows: Rows, order: Uint32Array, list: readonly CorporateAction[] | undefined): Actions | null {
  if (!rows.hasActions && !list?.length) return null;
  const actions = { dividend: Float64Array.from(rows.dividend), split: Float64Array.from(rows.split) };
  const bySymbol = new Map<string, CorporateAction[]>();
  for (const action of list ?? []) {
    const known = bySymbol.get(action.symbol);
    if (known) known.push(action);
    else bySymbol.set(action.symbol, [action]);
  }
  for (const known of bySymbol.values()) known.sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0));
  const next = new Map<string, number>();
  for (const row of order) {
    const pending = bySymbol.get(rows.symbol[row]);
    if (!pending) continue;
    let i = next.get(rows.symbol[row]) ?? 0;
    for (; i < pending.length && pending[i].date <= rows.date[row]; i++) {
      actions.dividend[row] = actions.dividend[row] / pending[i].split + pending[i].dividend;
      actions.split[row] *= pending[i].split;
    }
    next.set(rows.symbol[row], i);
  }
  return actions;
}

function endOfDuplicates(rows: Rows, order: Uint32Array, start: number): number {
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

function identicalRun(rows: Rows, order: Uint32Array, start: number, end: number): boolean {
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

const PRICES = ['open', 'high', 'low', 'close'] as const;

function rowFinding(rows: Rows, row: number, actions: Actions | null): Finding | null {
  for (const field of PRICES) {
    if (!(rows[field][row] > 0)) return { reason: 'NOT_POSITIVE', field, value: String(rows[field][row]) };
  }
  const [high, low] = [rows.high[row], rows.low[row]];
  if (high < low) return { reason: 'HIGH_BELOW_LOW', field: 'high', value: `${high} < ${low}` };
  for (const field of ['open', 'close'] as const) {
    const price = rows[field][row];
    if (price > high * (1 + RANGE_TOLERANCE) || price < low * (1 - RANGE_TOLERANCE)) {
      return { reason: 'OUTSIDE_RANGE', field, value: `${price} outside ${low}..${high}` };
    }
  }
  if (rows.volume[row] < 0) return { reason: 'NEGATIVE_VOLUME', field: 'volume', value: String(rows.volume[row]) };
  if (actions && actions.dividend[row] < 0)
    return { reason: 'BAD_ACTION', field: 'dividend', value: String(actions.dividend[row]) };
  if (actions && !(actions.split[row] > 0))
    return { reason: 'BAD_ACTION', field: 'split', value: String(actions.split[row]) };
  return null;
}

function calendarFinding(
  rows: Rows,
  row: number,
  rules: BarRules,
  dataDates: ReadonlySet<string> | null,
): Finding | null {
  const date = rows.date[row];
  const lifeEnd = rules.lifeEnds?.get(rows.symbol[row]);
  if (lifeEnd !== undefined && date >= lifeEnd) return { reason: 'AFTER_LIFE_END', field: 'date', value: date };
  const session = dataDates ? dataDates.has(date) : isSession(rules.calendar, date);
  return session ? null : { reason: 'NOT_A_SESSION', field: 'date', value: date };
}

interface SeriesState {
  /** The last good row, or -1. */
  last: number;
  /** A close that jumped and was set aside (in units of its own day), or NaN. */
  suspect: number;
  /** Splits since `last`, of rows that were set aside. */
  splitSince: number;
}

function seriesFinding(
  rows: Rows,
  row: number,
  actions: Actions | null,
  series: Map<string, SeriesState>,
): Finding | null {
  let state = series.get(rows.symbol[row]);
  if (!state) {
    state = { last: -1, suspect: Number.NaN, splitSince: 1 };
    series.set(rows.symbol[row], state);
  }
  const split = actions?.split[row] ?? 1;
  const { last } = state;
  if (last >= 0) {
    if (rows.volume[row] > 0 && split === 1 && isCopy(rows, last, row))
      return { reason: 'STALE_COPY', field: 'volume', value: String(rows.volume[row]) };
    const dividend = actions?.dividend[row] ?? 0;
    const ratio = ((rows.close[row] + dividend) * split * state.splitSince) / rows.close[last];
    const confirms = ratioWithin((rows.close[row] * split) / state.suspect, 2);
    if (!ratioWithin(ratio, JUMP_FACTOR) && !confirms) {
      state.suspect = rows.close[row];
      state.splitSince *= split;
      return { reason: 'PRICE_JUMP', field: 'close', value: `${rows.close[row]} after ${rows.close[last]}` };
    }
  }
  state.last = row;
  state.suspect = Number.NaN;
  state.splitSince = 1;
  return null;
}

const ratioWithin = (ratio: number, factor: number): boolean => ratio <= factor && ratio >= 1 / factor;

const isCopy = (rows: Rows, a: number, b: number): boolean =>
  rows.volume[a] === rows.volume[b] &&
  rows.close[a] === rows.close[b] &&
  rows.open[a] === rows.open[b] &&
  rows.high[a] === rows.high[b] &&
  rows.low[a] === rows.low[b];

/** A symbol counts as alive for this many distinct dates after its last bar. */
const ALIVE_DATES = 10;
/** A file with fewer weekend dates than this share of its dates has no weekend sessions. */
const WEEKEND_SHARE = 0.05;

/**
 * Calendar `data`: the dates on which at least half of the living symbols have a bar. Stray weekend rows of a market that is shut at
 * weekends are no sessions, even where one symbol is all there is.
 */
function dataSessions(rows: Rows, order: Uint32Array): ReadonlySet<string> {
  const dates: string[] = [];
  const symbolsOn: string[][] = [];
  for (const row of order) {
    if (dates.at(-1) !== rows.date[row]) {
      dates.push(rows.date[row]);
      symbolsOn.push([]);
    }
    const present = symbolsOn[symbolsOn.length - 1];
    if (present.at(-1) !== rows.symbol[row]) present.push(rows.symbol[row]);
  }
  const isWeekend = dates.map((date) => weekdayOfDay(dayOfIso(date)) >= 5);
  const weekdaysOnly =
    isWeekend.filter(Boolean).length < WEEKEND_SHARE * dates.length || dates.length < 1 / WEEKEND_SHARE;
  const lastSeen = new Map<string, number>();
  const sessions = new Set<string>();
  dates.forEach((date, t) => {
    for (const symbol of symbolsOn[t]) lastSeen.set(symbol, t);
    let alive = 0;
    for (const seen of lastSeen.values()) if (t - seen <= ALIVE_DATES) alive++;
    if (symbolsOn[t].length * 2 >= alive && !(weekdaysOnly && isWeekend[t])) sessions.add(date);
  });
  return sessions;
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
