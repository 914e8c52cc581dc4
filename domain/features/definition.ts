import type { MacroSeries } from './macro-series.ts';
import type { Column, MarketView, PerAsset } from './market-view.ts';
import type { ReportSeries } from './reports.ts';

/** What a feature reads beside closes and returns. */
export const NEEDS = ['volume', 'range', 'embeddings', 'fundamentals', 'macro', 'graph'] as const;
export type Need = (typeof NEEDS)[number];

/** One causal feature: the value of day t rests on what was known at the close of t. */
export interface FeatureDefinition {
  /** Closed form and units. */
  readonly description: string;
  /** Sessions before t that the value may rest on. */
  readonly lookbackDays: number;
  readonly needs: readonly Need[];
  /** It may stop being known though bars go on (a company's equity turns negative, it reports no more, nobody trades): no break in the data. */
  readonly mayLapse?: true;
  /** Series of figures or of an economy that it reads: without one of them no asset ever has a value (ranks apart). */
  readonly series?: readonly (ReportSeries | MacroSeries)[];
  /** Where the formula has a public name: who published it. */
  readonly source?: string;
  compute(view: MarketView): Column | PerAsset;
}

export type FeatureFamily = Readonly<Record<string, FeatureDefinition>>;
