import { badInput } from '../errors.ts';
import { STATE_COLUMNS } from '../policy/policy.ts';
import { CATALOGUE } from './catalogue.ts';
import type { Need } from './definition.ts';
import { type Data, selectFeatures } from './select.ts';
import { type AnchorSettings, type FeatureSpec, featureSpecSchema, LEAST_FEATURES } from './spec.ts';

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

/** The spec of some features of the catalogue. @throws ProductError FEATURES_TOO_FEW (bad input). */
export function featureSpec(names: readonly string[], anchor: AnchorSettings = DEFAULT_ANCHOR): FeatureSpec {
  if (names.length < LEAST_FEATURES) {
    throw badInput(
      'FEATURES_TOO_FEW',
      `A policy observes ${LEAST_FEATURES} features or more, the data allow ${names.length} of those named`,
      {
        facts: { field: 'features', value: [...names], least: LEAST_FEATURES },
        remedy:
          'Name more features or families, or default, under features of the universe: drl features list says what data each needs.',
      },
    );
  }
  const columns = names.map((name) => {
    const { description, lookbackDays } = CATALOGUE[name];
    return { name, description, lookbackDays };
  });
  return featureSpecSchema.parse({ schema: 1, columns, stateColumns: [...STATE_COLUMNS], anchor });
}
