import { ProductError } from '../../domain/errors.ts';
import type { Random } from '../../domain/simulation/random.ts';
import type { GraphBuilder } from './autodiff/graph-builder.ts';
import type { Tensor } from './autodiff/tensor.ts';

/**
 * n environments stepped together. Episodes restart by themselves: where `dones[i]` is 1, `observations` row i is already the first of
 * the next episode, and `finalObservations` row i is what followed the last step of the old one.
 */
export interface Environments {
  /** float32 [n, ...]: what the next action is chosen from. */
  readonly observations: Float32Array;
  /** [n] */
  readonly rewards: Float64Array;
  /** [n] 1: the episode ended with this step. */
  readonly dones: Uint8Array;
  /** [n] 1: it ended because its time was up (Gymnasium's `truncated`), so what follows still has a value. 0 where dones is 0. */
  readonly truncated: Uint8Array;
  /** float32 [n, ...]: rows where `dones` is 1 are valid. */
  readonly finalObservations: Float32Array;
  /** `actions` float32 [n, D]. */
  step(actions: Float32Array): void;
  /** JSON-serialisable, for checkpoints. */
  state(): unknown;
  restore(state: never): void;
  /** What the learning curve should carry beside the learner's own figures, since the last call. */
  metrics?(): Record<string, number | null>;
  /** How the reward follows from the action, where that is known: what direct gradients need. */
  readonly differentiable?: DifferentiableReward;
}

/** The reward of a step as a differentiable function of the actions. */
export interface DifferentiableReward {
  /** Values per row that, beside the actions, the reward is computed from. */
  readonly factsWidth: number;
  /** float32 [n, factsWidth] of the last step. */
  readonly facts: Float32Array;
  /**
   * Emit the rewards of segments of L consecutive steps: actions [B, L, D] (the policy's means), facts [B, L, factsWidth] -> rewards
   * [B, L]. The value equals what `step` paid; the gradient flows through the actions of the step itself and, where the portfolio that
   * it starts from is the one that the step before it chose, through those too.
   */
  build(g: GraphBuilder, actions: Tensor, facts: Tensor): Tensor;
}

/** One point of the learning curve, under CleanRL's metric names. */
export type CurvePoint = Readonly<Record<string, number | null>> & { readonly global_step: number };

/** All that is needed to go on to the same bits. */
export interface LearnerCheckpoint {
  readonly iteration: number;
  /** Parameters, optimiser moments, replay: by name. */
  readonly arrays: Readonly<Record<string, Float64Array | Float32Array | Int32Array | Uint8Array>>;
  /** Counters, by name. */
  readonly counters: Readonly<Record<string, number>>;
  readonly random: ReturnType<Random['state']>;
  readonly environments: unknown;
  readonly curve: readonly CurvePoint[];
}

export interface LearnerOptions<Network, Settings> {
  readonly network: Network;
  readonly environments: Environments;
  readonly settings: Settings;
  readonly seed: number;
  /** Warm start: parameters to begin with instead of random ones, as `LearnerResult.parameters`. */
  readonly initial?: ArrayLike<number> | null;
  readonly resume?: LearnerCheckpoint | null;
  /** Called after each iteration; `checkpoint` copies the state, `parameters` is live. False: stop here, as if the process had been told to. */
  readonly onIteration?: (
    point: CurvePoint,
    checkpoint: () => LearnerCheckpoint,
    parameters: Float64Array,
  ) => Promise<boolean | undefined> | boolean | undefined;
}

export interface LearnerResult {
  /** Flat, in the order of the network's parameters: the actor's part first. */
  readonly parameters: Float64Array;
  readonly curve: readonly CurvePoint[];
}

/** A value that is not finite ends training with the metric's name, before a checkpoint could keep it. */
export function checkFinite(point: CurvePoint): void {
  for (const [metric, value] of Object.entries(point)) {
    if (value !== null && !Number.isFinite(value)) {
      throw new ProductError('TRAIN_NOT_FINITE', 'Training computed a value that is not finite', {
        facts: { metric, value: String(value), globalStep: point.global_step },
        remedy: 'Lower the learning rate, or look for extreme values in the features of the training window.',
      });
    }
  }
}
