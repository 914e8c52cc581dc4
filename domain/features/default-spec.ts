import { STATE_COLUMNS } from '../policy/policy.ts';
import { CATALOGUE } from './catalogue.ts';
import type { Need } from './definition.ts';
import { type Data, selectFeatures } from './select.ts';
import { type AnchorSettings, type FeatureSpec, featureSpecSchema } from './spec.ts';

/** The anchor: inverse volatility over 63 sessions, its portfolio held at 8 % a year at most. */
export const DEFAULT_ANCHOR: AnchorSettings = { volatilityDays: 63, targetVolatility: 0.08 };

/** The spec of the default features that the data allow, in a fixed order. */
export function defaultFeatureSpec(options: {
  hasVolume: boolean;
  embeddings: boolean;
  anchor?: AnchorSettings | undefined;
}): FeatureSpec {
  const has = new Set<Need>();
  if (options.hasVolume) has.add('volume');
  if (options.embeddings) has.add('embeddings');
  return featureSpec(selectFeatures(['default'], has), options.anchor);
}

/** The spec of the features that a universe names (see `selectFeatures`), or of the default ones. */
export const universeFeatureSpec = (
  { features = ['default'], anchor }: { features?: string[] | undefined; anchor?: AnchorSettings | undefined },
  has: Data,
): FeatureSpec => featureSpec(selectFeatures(features, has), anchor);

/** The spec of some features of the catalogue. */
export function featureSpec(names: readonly string[], anchor: AnchorSettings = DEFAULT_ANCHOR): FeatureSpec {
  const columns = names.map((name) => {
    const { description, lookbackDays } = CATALOGUE[name];
    return { name, description, lookbackDays };
  });
  return featureSpecSchema.parse({ schema: 1, columns, stateColumns: [...STATE_COLUMNS], anchor });
}
