import { defined, shapeOf } from './moments.ts';
import { normalCdf, normalQuantile } from './normal-distribution.ts';
import { dailySharpe } from './sharpe.ts';

/** What PSR and DSR need of a track record, per session. */
export interface TrackRecord {
  /** Per session, not annual. */
  sharpe: number;
  observations: number;
  skewness: number;
  /** Raw: 3 for a normal distribution. */
  kurtosis: number;
}

/** null where the series is too short or constant. */
export function trackRecordOf(returns: ArrayLike<number>): TrackRecord | null {
  const sharpe = dailySharpe(returns);
  const shape = shapeOf(returns);
  return sharpe === null || shape === null ? null : { sharpe, observations: returns.length, ...shape };
}

const spread = ({ sharpe, skewness, kurtosis }: TrackRecord): number =>
  Math.sqrt(1 - skewness * sharpe + ((kurtosis - 1) / 4) * sharpe * sharpe);

/**
 * Probabilistic Sharpe ratio: the probability that the true ratio is above `benchmark` (per session).
 * Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1)/4 SR^2)) (Bailey and Lopez de Prado 2012), population moments.
 */
export function probabilisticSharpe(record: TrackRecord, benchmark = 0): number | null {
  return defined(normalCdf(((record.sharpe - benchmark) * Math.sqrt(record.observations - 1)) / spread(record)));
}

/** Sessions needed for PSR(0) >= confidence: 1 + spread^2 (Phi^-1(confidence) / SR)^2. null for a ratio that is not positive or negative. */
export function minimumTrackRecordLength(record: TrackRecord, confidence = 0.95): number | null {
  return defined(1 + (spread(record) * (normalQuantile(confidence) / record.sharpe)) ** 2);
}
