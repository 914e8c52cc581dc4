import type { GraphBuilder } from '../autodiff/graph-builder.ts';
import type { Tensor } from '../autodiff/tensor.ts';
import { constant, normal, type ParameterSpec, type Parameters } from './parameters.ts';
import type { State } from './state.ts';

export interface EncoderShape {
  readonly architecture: 'set' | 'attention' | 'temporal';
  /** Width of one asset's row. */
  readonly inputs: number;
  readonly hidden: number;
}

const RELU_GAIN = Math.SQRT2;

/** Parameters of one encoder; `prefix` tells those of several in one network apart. */
export function encoderParameters(prefix: string, { inputs, hidden }: EncoderShape): ParameterSpec[] {
  return [
    normal(`${prefix}asset.weight`, [inputs, hidden], RELU_GAIN),
    constant(`${prefix}asset.bias`, [hidden]),
    normal(`${prefix}mix.weight`, [hidden, hidden], RELU_GAIN / Math.SQRT2),
    normal(`${prefix}context.weight`, [hidden, hidden], RELU_GAIN / Math.SQRT2),
    constant(`${prefix}mix.bias`, [hidden]),
  ];
}

/**
 * Rows [B, A, inputs] -> [B, A, hidden]: each asset in the light of the others. Permuting the assets permutes the answer; assets that
 * are not usable have no say in the others.
 *
 * `set` (Zaheer et al. 2017, Deep Sets): the same weights for every asset, and a mean over the usable ones as context.
 */
export function encode(
  g: GraphBuilder,
  p: Parameters,
  prefix: string,
  _shape: EncoderShape,
  rows: Tensor,
  { share }: State,
): Tensor {
  const [batch] = rows.dims;
  const own = g.relu(g.linear(rows, p[`${prefix}asset.weight`], p[`${prefix}asset.bias`]));
  const hidden = own.dims[2];
  const context = g.linear(g.reshape(g.matmul(share, own), [batch, hidden]), p[`${prefix}context.weight`]);
  return g.relu(
    g.add(g.linear(own, p[`${prefix}mix.weight`], p[`${prefix}mix.bias`]), g.reshape(context, [batch, 1, hidden])),
  );
}
