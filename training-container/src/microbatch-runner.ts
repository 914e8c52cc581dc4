import { InferenceSession, Tensor } from './onnx-runtime.ts';
import { ROW, type SharedBatch } from './shared-batch.ts';

/** One thread each; parallelism comes from microbatches on several workers, so that the result does not depend on their number. */
export const SESSION_OPTIONS: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
};

/** Runs the gradient graph on microbatches of the shared rollout. Inputs and outputs are allocated once. */
export class MicrobatchRunner {
  readonly #shared: SharedBatch;
  readonly #session: InferenceSession;
  readonly #feeds: Record<string, Tensor>;
  readonly #observation: Float32Array;
  readonly #batch: Float32Array;
  /** Output tensors over slot k of the shared gradients and stats. */
  readonly #fetches: Record<string, Tensor>[];

  private constructor(shared: SharedBatch, session: InferenceSession, observationDims: readonly number[]) {
    const { microbatch, observation, action, parameters, stats } = shared.sizes;
    this.#shared = shared;
    this.#session = session;
    this.#observation = new Float32Array(microbatch * observation);
    this.#batch = new Float32Array(microbatch * (action + 3));
    this.#feeds = {
      parameters: new Tensor('float32', shared.parameters, [parameters]),
      observation: new Tensor('float32', this.#observation, [microbatch, ...observationDims]),
      batch: new Tensor('float32', this.#batch, [microbatch, action + 3]),
    };
    this.#fetches = Array.from({ length: shared.slots }, (_, slot) => ({
      gradient: new Tensor('float32', shared.gradients.subarray(slot * parameters, (slot + 1) * parameters), [
        parameters,
      ]),
      stats: new Tensor('float32', shared.stats.subarray(slot * stats, (slot + 1) * stats), [stats]),
    }));
  }

  static async create(
    shared: SharedBatch,
    model: Uint8Array,
    observationDims: readonly number[],
  ): Promise<MicrobatchRunner> {
    return new MicrobatchRunner(shared, await InferenceSession.create(model, SESSION_OPTIONS), observationDims);
  }

  /** Gather the rows of microbatch `slot` of the minibatch that begins at `first`, and write its gradient and stats. */
  async run(slot: number, first: number): Promise<void> {
    const { sizes, observations, rows, order, scale, rowWidth } = this.#shared;
    const { observation, action, microbatch } = sizes;
    const width = action + 3;
    for (let i = 0; i < microbatch; i++) {
      const row = order[first + slot * microbatch + i];
      const at = row * rowWidth;
      this.#observation.set(observations.subarray(row * observation, (row + 1) * observation), i * observation);
      this.#batch.set(rows.subarray(at, at + action + 1), i * width);
      this.#batch[i * width + action + 1] = (rows[at + action + ROW.advantage] - scale[0]) * scale[1];
      this.#batch[i * width + action + 2] = rows[at + action + ROW.target];
    }
    await this.#session.run(this.#feeds, this.#fetches[slot]);
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}
