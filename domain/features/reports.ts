import { dayOfIso } from '../market/days.ts';
import type { PointInTimeTable } from '../market/point-in-time.ts';
import type { Column, MarketView } from './market-view.ts';
import { type KnownValues, publicationsOf, walkPublications } from './published.ts';

/** A figure counts for this many days after the end of its quarter: a year and a late report. */
export const STALE_REPORT_DAYS = 380;
/** One quarter may be filed under two ends: that of its 13 weeks, and the month's last day. */
const SAME_QUARTER_DAYS = 7;
/** From the end of the first of four quarters in a row to that of the last. */
const [FOUR_QUARTERS_LEAST_DAYS, FOUR_QUARTERS_MOST_DAYS] = [225, 300];
/** The same quarter a year before ends so many days before. */
const [YEAR_LEAST_DAYS, YEAR_MOST_DAYS] = [330, 400];

/** How a column is made of the quarters of one series that are known, ascending by their last day. */
const READINGS = {
  /** Sum of the four latest quarters. */
  trailing: ({ days, values }: KnownValues): number => {
    const n = days.length;
    const apart = days[n - 1] - days[n - 4];
    if (!(apart >= FOUR_QUARTERS_LEAST_DAYS && apart <= FOUR_QUARTERS_MOST_DAYS)) return Number.NaN;
    return values[n - 4] + values[n - 3] + values[n - 2] + values[n - 1];
  },
  newest: ({ values }: KnownValues): number => values[values.length - 1],
  /** Of the quarter a year before the newest one. */
  yearBefore: ({ days, values }: KnownValues): number => {
    const newest = days[days.length - 1];
    for (let i = days.length - 2; i >= 0; i--) {
      const apart = newest - days[i];
      if (apart > YEAR_MOST_DAYS) break;
      if (apart >= YEAR_LEAST_DAYS) return values[i];
    }
    return Number.NaN;
  },
  /** Last day of the newest quarter, in days since 1970. */
  newestDay: ({ days }: KnownValues): number => days[days.length - 1],
} as const;

const SERIES = [
  'revenue',
  'netIncome',
  'operatingCashFlow',
  'capex',
  'totalAssets',
  'equity',
  'sharesOutstanding',
] as const;
export type ReportSeries = (typeof SERIES)[number];
/** What is of a quarter, not of a day. */
const FLOWS: ReadonlySet<ReportSeries> = new Set(['revenue', 'netIncome', 'operatingCashFlow', 'capex']);

/** What was known of a quarterly series at each close, per asset; NaN where it is not known, or stale. */
export const reported = (view: MarketView, series: ReportSeries, reading: keyof typeof READINGS): Column =>
  view.remember(`${series}.${reading}`, () => {
    const { panel, sessions } = view;
    const days = sessionDays(view);
    const publications = view.remember('publications', () =>
      publicationsOf(view.inputs.fundamentals as PointInTimeTable, SERIES, panel.dates[view.first]),
    );
    const column = view.column();
    const span = { staleDays: STALE_REPORT_DAYS, sameDays: FLOWS.has(series) ? SAME_QUARTER_DAYS : 0 };
    panel.symbols.forEach((symbol, asset) => {
      const own = publications.get(`${series}|${symbol}`);
      if (!own) return;
      column.set(walkPublications(own, days, view.first, span, READINGS[reading]), asset * sessions);
    });
    return column;
  });

/** Days since 1970 of each session. */
export const sessionDays = (view: MarketView): Int32Array =>
  view.remember('sessionDays', () => Int32Array.from(view.panel.dates, dayOfIso));

/** Market value of the equity: shares at the end of the newest quarter, times the splits since, times today's close. */
export const marketValue = (view: MarketView): Column =>
  view.remember('equityValue', () => {
    const { sessions, assets, panel } = view;
    const quoted = view.known(0);
    const shares = reported(view, 'sharesOutstanding', 'newest');
    const since = reported(view, 'sharesOutstanding', 'newestDay');
    const days = sessionDays(view);
    const column = view.column();
    for (let asset = 0; asset < assets; asset++) {
      const splits = panel.split ? splitsOf(panel.split, sessions, assets, asset) : [];
      for (let t = view.first, i = asset * sessions + t; t < sessions; t++, i++) {
        if (quoted[i] === 0 || !(shares[i] > 0)) continue;
        let count = shares[i];
        for (const { at, factor } of splits) if (at <= t && days[at] > since[i]) count *= factor;
        column[i] = count * panel.close[t * assets + asset];
      }
    }
    return column;
  });

function splitsOf(split: Float64Array, sessions: number, assets: number, asset: number) {
  const splits: { at: number; factor: number }[] = [];
  for (let t = 0; t < sessions; t++) {
    const factor = split[t * assets + asset];
    if (factor > 0 && factor !== 1) splits.push({ at: t, factor });
  }
  return splits;
}
