import { type CvarState, startCvar } from '../../domain/environment/cvar.ts';
import { ProductError } from '../../domain/errors.ts';
import type { DifferentiableReward, Environments } from './learner.ts';
import type { PortfolioEnvironments } from './portfolio-environments.ts';

/** One stretch of a course: some environments, for so many steps of all of them together. */
export interface Phase {
  readonly name: string;
  /** The last phase of a course goes on for as long as training does. */
  readonly steps: number;
  /** Deterministic: a resumed run opens the same. `cvar` is where the shortfall constraint has come to stand. */
  open(cvar: CvarState): PortfolioEnvironments;
}

interface State {
  phase: number;
  /** Steps taken in it. */
  steps: number;
  inner: unknown;
}

/**
 * A course of phases as one set of environments: what learners step through never changes its shape. Where a phase ends, every
 * episode ends with it as one whose time is up, so that no value is carried from one market into another.
 */
export class PhasedEnvironments implements Environments {
  readonly observations: Float32Array;
  readonly rewards: Float64Array;
  readonly dones: Uint8Array;
  readonly truncated: Uint8Array;
  readonly finalObservations: Float32Array;
  readonly differentiable: DifferentiableReward;
  readonly #course: readonly Phase[];
  readonly #cvar = startCvar();
  readonly #facts: Float32Array;
  #phase = 0;
  #steps = 0;
  #inner: PortfolioEnvironments;

  constructor(course: readonly Phase[]) {
    if (course.length === 0) throw new ProductError('COURSE_EMPTY', 'A course needs at least one phase');
    this.#course = course;
    this.#inner = course[0].open(this.#cvar);
    const { observations, rewards, differentiable } = this.#inner;
    this.observations = new Float32Array(observations.length);
    this.finalObservations = new Float32Array(observations.length);
    this.rewards = new Float64Array(rewards.length);
    this.dones = new Uint8Array(rewards.length);
    this.truncated = new Uint8Array(rewards.length);
    this.#facts = new Float32Array(differentiable.facts.length);
    this.differentiable = { ...differentiable, facts: this.#facts };
    this.observations.set(observations);
  }

  /** Name of the phase that the next step is taken in. */
  get phase(): string {
    return this.#course[this.#phase].name;
  }

  step(actions: Float32Array): void {
    const inner = this.#inner;
    inner.step(actions);
    this.#steps += this.rewards.length;
    this.rewards.set(inner.rewards);
    this.dones.set(inner.dones);
    this.truncated.set(inner.truncated);
    this.finalObservations.set(inner.finalObservations);
    this.#facts.set(inner.differentiable.facts);
    if (this.#steps >= this.#course[this.#phase].steps && this.#phase + 1 < this.#course.length) this.#next();
    this.observations.set(this.#inner.observations);
  }

  metrics(): Record<string, number | null> {
    const figures = this.#inner.metrics();
    return this.#course.length === 1 ? figures : { ...figures, 'charts/phase': this.#phase };
  }

  state(): State {
    return { phase: this.#phase, steps: this.#steps, inner: this.#inner.state() };
  }

  restore(state: State): void {
    if (state.phase !== this.#phase) this.#inner = this.#course[state.phase].open(this.#cvar);
    this.#phase = state.phase;
    this.#steps = state.steps;
    this.#inner.restore(state.inner as never);
    this.observations.set(this.#inner.observations);
  }

  #next(): void {
    const { observations } = this.#inner;
    const width = observations.length / this.rewards.length;
    this.dones.forEach((done, i) => {
      if (done === 1) return; // its final observation is there already
      this.finalObservations.set(observations.subarray(i * width, (i + 1) * width), i * width);
      this.dones[i] = 1;
      this.truncated[i] = 1;
    });
    this.#phase += 1;
    this.#steps = 0;
    this.#inner = this.#course[this.#phase].open(this.#cvar);
  }
}
