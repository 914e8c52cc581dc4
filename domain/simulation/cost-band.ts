import type { EnvironmentData } from '../environment/environment.ts';
import { oneAssetMarket } from './one-asset.ts';

/** What is best while the asset earns `drift` a session. */
export interface CostBand {
  drift: number;
  /** Weight that would be best without costs. */
  target: number;
  /** Weights within [low, high] are better left alone. */
  low: number;
  high: number;
}

export interface CostBandMarket {
  data: EnvironmentData;
  /** The slow regime (signal -1) and the fast one (signal 1). */
  slow: CostBand;
  fast: CostBand;
  /** [sessions] the band that the decision of a session should keep to. */
  bands: CostBand[];
  /** Penalty on the square of a session's return under which this is so: `lambdaVolatility` of the reward. */
  lambdaVolatility: number;
}

/**
 * One asset that earns the same every session of a regime, rewarded with a penalty on the square of what is earned. The reward of a weight w
 * is, to the third order, m w - (1 / 2 + lambda) m^2 w^2: a parabola about a target. A learner that looks no further than the
 * session (gamma 0) and pays `costBps` on what it trades should trade only from outside |w - target| <= cost / (m^2 (1 + 2 lambda)), and
 * then to the nearer edge: the no-trade band of Davis and Norman (1990) for one period, in closed form. In the slow regime the
 * target is high and the band is entered from below, in the fast one it is low and entered from above.
 */
export function simulateCostBand(options: { sessions: number; regimeDays: number; costBps: number }): CostBandMarket {
  const { sessions, regimeDays, costBps } = options;
  const [slowDrift, fastDrift, target] = [0.01, 0.02, 0.5];
  const riskAversion = 1 / (slowDrift * target);
  const bandOf = (drift: number): CostBand => {
    const centre = 1 / (drift * riskAversion);
    const halfWidth = costBps / 10_000 / (drift ** 2 * riskAversion);
    return { drift, target: centre, low: centre - halfWidth, high: centre + halfWidth };
  };
  const [slow, fast] = [bandOf(slowDrift), bandOf(fastDrift)];
  const bands = Array.from({ length: sessions }, (_, t) => (Math.floor(t / regimeDays) % 2 === 0 ? slow : fast));
  return {
    data: oneAssetMarket(
      bands.map(({ drift }) => drift),
      bands.map((band) => (band === fast ? 1 : -1)),
      { costBps, startExposure: 0.5 },
    ),
    slow,
    fast,
    bands,
    lambdaVolatility: (riskAversion - 1) / 2,
  };
}
