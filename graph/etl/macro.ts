import type { AssetSeries } from '../../domain/features/asset-series.ts';
import { type PointInTimeTable, rowsKnownOn } from '../../domain/market/point-in-time.ts';
import type { MacroExposure, MacroValue } from './asset-graph.ts';
import { correlationWindow, pairCorrelation } from './correlation.ts';

/** Two-sided 99 % point of the normal distribution: a correlation below it over the root of the sessions may be chance. */
const CHANCE = 2.576;
/** Fewer sessions with news than this say nothing of an exposure. */
const MIN_CHANGES = 60;

/** A macro series session by session: at each close the newest value that was known. */
export interface MacroSeries {
  readonly series: string;
  /** [T] row of the table; -1 before the first value. */
  readonly row: Int32Array;
  readonly table: PointInTimeTable;
}

/** The series of economies (no symbol), ascending, as known at the close of each session. */
export function macroSeries(table: PointInTimeTable | null | undefined, dates: readonly string[]): MacroSeries[] {
  if (!table) return [];
  const names = [...new Set(table.series.filter((_, row) => table.symbol[row] === ''))].sort();
  const rows = new Map(names.map((name) => [name, new Int32Array(dates.length).fill(-1)]));
  const newest = new Map<string, number>();
  let next = 0;
  dates.forEach((date, t) => {
    for (const known = rowsKnownOn(table, date); next < known; next++) {
      if (table.symbol[next] !== '') continue;
      const held = newest.get(table.series[next]);
      // a restatement of an older period does not make it the newest
      if (held === undefined || table.eventDate[next] >= table.eventDate[held]) newest.set(table.series[next], next);
    }
    for (const [name, row] of newest) (rows.get(name) as Int32Array)[t] = row;
  });
  return names.map((series) => ({ series, row: rows.get(series) as Int32Array, table }));
}

/** Values as known at the close of t. */
export const macroValues = (all: readonly MacroSeries[], t: number): MacroValue[] =>
  all.flatMap(({ series, row, table }) => {
    const at = row[t];
    if (at < 0) return [];
    return [{ series, value: table.value[at], eventDate: table.eventDate[at], knownDate: table.knownDate[at] }];
  });

/** Correlations beyond chance, over the `days` sessions that end at t, of returns with the change of what was known from one close to the next. */
export function macroExposures(
  all: readonly MacroSeries[],
  series: readonly AssetSeries[],
  symbols: readonly string[],
  members: readonly number[],
  t: number,
  days: number,
): MacroExposure[] {
  const changes = all.flatMap((macro) => {
    const change = changesOf(macro, t, days);
    return change ? [{ series: macro.series, window: correlationWindow(new Uint8Array(days).fill(1), change) }] : [];
  });
  if (changes.length === 0) return [];
  return members.flatMap((a) => {
    const { observed, returns } = series[a];
    const own = correlationWindow(observed.slice(t - days + 1, t + 1), returns.slice(t - days + 1, t + 1));
    return changes.flatMap(({ series: name, window }) => {
      const correlation = pairCorrelation(own, window);
      const known = Math.abs(correlation) >= CHANCE / Math.sqrt(days);
      return known ? [{ symbol: symbols[a], series: name, strength: Math.round(correlation * 1e6) }] : [];
    });
  });
}

function changesOf({ row, table }: MacroSeries, t: number, days: number): Float64Array | null {
  if (row[t - days] < 0) return null;
  const change = Float64Array.from({ length: days }, (_, k) => {
    const s = t - days + 1 + k;
    return table.value[row[s]] - table.value[row[s - 1]];
  });
  return change.filter((x) => x !== 0).length >= MIN_CHANGES ? change : null;
}
