import { Worker } from 'node:worker_threads';
import { badInput, ProductError } from '../../domain/errors.ts';
import { MicrobatchRunner, SESSION_OPTIONS } from './microbatch-runner.ts';
import { parameterCount } from './networks/parameters.ts';
import type { ActorCritic } from './networks/portfolio.ts';
import { InferenceSession, Tensor } from './onnx-runtime.ts';
import { gradientModel, type LossSettings, rolloutModel, STATS } from './ppo-graphs.ts';
import { CONTROL, SharedBatch } from './shared-batch.ts';

export interface EngineSettings extends LossSettings {
  readonly environments: number;
  readonly rolloutDays: number;
  readonly minibatch: number;
  /** Threads that compute gradients, this one included. */
  readonly workers: number;
}

/**
 * Rows of a microbatch. Small enough that threads of unequal speed end a minibatch together: on two cores 128 rows scale 1.35 times, 32 rows 1.9
 * times, at the same speed of one thread.
 */
const MICROBATCH = 32;

/**
 * ONNX Runtime as a training engine: sampling of actions, and gradients of a minibatch spread over threads. Microbatch k writes
 * gradient slot k, and slots are summed in order of k: one worker and many give identical bits.
 */
export class Engine {
  readonly shared: SharedBatch;
  readonly observationDims: readonly number[];
  /** Normal noise for the next `sample`, [environments, action]. */
  readonly noise: Float32Array;
  /** [environments, action + 2] written by `sample`: action, log-probability, value. */
  readonly sampled: Float32Array;
  readonly #rollout: InferenceSession;
  readonly #rolloutFeeds: Record<string, Tensor>;
  readonly #rolloutFetches: Record<string, Tensor>;
  readonly #runner: MicrobatchRunner;
  readonly #workers: Worker[];
  #failure: Error | null = null;

  private constructor(
    shared: SharedBatch,
    network: ActorCritic,
    environments: number,
    rollout: InferenceSession,
    runner: MicrobatchRunner,
    workers: Worker[],
  ) {
    this.shared = shared;
    this.observationDims = network.observationDims;
    this.noise = new Float32Array(environments * network.actionSize);
    this.sampled = new Float32Array(environments * (network.actionSize + 2));
    this.#rollout = rollout;
    this.#runner = runner;
    this.#workers = workers;
    this.#rolloutFeeds = {
      parameters: new Tensor('float32', shared.parameters, [shared.sizes.parameters]),
      noise: new Tensor('float32', this.noise, [environments, network.actionSize]),
    };
    this.#rolloutFetches = { rollout: new Tensor('float32', this.sampled, [environments, network.actionSize + 2]) };
    for (const worker of workers) worker.on('error', (error) => this.#fail(error));
  }

  static async create(network: ActorCritic, settings: EngineSettings): Promise<Engine> {
    const shared = new SharedBatch({
      rows: settings.environments * settings.rolloutDays,
      observation: network.observationDims.reduce((product, dim) => product * dim, 1),
      action: network.actionSize,
      parameters: parameterCount(network),
      minibatch: settings.minibatch,
      microbatch: microbatchOf(settings),
      stats: STATS.length,
    });
    const model = gradientModel(network, settings, shared.sizes.microbatch, settings.minibatch);
    const { observationDims } = network;
    const workers = Array.from({ length: Math.min(settings.workers, shared.slots) - 1 }, () => {
      const workerData = { sizes: shared.sizes, buffers: shared.buffers, model, observationDims };
      return new Worker(new URL('./worker.ts', import.meta.url), { workerData });
    });
    const runner = await MicrobatchRunner.create(shared, model, observationDims);
    const rollout = await InferenceSession.create(rolloutModel(network, settings.environments), SESSION_OPTIONS);
    return new Engine(shared, network, settings.environments, rollout, runner, workers);
  }

  /** Sample an action for each environment: reads `observation` and `noise`, writes `sampled`. */
  async sample(observation: Tensor): Promise<void> {
    await this.#rollout.run({ ...this.#rolloutFeeds, observation }, this.#rolloutFetches);
  }

  /**
   * Gradient of the minibatch at positions [first, first + minibatch) of `shared.order`, with advantages normalised by the
   * mean and inverse deviation in `shared.scale`. Writes `gradient` [parameters] and `stats`.
   */
  async gradient(first: number, gradient: Float64Array, stats: Float64Array): Promise<void> {
    const { control, slots, sizes } = this.shared;
    control[CONTROL.first] = first;
    Atomics.store(control, CONTROL.finished, 0);
    Atomics.store(control, CONTROL.next, 0);
    Atomics.add(control, CONTROL.sequence, 1);
    Atomics.notify(control, CONTROL.sequence);
    for (let slot = Atomics.add(control, CONTROL.next, 1); slot < slots; slot = Atomics.add(control, CONTROL.next, 1)) {
      await this.#runner.run(slot, first);
      Atomics.add(control, CONTROL.finished, 1);
    }
    await this.#finished(slots);
    sumSlots(this.shared.gradients, sizes.parameters, slots, gradient);
    sumSlots(this.shared.stats, sizes.stats, slots, stats);
  }

  async close(): Promise<void> {
    const { control } = this.shared;
    Atomics.store(control, CONTROL.stop, 1);
    Atomics.add(control, CONTROL.sequence, 1);
    Atomics.notify(control, CONTROL.sequence);
    await Promise.all(
      this.#workers.map(
        (worker) => new Promise((resolve) => (worker.threadId === -1 ? resolve(0) : worker.once('exit', resolve))),
      ),
    );
    await Promise.all([this.#runner.close(), this.#rollout.release()]);
  }

  /** Until all slots are written. A worker's error arrives as an event, so the wait gives the event loop a turn now and then. */
  async #finished(slots: number): Promise<void> {
    const { control } = this.shared;
    for (
      let done = Atomics.load(control, CONTROL.finished);
      done < slots;
      done = Atomics.load(control, CONTROL.finished)
    ) {
      if (Atomics.wait(control, CONTROL.finished, done, 50) === 'timed-out')
        await new Promise((resolve) => setImmediate(resolve));
      if (this.#failure)
        throw new ProductError('TRAIN_WORKER', 'A training worker failed', {
          cause: this.#failure,
          facts: { message: this.#failure.message },
        });
    }
  }

  #fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
  }
}

/** The largest divisor of the minibatch that is at most `MICROBATCH`; the number of workers has no say in it. */
function microbatchOf(settings: EngineSettings): number {
  const rows = settings.environments * settings.rolloutDays;
  if (rows % settings.minibatch !== 0) {
    throw badInput('TRAIN_BATCH', 'A rollout must divide into whole minibatches', {
      facts: { environments: settings.environments, rolloutDays: settings.rolloutDays, minibatch: settings.minibatch },
      remedy: 'Choose minibatch as a divisor of environments x rolloutDays.',
    });
  }
  for (let size = Math.min(MICROBATCH, settings.minibatch); ; size--) if (settings.minibatch % size === 0) return size;
}

/** Slot by slot, so that memory is read in its order. */
function sumSlots(slots: Float32Array, width: number, count: number, out: Float64Array): void {
  out.fill(0);
  for (let slot = 0, at = 0; slot < count; slot++) for (let i = 0; i < width; i++, at++) out[i] += slots[at];
}
