import type { PointInTimeTable } from '../market/point-in-time.ts';
import type { MarketView } from './market-view.ts';
import { publicationsOf, valueAround, walkPublications } from './published.ts';
import { sessionDays } from './reports.ts';

/** Series of the economy, by their names at FRED; `policyRate` is that of a currency. */
const MACRO_SERIES = ['DFF', 'DGS10', 'CPIAUCSL', 'UNRATE', 'policyRate'] as const;
export type MacroSeries = (typeof MACRO_SERIES)[number];

/** A value counts for this many days after the day that it speaks of: a month, its release lag, and a release that was left out. */
const STALE_MACRO_DAYS = 100;
/** The value of so many days before is the newest of this many days that end there. */
const AROUND_DAYS = 45;

/** [T] newest value of a series known at each close, or the one that spoke `daysBefore` days before it, as known then. */
export const macroColumn = (view: MarketView, series: MacroSeries, symbol: string, daysBefore = 0): Float64Array =>
  view.remember(`${series}|${symbol}|${daysBefore}`, () => {
    const publications = view.remember('macro', () =>
      publicationsOf(view.inputs.macro as PointInTimeTable, MACRO_SERIES, view.panel.dates[view.first]),
    );
    return walkPublications(
      publications.get(`${series}|${symbol}`),
      sessionDays(view),
      view.first,
      { staleDays: STALE_MACRO_DAYS },
      (known) => valueAround(known, known.days[known.days.length - 1] - daysBefore, AROUND_DAYS),
    );
  });

export const macroValue = (view: MarketView, series: MacroSeries, daysBefore = 0): Float64Array =>
  macroColumn(view, series, '', daysBefore);
