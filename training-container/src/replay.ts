import type { Random } from '../../domain/simulation/random.ts';

/** The last transitions that were seen, in a ring of flat arrays. */
export class Replay {
  readonly capacity: number;
  readonly #width: number;
  readonly #actionSize: number;
  readonly #observations: Float32Array;
  readonly #next: Float32Array;
  readonly #actions: Float32Array;
  /** [capacity, 2]: reward, and 1 where what followed still has a value. */
  readonly #steps: Float32Array;
  #size = 0;
  #at = 0;

  constructor(capacity: number, width: number, actionSize: number) {
    this.capacity = capacity;
    this.#width = width;
    this.#actionSize = actionSize;
    this.#observations = new Float32Array(capacity * width);
    this.#next = new Float32Array(capacity * width);
    this.#actions = new Float32Array(capacity * actionSize);
    this.#steps = new Float32Array(capacity * 2);
  }

  get size(): number {
    return this.#size;
  }

  add(observation: Float32Array, action: Float32Array, reward: number, alive: number, next: Float32Array): void {
    const at = this.#at;
    this.#observations.set(observation, at * this.#width);
    this.#next.set(next, at * this.#width);
    this.#actions.set(action, at * this.#actionSize);
    this.#steps[2 * at] = reward;
    this.#steps[2 * at + 1] = alive;
    this.#at = (at + 1) % this.capacity;
    this.#size = Math.min(this.#size + 1, this.capacity);
  }

  /** Fill `batch` with transitions drawn uniformly, with replacement. */
  sample(random: Random, batch: ReplayBatch): void {
    const [w, d] = [this.#width, this.#actionSize];
    for (let row = 0; row < batch.rows; row++) {
      const k = random.integer(this.#size);
      batch.observation.set(this.#observations.subarray(k * w, (k + 1) * w), row * w);
      batch.next.set(this.#next.subarray(k * w, (k + 1) * w), row * w);
      batch.action.set(this.#actions.subarray(k * d, (k + 1) * d), row * d);
      batch.step.set(this.#steps.subarray(2 * k, 2 * k + 2), 2 * row);
    }
  }

  /** The filled part, for a checkpoint. */
  arrays(): Record<string, Float32Array> {
    const n = this.#size;
    return {
      replayObservations: this.#observations.slice(0, n * this.#width),
      replayNext: this.#next.slice(0, n * this.#width),
      replayActions: this.#actions.slice(0, n * this.#actionSize),
      replaySteps: this.#steps.slice(0, n * 2),
    };
  }

  counters(): Record<string, number> {
    return { replaySize: this.#size, replayAt: this.#at };
  }

  restore(arrays: Readonly<Record<string, ArrayLike<number>>>, counters: Readonly<Record<string, number>>): void {
    this.#observations.set(arrays.replayObservations);
    this.#next.set(arrays.replayNext);
    this.#actions.set(arrays.replayActions);
    this.#steps.set(arrays.replaySteps);
    this.#size = counters.replaySize;
    this.#at = counters.replayAt;
  }
}

/** Buffers of one minibatch, allocated once. */
export class ReplayBatch {
  readonly rows: number;
  readonly observation: Float32Array;
  readonly next: Float32Array;
  readonly action: Float32Array;
  readonly step: Float32Array;

  constructor(rows: number, width: number, actionSize: number) {
    this.rows = rows;
    this.observation = new Float32Array(rows * width);
    this.next = new Float32Array(rows * width);
    this.action = new Float32Array(rows * actionSize);
    this.step = new Float32Array(rows * 2);
  }
}
