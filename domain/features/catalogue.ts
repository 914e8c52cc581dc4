import type { FeatureDefinition, FeatureFamily } from './definition.ts';
import { FUNDAMENTALS } from './families/fundamentals.ts';
import { GRAPH } from './families/graph.ts';
import { LIQUIDITY } from './families/liquidity.ts';
import { MOMENTUM } from './families/momentum.ts';
import { RANKS } from './families/ranks.ts';
import { REGIME } from './families/regime.ts';
import { REVERSAL } from './families/reversal.ts';
import { TREND } from './families/trend.ts';
import { VOLATILITY } from './families/volatility.ts';

/** The families of features, in the order in which they are listed. */
export const FAMILIES = {
  momentum: MOMENTUM,
  reversal: REVERSAL,
  volatility: VOLATILITY,
  trend: TREND,
  liquidity: LIQUIDITY,
  fundamentals: FUNDAMENTALS,
  ranks: RANKS,
  regime: REGIME,
  graph: GRAPH,
} as const satisfies Readonly<Record<string, FeatureFamily>>;
export type Family = keyof typeof FAMILIES;

/** Every feature that a spec may name. */
export const CATALOGUE: Readonly<Record<string, FeatureDefinition>> = Object.assign({}, ...Object.values(FAMILIES));
