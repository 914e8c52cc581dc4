import { STATE_COLUMNS } from '../policy/policy.ts';
import { CATALOGUE } from './catalogue.ts';
import { type AnchorSettings, type FeatureSpec, featureSpecSchema } from './spec.ts';

/** The anchor: inverse volatility over 63 sessions, its portfolio held at 8 % a year at most. */
export const DEFAULT_ANCHOR: AnchorSettings = { volatilityDays: 63, targetVolatility: 0.08 };

/** Every feature of the catalogue that the data allow, in catalogue order. */
export function defaultFeatureSpec(options: {
  hasVolume: boolean;
  embeddings: boolean;
  anchor?: AnchorSettings | undefined;
}): FeatureSpec {
  const { anchor = DEFAULT_ANCHOR } = options;
  const columns = Object.entries(CATALOGUE)
    .filter(([, { needs }]) =>
      needs === 'volume' ? options.hasVolume : needs === 'embeddings' ? options.embeddings : true,
    )
    .map(([name, { description, lookbackDays }]) => ({ name, description, lookbackDays }));
  return featureSpecSchema.parse({ schema: 1, columns, stateColumns: [...STATE_COLUMNS], anchor });
}
