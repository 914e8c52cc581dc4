import {
  type EnvironmentData,
  type EnvironmentOptions,
  PortfolioEnvironment,
  VectorEnvironment,
  type VectorEnvironmentState,
} from '../../domain/environment/environment.ts';
import { rewardOf } from '../../domain/environment/reward.ts';
import { actionToWeights } from '../../domain/portfolio/action.ts';
import { exposureScale } from '../../domain/risk/context.ts';
import type { Random } from '../../domain/simulation/random.ts';
import type { Environments } from './learner.ts';

/**
 * The vectorised portfolio environment with a control variate: from every reward is taken what the anchor portfolio (at the
 * same drawdown scale, without costs) earned over the same interval. That part does not depend on the action, so the policy
 * gradient keeps its expectation, but most of the market's noise cancels (Greensmith, Bartlett and Baxter 2004, section 4).
 */
export class PortfolioEnvironments implements Environments {
  readonly observations: Float32Array;
  readonly rewards: Float64Array;
  readonly dones: Uint8Array;
  readonly truncated: Uint8Array;
  readonly finalObservations: Float32Array;
  readonly #environments: PortfolioEnvironment[];
  readonly #vector: VectorEnvironment;
  readonly #data: EnvironmentData;
  readonly #options: EnvironmentOptions;
  /** Return of the anchor decided at t, over (t + 1, t + 2]. */
  readonly #anchorReturn: Float64Array;
  readonly #baseline: Float64Array;

  constructor(data: EnvironmentData, options: EnvironmentOptions, n: number, random: Random) {
    this.#environments = Array.from({ length: n }, () => new PortfolioEnvironment(data, options));
    this.#vector = new VectorEnvironment((i) => this.#environments[i], n, random);
    this.#data = data;
    this.#options = options;
    this.#anchorReturn = anchorReturns(data);
    this.#baseline = new Float64Array(n);
    this.observations = this.#vector.observations;
    this.rewards = this.#vector.rewards;
    this.dones = this.#vector.dones;
    this.truncated = this.#vector.truncated;
    this.finalObservations = this.#vector.finalObservations;
  }

  step(actions: Float32Array): void {
    const n = this.#environments.length;
    for (let i = 0; i < n; i++) this.#baseline[i] = this.#anchorReward(this.#environments[i]);
    this.#vector.step(actions);
    for (let i = 0; i < n; i++) this.rewards[i] -= this.#baseline[i];
  }

  state(): VectorEnvironmentState {
    return this.#vector.state();
  }

  restore(state: VectorEnvironmentState): void {
    this.#vector.restore(state);
  }

  #anchorReward(environment: PortfolioEnvironment): number {
    const drawdown = environment.book.drawdown(this.#data.limits);
    const growth = 1 + exposureScale(drawdown, this.#data.limits) * this.#anchorReturn[environment.t];
    return rewardOf(
      { ...this.#options.reward, lambdaDrawdown: 0 },
      { cost: 0, turnover: 0, growth, drawdownBefore: 0, drawdownAfter: 0 },
    );
  }
}

function anchorReturns({ panel, tensor }: EnvironmentData): Float64Array {
  const sessions = panel.dates.length;
  const assets = panel.symbols.length;
  const out = new Float64Array(sessions);
  const weights = new Float64Array(assets);
  const action = new Float64Array(assets + 1);
  const usable = new Uint8Array(assets);
  for (let t = 0; t + 2 < sessions; t++) {
    for (let a = 0; a < assets; a++) {
      const logit = tensor.anchorLogit[t * assets + a];
      usable[a] = panel.tradable[t * assets + a] === 1 && Number.isFinite(logit) ? 1 : 0;
      action[a] = usable[a] === 1 ? logit : 0;
    }
    const exposure = tensor.anchorExposure[t];
    action[assets] = Number.isFinite(exposure) ? exposure : 0;
    actionToWeights(action, 0, usable, weights);
    for (let a = 0; a < assets; a++) out[t] += weights[a] * panel.returns[(t + 2) * assets + a];
  }
  return out;
}
