import { createRandom, type Random } from '../simulation/random.ts';
import type { PortfolioEnvironment } from './environment.ts';
import type { LoopState } from './portfolio-loop.ts';
import type { ReturnMoments } from './reward.ts';

/** Where an episode stands. */
export interface EnvironmentState {
  loop: LoopState;
  /** Session of the episode's last decision. */
  lastDecision: number;
  moments: ReturnMoments;
}

/** JSON form, to resume a run to the same bits. */
export interface VectorEnvironmentState {
  environments: {
    t: number;
    lastDecision: number;
    moments: ReturnMoments;
    hasPending: boolean;
    pending: number[];
    nav: number;
    highWaterMark: number;
    daysSinceHigh: number;
    cash: number;
    held: number[];
  }[];
  randoms: ReturnType<Random['state']>[];
}

/**
 * n environments behind one step. Auto-reset: where `dones[i]` is 1, `observations` row i is already the first of the next
 * episode, while `rewards[i]` is the last of the old one.
 */
export class VectorEnvironment {
  readonly n: number;
  readonly assets: number;
  readonly features: number;
  /** float32 [n, A, F] */
  readonly observations: Float32Array;
  /** [n] */
  readonly rewards: Float64Array;
  /** [n] */
  readonly dones: Uint8Array;
  /** [n] Gymnasium's `truncated`: the episode ended because its time was up, and not with the ruin of its book. */
  readonly truncated: Uint8Array;
  /** float32 [n, A, F]: what followed the last step of an episode that ended; rows where `dones` is 1 are valid. */
  readonly finalObservations: Float32Array;
  readonly environments: readonly PortfolioEnvironment[];
  #randoms: Random[];

  constructor(make: (i: number) => PortfolioEnvironment, n: number, random: Random) {
    this.n = n;
    this.environments = Array.from({ length: n }, (_, i) => make(i));
    this.#randoms = Array.from({ length: n }, (_, i) => random.fork(i));
    this.assets = this.environments[0].assets;
    this.features = this.environments[0].features;
    this.observations = new Float32Array(n * this.assets * this.features);
    this.rewards = new Float64Array(n);
    this.dones = new Uint8Array(n);
    this.truncated = new Uint8Array(n);
    this.finalObservations = new Float32Array(this.observations.length);
    this.environments.forEach((environment, i) => {
      environment.reset(this.#randoms[i]);
      this.#observe(i);
    });
  }

  /**
   * `actions` float32 [n, A + 1]. `onStep` is called for each environment after its step, its reward and done already written, before
   * an episode that ended makes room for the next.
   */
  step(actions: Float32Array, onStep?: (environment: PortfolioEnvironment, i: number) => void): void {
    const width = this.assets + 1;
    for (let i = 0; i < this.n; i += 1) {
      const environment = this.environments[i];
      const { reward, done, terminated } = environment.step(actions, i * width);
      this.rewards[i] = reward;
      this.dones[i] = done ? 1 : 0;
      this.truncated[i] = done && !terminated ? 1 : 0;
      onStep?.(environment, i);
      if (done) {
        environment.observe(this.finalObservations, i * this.assets * this.features);
        environment.reset(this.#randoms[i]);
      }
      this.#observe(i);
    }
  }

  state(): VectorEnvironmentState {
    return {
      environments: this.environments.map((environment) => toJson(environment.state())),
      randoms: this.#randoms.map((random) => random.state()),
    };
  }

  /** Continue from `state`: observations are those of the state; rewards and dones are zero until the next step. */
  restore(state: VectorEnvironmentState): void {
    this.#randoms = state.randoms.map((random) => createRandom(random));
    this.rewards.fill(0);
    this.dones.fill(0);
    this.truncated.fill(0);
    this.environments.forEach((environment, i) => {
      environment.restore(fromJson(state.environments[i]));
      this.#observe(i);
    });
  }

  #observe(i: number): void {
    this.environments[i].observe(this.observations, i * this.assets * this.features);
  }
}

function toJson({ loop, lastDecision, moments }: EnvironmentState): VectorEnvironmentState['environments'][number] {
  const { t, book, pending, hasPending } = loop;
  return { t, lastDecision, moments, hasPending, pending: Array.from(pending), ...book, held: Array.from(book.held) };
}

function fromJson(state: VectorEnvironmentState['environments'][number]): EnvironmentState {
  const { t, lastDecision, moments, hasPending, pending, nav, highWaterMark, daysSinceHigh, cash, held } = state;
  const book = { nav, highWaterMark, daysSinceHigh, cash, held: Float64Array.from(held) };
  return { lastDecision, moments, loop: { t, hasPending, pending: Float64Array.from(pending), book } };
}
