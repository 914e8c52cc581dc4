/** The memory that the main thread and the workers share: one rollout, the parameters, and a gradient slot per microbatch. */
export interface BatchSizes {
  /** Rows of one rollout: environments x steps. */
  readonly rows: number;
  /** Values of one observation. */
  readonly observation: number;
  readonly action: number;
  readonly parameters: number;
  readonly minibatch: number;
  readonly microbatch: number;
  readonly stats: number;
}

/** Columns of a row after the action, as the rollout graph writes them and the learner fills them in. */
export const ROW = { logProbability: 0, value: 1, advantage: 2, target: 3, width: 4 } as const;

/** Words of `control`. `sequence` rises by one with every minibatch; `first` is the minibatch's first position in `order`. */
export const CONTROL = { sequence: 0, next: 1, finished: 2, first: 3, stop: 4, failed: 5, width: 6 } as const;

export interface SharedBuffers {
  readonly control: SharedArrayBuffer;
  readonly observations: SharedArrayBuffer;
  readonly rows: SharedArrayBuffer;
  readonly order: SharedArrayBuffer;
  readonly parameters: SharedArrayBuffer;
  readonly gradients: SharedArrayBuffer;
  readonly stats: SharedArrayBuffer;
  readonly scale: SharedArrayBuffer;
}

export class SharedBatch {
  readonly sizes: BatchSizes;
  readonly buffers: SharedBuffers;
  readonly control: Int32Array;
  /** [rows, observation]. */
  readonly observations: Float32Array;
  /** [rows, action + 4]: action, log-probability, value, advantage, return. */
  readonly rows: Float32Array;
  /** Permutation of the rows of one epoch. */
  readonly order: Int32Array;
  readonly parameters: Float32Array;
  /** [slots, parameters]. */
  readonly gradients: Float32Array;
  /** [slots, stats]. */
  readonly stats: Float32Array;
  /** Mean and inverse standard deviation of the minibatch's advantages. */
  readonly scale: Float64Array;

  constructor(sizes: BatchSizes, buffers: SharedBuffers = allocate(sizes)) {
    this.sizes = sizes;
    this.buffers = buffers;
    this.control = new Int32Array(buffers.control);
    this.observations = new Float32Array(buffers.observations);
    this.rows = new Float32Array(buffers.rows);
    this.order = new Int32Array(buffers.order);
    this.parameters = new Float32Array(buffers.parameters);
    this.gradients = new Float32Array(buffers.gradients);
    this.stats = new Float32Array(buffers.stats);
    this.scale = new Float64Array(buffers.scale);
  }

  get slots(): number {
    return this.sizes.minibatch / this.sizes.microbatch;
  }

  get rowWidth(): number {
    return this.sizes.action + ROW.width;
  }
}

function allocate(sizes: BatchSizes): SharedBuffers {
  const slots = sizes.minibatch / sizes.microbatch;
  const floats = (count: number): SharedArrayBuffer => new SharedArrayBuffer(count * 4);
  return {
    control: floats(CONTROL.width),
    observations: floats(sizes.rows * sizes.observation),
    rows: floats(sizes.rows * (sizes.action + ROW.width)),
    order: floats(sizes.rows),
    parameters: floats(sizes.parameters),
    gradients: floats(slots * sizes.parameters),
    stats: floats(slots * sizes.stats),
    scale: new SharedArrayBuffer(16),
  };
}
