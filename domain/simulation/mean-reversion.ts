import type { EnvironmentData } from '../environment/environment.ts';
import { oneAssetMarket } from './one-asset.ts';
import { createRandom } from './random.ts';

export interface MeanReversionMarket {
  data: EnvironmentData;
  sessions: number;
  /** Weight that is best in state x, to the second order of log growth: pull x / volatility^2 within [0, 1]. */
  rule(x: number): number;
  /** [sessions] what is known at the close of each. */
  state: Float32Array;
  /** Mean log growth a session of a rule, without costs. */
  growth(rule: (x: number) => number): number;
}

/**
 * One asset whose expected return is proportional to how far it stands below its mean: x(t + 1) = persistence x(t) + noise of unit
 * stationary variance, known at the close of t, and the decision of t earns pull x(t) + volatility e. Without costs the best investor with
 * log utility is myopic, whatever the horizon, so the optimal rule is known: a line cut off at no position and at full investment.
 */
export function simulateMeanReversion(options: {
  seed: number;
  sessions: number;
  persistence: number;
  pull: number;
  volatility: number;
}): MeanReversionMarket {
  const { seed, sessions, persistence, pull, volatility } = options;
  const random = createRandom(seed);
  const state = new Float32Array(sessions);
  const earned = new Float64Array(sessions);
  const innovation = Math.sqrt(1 - persistence ** 2);
  let x = random.normal();
  for (let t = 0; t < sessions; t++) {
    state[t] = x;
    earned[t] = Math.max(-0.9, pull * state[t] + volatility * random.normal());
    x = persistence * x + innovation * random.normal();
  }
  return {
    data: oneAssetMarket(earned, state, { costBps: 0, startExposure: 0.5 }),
    sessions,
    state,
    rule: (at) => Math.min(1, Math.max(0, (pull * at) / volatility ** 2)),
    growth: (rule) => state.reduce((sum, at, t) => sum + Math.log1p(rule(at) * earned[t]), 0) / sessions,
  };
}
