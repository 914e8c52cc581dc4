import { CATALOGUE } from './catalogue.ts';

/** The stored table of features: one file a year, `features/year=2020/part.parquet`; older artifacts have one file, `features.parquet`. */
export const FEATURES_TABLE = 'features';

type FeatureColumnType = 'DATE' | 'STRING' | 'FLOAT';

/** Its columns as every engine sees them, in order: a row a session and asset, and a column a feature of the spec. */
export const featureColumns = (features: readonly string[]): Readonly<Record<string, FeatureColumnType>> => ({
  date: 'DATE',
  symbol: 'STRING',
  ...Object.fromEntries(features.map((name) => [name, 'FLOAT' as const])),
  anchorLogit: 'FLOAT',
  anchorExposure: 'FLOAT',
});

/** Those of every universe: one that does not compute a feature has no such column in its files. */
export const ALL_FEATURE_COLUMNS = featureColumns(Object.keys(CATALOGUE));
