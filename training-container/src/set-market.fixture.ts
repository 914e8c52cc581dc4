import { STATE_COLUMNS } from '../../domain/policy/policy.ts';
import { createRandom, type Random } from '../../domain/simulation/random.ts';
import type { DifferentiableReward, Environments } from './learner.ts';
import { portfolioNetwork } from './networks/portfolio.ts';
import type { PpoSettings } from './ppo.ts';

export const ASSETS = 4;
/** One signal, one column of noise, and the state columns. */
export const FEATURES = 2 + STATE_COLUMNS.length;

export const network = portfolioNetwork({ assets: ASSETS, features: FEATURES, hidden: 16, logStdInit: 0 });

export const settings: PpoSettings = {
  environments: 16,
  rolloutDays: 16,
  minibatch: 128,
  workers: 1,
  totalSteps: 2048,
  epochs: 4,
  learningRate: 0.005,
  gamma: 0.9,
  gaeLambda: 0.3,
  clipCoef: 0.2,
  entCoef: 0,
  vfCoef: 0.5,
  maxGradNorm: 0.5,
  targetKl: null,
};

/** Each step one asset of each row carries signal 1, the others 0, and the reward is the weight that the action gives to it. */
export class SetMarket implements Environments {
  readonly observations = new Float32Array(settings.environments * ASSETS * FEATURES);
  readonly rewards = new Float64Array(settings.environments);
  readonly dones = new Uint8Array(settings.environments);
  readonly truncated = new Uint8Array(settings.environments);
  readonly finalObservations = new Float32Array(settings.environments * ASSETS * FEATURES);
  #random: Random;
  #on: number[] = [];
  #steps = 0;

  constructor(seed: number) {
    this.#random = createRandom(seed);
    this.#observe();
  }

  step(actions: Float32Array): void {
    this.#steps++;
    for (let i = 0; i < settings.environments; i++) {
      const exps = Array.from(actions.subarray(i * (ASSETS + 1), i * (ASSETS + 1) + ASSETS), Math.exp);
      this.rewards[i] = exps[this.#on[i]] / exps.reduce((sum, value) => sum + value, 0);
      this.dones[i] = this.#steps % 50 === 0 ? 1 : 0;
    }
    this.#observe();
  }

  state(): unknown {
    return {
      random: this.#random.state(),
      on: this.#on,
      steps: this.#steps,
      observations: Array.from(this.observations),
    };
  }

  restore(state: { random: ReturnType<Random['state']>; on: number[]; steps: number; observations: number[] }): void {
    this.#random = createRandom(state.random);
    this.#on = [...state.on];
    this.#steps = state.steps;
    this.observations.set(state.observations);
  }

  #observe(): void {
    this.observations.fill(0);
    this.#on = Array.from({ length: settings.environments }, () => this.#random.integer(ASSETS));
    this.#on.forEach((on, i) => {
      for (let a = 0; a < ASSETS; a++) {
        const at = (i * ASSETS + a) * FEATURES;
        this.observations[at] = a === on ? 1 : 0;
        this.observations[at + 1] = this.#random.normal();
        this.observations[at + FEATURES - 1] = 1;
      }
    });
  }
}

/** The reward of the step before as a function of the actions: which asset was on, one-hot, is all that it needs. */
export class DifferentiableSetMarket extends SetMarket {
  readonly differentiable: DifferentiableReward = {
    factsWidth: ASSETS,
    facts: new Float32Array(settings.environments * ASSETS),
    build(g, actions, facts) {
      const [batch, days] = actions.dims;
      const powers = g.exp(g.slice(actions, 2, 0, ASSETS));
      const given = g.div(g.sum(g.mul(powers, facts), [2], true), g.sum(powers, [2], true));
      return g.reshape(given, [batch, days]);
    },
  };

  override step(actions: Float32Array): void {
    const { facts } = this.differentiable;
    for (let i = 0; i < facts.length; i++)
      facts[i] = this.observations[Math.floor(i / ASSETS) * ASSETS * FEATURES + (i % ASSETS) * FEATURES];
    super.step(actions);
  }
}
