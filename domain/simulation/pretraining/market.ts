import type { EnvironmentData } from '../../environment/environment.ts';
import { badInput } from '../../errors.ts';
import { CATALOGUE } from '../../features/catalogue.ts';
import { computeFeatures } from '../../features/compute.ts';
import { DEFAULT_ANCHOR } from '../../features/default-spec.ts';
import type { EmbeddingHistory } from '../../features/embedding-history.ts';
import { type FeatureSpec, featureSpecSchema } from '../../features/spec.ts';
import type { MarketPanel } from '../../market/panel.ts';
import { STATE_COLUMNS } from '../../policy/policy.ts';
import type { Pretraining } from '../../training/pretraining.ts';
import { createRandom, type Random } from '../random.ts';
import { bootstrapScores } from './bootstrap.ts';
import { type Calibration, calibrate, returnsOf } from './calibration.ts';
import { factorScores } from './factors.ts';
import { regimeScores } from './regimes.ts';

export type MarketKind = Pretraining['markets'][number];

const SCORES: Record<MarketKind, (calibration: Calibration, sessions: number, random: Random) => Float64Array> = {
  bootstrap: bootstrapScores,
  factors: factorScores,
  regimes: regimeScores,
};

/** Sessions before the first on which every feature is known. */
export const WARM_UP_DAYS = 260;

/**
 * Markets like history, for a learner that has too little of it: the same assets, limits, costs and normaliser, prices that never
 * were, and the features computed from those by the code that computes all features. Everything rests on sessions `from`..`to` alone.
 * Features that need the graph see assets as alike as their returns were.
 */
export class PretrainingMarkets {
  readonly #history: EnvironmentData;
  readonly #calibration: Calibration;
  readonly #spec: FeatureSpec;
  readonly #embeddings: EmbeddingHistory;

  /** @throws SIMULATION_HISTORY (an asset has too few bars); PRETRAINING_FEATURES (a column that is not in the catalogue). */
  constructor(history: EnvironmentData, from: number, to: number) {
    this.#history = history;
    this.#calibration = calibrate(history.panel, from, to);
    this.#spec = specOf(history.tensor.columns);
    this.#embeddings = likeness(history.panel, this.#calibration);
  }

  /** A market of so many sessions (the dates are history's first): learn from `WARM_UP_DAYS` on. Same seed, same market. */
  make(kind: MarketKind, seed: number, sessions: number): EnvironmentData {
    const { panel, normaliser, groups, limits, costs } = this.#history;
    if (sessions > panel.dates.length || sessions <= WARM_UP_DAYS + 2) {
      throw badInput(
        'PRETRAINING_SESSIONS',
        'A simulated market must be longer than the features look back, and no longer than history',
        {
          facts: {
            field: 'pretraining.sessions',
            value: sessions,
            longerThan: WARM_UP_DAYS + 2,
            atMost: panel.dates.length,
          },
          remedy: 'Choose a number of sessions between the two.',
        },
      );
    }
    const scores = SCORES[kind](this.#calibration, sessions, createRandom(seed));
    const market = panelOf(panel, this.#calibration, returnsOf(this.#calibration, scores), sessions);
    return {
      panel: market,
      tensor: computeFeatures(market, this.#spec, { embeddings: this.#embeddings }),
      normaliser,
      groups,
      limits,
      costs,
    };
  }
}

function panelOf(
  { dates, symbols, groups }: MarketPanel,
  { assets, volume }: Calibration,
  returns: Float64Array,
  sessions: number,
): MarketPanel {
  const close = new Float64Array(returns.length).fill(100);
  returns.fill(0, 0, assets);
  for (let i = assets; i < close.length; i++) close[i] = close[i - assets] * (1 + returns[i]);
  const always = new Uint8Array(returns.length).fill(1);
  return {
    dates: dates.slice(0, sessions),
    symbols,
    groups,
    close,
    returns,
    tradable: always,
    listed: always,
    volume: returns.map((_, i) => volume[i % assets]),
    exits: [],
  };
}

function specOf(columns: readonly string[]): FeatureSpec {
  return featureSpecSchema.parse({
    schema: 1,
    columns: columns.map((name) => {
      const known = CATALOGUE[name];
      if (known) return { name, description: known.description, lookbackDays: known.lookbackDays };
      throw badInput('PRETRAINING_FEATURES', 'A feature cannot be computed on a simulated market', {
        facts: { column: name },
        remedy: 'Train without pre-training, or on features of the catalogue alone.',
      });
    }),
    stateColumns: [...STATE_COLUMNS],
    anchor: DEFAULT_ANCHOR,
  });
}

/** Each asset's vector is its row of the correlation matrix. */
function likeness({ dates, symbols }: MarketPanel, { assets, sessions, scores }: Calibration): EmbeddingHistory {
  const vectors = new Float32Array(assets * assets);
  for (let i = 0; i < sessions; i++)
    for (let a = 0; a < assets; a++)
      for (let b = 0; b < assets; b++)
        vectors[a * assets + b] += (scores[i * assets + a] * scores[i * assets + b]) / sessions;
  return { dates: [dates[0]], symbols, dimensions: assets, vectors };
}
