import { badInput } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { CATALOGUE, FAMILIES, type Family } from './catalogue.ts';

/** What a universe that names no features gets, of those that its data allow. */
const DEFAULT_FEATURES = [
  'reversal1',
  'momentum5',
  'momentum21',
  'momentum63',
  'momentum126',
  'momentum252',
  'volatility21',
  'volatility63',
  'volatilityRatio',
  'drawdown252',
  'trend50',
  'trend200',
  'zscore21',
  'beta252',
  'correlation63',
  'idiosyncraticVolatility63',
  'momentum63Rank',
  'momentum252Rank',
  'volatility63Rank',
  'marketMomentum63',
  'marketVolatility21',
  'averageCorrelation63',
  'peerMomentum63',
  'peerSpread63',
  'tradedValue63',
  'volumeRatio',
  'tradedValue63Rank',
] as const;

/** Every word that a universe may write under `features`. */
export const FEATURE_WORDS = ['all', 'default', ...Object.keys(FAMILIES), ...Object.keys(CATALOGUE)];

/** Kinds of data that a universe has, and the names of its series. */
export type Data = ReadonlySet<string>;

/**
 * Names of features from words: a feature by name; a family, `default` or `all` for those of it that the data allow; each once, in the order of the words.
 * A feature that is named needs what it needs: that the data lack it is found when it is computed.
 * @throws ProductError FEATURES_UNKNOWN_COLUMN.
 */
export function selectFeatures(words: readonly string[], has: Data): string[] {
  const allowed = (names: readonly string[]) =>
    names.filter((name) => {
      const { needs, series = [] } = CATALOGUE[name];
      return [...needs, ...series].every((one) => has.has(one));
    });
  const names = words.flatMap((word) => {
    if (word === 'all') return allowed(Object.keys(CATALOGUE));
    if (word === 'default') return allowed(DEFAULT_FEATURES);
    if (Object.hasOwn(FAMILIES, word)) return allowed(Object.keys(FAMILIES[word as Family]));
    if (Object.hasOwn(CATALOGUE, word)) return [word];
    throw unknownFeature(word);
  });
  return [...new Set(names)];
}

export function unknownFeature(word: string) {
  const meant = nearest(word, FEATURE_WORDS);
  return badInput('FEATURES_UNKNOWN_COLUMN', 'The feature spec names a feature that does not exist', {
    facts: { field: 'features', value: word, ...(meant && { nearest: meant }), families: Object.keys(FAMILIES) },
    remedy: 'Name features or families of the catalogue: drl features list.',
  });
}
