import type { EnvironmentData } from '../environment/environment.ts';
import { oneAssetMarket } from './one-asset.ts';
import { createRandom } from './random.ts';

export interface MertonMarket {
  data: EnvironmentData;
  /** Sessions on which a decision earns something. */
  sessions: number;
  /** mu / sigma^2: the fraction that an investor with log utility holds in continuous time (Merton 1969). */
  fraction: number;
  /** The fraction that maximises the mean log growth over these very sessions. */
  best: number;
  /** Mean log growth of a session at a constant fraction, without costs. */
  growth(fraction: number): number;
}

/**
 * One asset with independent normal returns, and cash that earns nothing. The sample has exactly the mean and the variance asked
 * for (antithetic pairs, rescaled, in random order), so that what can be learned from it is Merton's fraction and not the luck of the draw.
 * @param mean and volatility of one session; mean / volatility^2 must lie within (0, 1).
 */
export function simulateMerton(options: {
  seed: number;
  sessions: number;
  mean: number;
  volatility: number;
}): MertonMarket {
  const { seed, sessions, mean, volatility } = options;
  const random = createRandom(seed);
  const shocks = unitShocks(sessions, () => random.normal());
  for (let i = sessions - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [shocks[i], shocks[j]] = [shocks[j], shocks[i]];
  }
  const earned = Float64Array.from(shocks, (shock) => Math.max(-0.9, mean + volatility * shock));
  const growth = (fraction: number): number =>
    earned.reduce((sum, value) => sum + Math.log1p(fraction * value), 0) / sessions;
  return {
    data: oneAssetMarket(earned, new Float32Array(sessions), { costBps: 0, startExposure: 1 }),
    sessions,
    fraction: mean / volatility ** 2,
    best: maximiser(growth),
    growth,
  };
}

/** n values (n even) with mean 0 and variance 1 to rounding: pairs of opposite sign, rescaled. */
function unitShocks(n: number, normal: () => number): Float64Array {
  const shocks = new Float64Array(n);
  let squares = 0;
  for (let i = 0; i + 1 < n; i += 2) {
    shocks[i] = normal();
    shocks[i + 1] = -shocks[i];
    squares += 2 * shocks[i] ** 2;
  }
  return shocks.map((shock) => shock / Math.sqrt(squares / n));
}

/** Where a concave function on [0, 1] is highest (golden section). */
export function maximiser(f: (x: number) => number): number {
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [0, 1];
  while (high - low > 1e-6) {
    const [a, b] = [high - golden * (high - low), low + golden * (high - low)];
    if (f(a) < f(b)) low = a;
    else high = b;
  }
  return (low + high) / 2;
}
