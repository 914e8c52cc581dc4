import { type CvarState, cvarPenalty, startCvar, updateCvar } from '../../domain/environment/cvar.ts';
import {
  type EnvironmentData,
  type EnvironmentOptions,
  PortfolioEnvironment,
  VectorEnvironment,
  type VectorEnvironmentState,
} from '../../domain/environment/environment.ts';
import { REWARD_SCALE, type ReturnMoments, rewardOf } from '../../domain/environment/reward.ts';
import { actionToWeights } from '../../domain/portfolio/action.ts';
import { SESSIONS_PER_YEAR } from '../../domain/portfolio/book.ts';
import { exposureScale } from '../../domain/risk/context.ts';
import type { Random } from '../../domain/simulation/random.ts';
import type { RewardSettings } from '../../domain/training/settings.ts';
import type { DifferentiableReward, Environments } from './learner.ts';
import { buildPortfolioReward, factsWidth, writeFacts } from './portfolio-reward.ts';

/** Losses that one update of the shortfall constraint looks at. */
const CVAR_BATCH = 1024;

interface State extends VectorEnvironmentState {
  fresh: number[];
  losses: number[];
  cvar: CvarState;
}

/** What was earned and traded since the curve's last point. */
interface Tally {
  steps: number;
  turnover: number;
  /** Sum of log net growth. */
  growth: number;
}

/**
 * The vectorised portfolio environment as learners see it. Two things are added to its reward:
 *
 * - a control variate: what the anchor portfolio (at the same drawdown scale, without costs) earned over the same interval is taken
 *   off. It does not depend on the action, so the policy gradient keeps its expectation, but most of the market's noise cancels
 *   (Greensmith, Bartlett and Baxter 2004, section 4);
 * - where `reward.cvar` is set, the price of losses beyond the tail's quantile, whose multiplier is learned here, from the losses of
 *   all environments together.
 */
export class PortfolioEnvironments implements Environments {
  readonly observations: Float32Array;
  readonly rewards: Float64Array;
  readonly dones: Uint8Array;
  readonly truncated: Uint8Array;
  readonly finalObservations: Float32Array;
  readonly differentiable: DifferentiableReward;
  readonly #environments: PortfolioEnvironment[];
  readonly #vector: VectorEnvironment;
  readonly #data: EnvironmentData;
  readonly #reward: RewardSettings;
  /** Return of the anchor decided at t, over (t + 1, t + 2]. */
  readonly #anchorReturn: Float64Array;
  readonly #facts: Float32Array;
  /** [n] 1: the environment has not decided anything since its reset. */
  readonly #fresh: Uint8Array;
  readonly #cvar: CvarState;
  #losses: number[] = [];
  #tally: Tally = { steps: 0, turnover: 0, growth: 0 };

  /** @param cvar where the shortfall constraint stands; it is learned in place. */
  constructor(
    data: EnvironmentData,
    options: EnvironmentOptions & { reward: RewardSettings },
    n: number,
    random: Random,
    cvar = startCvar(),
  ) {
    this.#cvar = cvar;
    this.#environments = Array.from({ length: n }, () => new PortfolioEnvironment(data, options));
    this.#vector = new VectorEnvironment((i) => this.#environments[i], n, random);
    this.#data = data;
    this.#reward = options.reward;
    this.#anchorReturn = anchorReturns(data);
    this.#fresh = new Uint8Array(n).fill(1);
    this.observations = this.#vector.observations;
    this.rewards = this.#vector.rewards;
    this.dones = this.#vector.dones;
    this.truncated = this.#vector.truncated;
    this.finalObservations = this.#vector.finalObservations;
    const assets = data.panel.symbols.length;
    this.#facts = new Float32Array(n * factsWidth(assets));
    this.differentiable = {
      factsWidth: factsWidth(assets),
      facts: this.#facts,
      build: (g, actions, facts) => buildPortfolioReward(g, actions, facts, assets, options.reward, data.limits),
    };
  }

  step(actions: Float32Array): void {
    const before = this.#environments.map((environment) => ({
      t: environment.t,
      offset: this.#anchorReward(environment),
      ...environment.moments,
    }));
    this.#vector.step(actions, (environment, i) => {
      const { cost, growth, turnover } = environment.outcome;
      const loss = 1 - (1 - cost) * growth;
      const { cvar } = this.#reward;
      this.rewards[i] -= before[i].offset;
      if (cvar) {
        this.rewards[i] -= REWARD_SCALE * cvarPenalty(loss, this.#cvar, cvar);
        this.#losses.push(loss);
      }
      this.#writeFacts(environment, i, before[i]);
      this.#fresh[i] = this.dones[i];
      this.#tally.steps += 1;
      this.#tally.turnover += turnover;
      this.#tally.growth += Math.log(1 - loss);
    });
    this.#learnTail();
  }

  /** Since the last call: mean daily net growth (log, annualised), turnover a year, and where the shortfall constraint stands. */
  metrics(): Record<string, number | null> {
    const { steps, turnover, growth } = this.#tally;
    const yearly = (sum: number): number | null => (steps === 0 ? null : (sum * SESSIONS_PER_YEAR) / steps);
    const figures = { 'charts/net_growth': yearly(growth), 'charts/turnover': yearly(turnover) };
    this.#tally = { steps: 0, turnover: 0, growth: 0 };
    if (!this.#reward.cvar) return figures;
    return { ...figures, 'charts/cvar': this.#cvar.shortfall, 'charts/cvar_multiplier': this.#cvar.multiplier };
  }

  state(): State {
    return {
      ...this.#vector.state(),
      fresh: Array.from(this.#fresh),
      losses: [...this.#losses],
      cvar: { ...this.#cvar },
    };
  }

  restore(state: State): void {
    this.#vector.restore(state);
    this.#fresh.set(state.fresh);
    this.#losses = [...state.losses];
    Object.assign(this.#cvar, state.cvar);
  }

  #writeFacts(
    environment: PortfolioEnvironment,
    i: number,
    before: { t: number; offset: number } & ReturnMoments,
  ): void {
    const { cvar } = this.#reward;
    const facts = {
      offset: before.offset,
      fresh: this.#fresh[i],
      mean: before.mean,
      square: before.square,
      tailPrice: cvar ? this.#cvar.multiplier / (1 - cvar.level) : 0,
      quantile: this.#cvar.quantile,
    };
    const width = this.differentiable.factsWidth;
    writeFacts(environment, this.#data, environment.usableAt(before.t), facts, this.#facts, i * width);
  }

  #learnTail(): void {
    const { cvar } = this.#reward;
    if (!cvar || this.#losses.length < CVAR_BATCH) return;
    updateCvar(this.#cvar, this.#losses, cvar);
    this.#losses = [];
  }

  #anchorReward(environment: PortfolioEnvironment): number {
    const drawdown = environment.book.drawdown(this.#data.limits);
    const growth = 1 + exposureScale(drawdown, this.#data.limits) * this.#anchorReturn[environment.t];
    const outcome = { cost: 0, turnover: 0, growth, drawdownBefore: 0, drawdownAfter: 0 };
    return rewardOf({ ...this.#reward, lambdaDrawdown: 0 }, outcome, environment.moments);
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
