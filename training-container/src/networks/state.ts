import { STATE_COLUMNS } from '../../../domain/policy/policy.ts';
import type { GraphBuilder } from '../autodiff/graph-builder.ts';
import type { Tensor } from '../autodiff/tensor.ts';

/** The state columns that a network treats by name. */
export interface State {
  /** [B, A] */
  readonly anchorLogit: Tensor;
  /** [B, 1] */
  readonly anchorExposure: Tensor;
  /** [B, A] 1 where the asset may be traded, else 0. */
  readonly usable: Tensor;
  /** [B, 1, A] 1 / number of usable assets where usable, else 0: a mean over them as a matrix product. */
  readonly share: Tensor;
}

/** @param features width of the observation [B, A, features], whose last columns are the state columns. */
export function stateOf(g: GraphBuilder, observation: Tensor, features: number): State {
  const [batch, assets] = observation.dims;
  const named = ['tradable', 'anchorLogit', 'anchorExposure'] as const;
  const first = features - STATE_COLUMNS.length;
  const [usable, anchorLogit, exposure] = g.columns(
    observation,
    named.map((name) => first + STATE_COLUMNS.indexOf(name)),
  );
  const count = g.max(g.sum(usable, [1], true), g.constant([1]));
  const share = g.reshape(g.div(usable, count), [batch, 1, assets]);
  return { anchorLogit, anchorExposure: g.slice(exposure, 1, 0, 1), usable, share };
}
