import type { GraphBuilder } from '../autodiff/graph-builder.ts';
import type { Tensor } from '../autodiff/tensor.ts';
import { constant, normal, type ParameterSpec, type Parameters } from './parameters.ts';
import type { State } from './state.ts';

export interface EncoderShape {
  readonly architecture: 'set' | 'attention' | 'temporal';
  /** Width of one asset's row: the columns of each day, the newest first, then what does not change over them. */
  readonly inputs: number;
  readonly hidden: number;
  /** Feature columns of one day, and days in a row. */
  readonly columns: number;
  readonly days: number;
}

const RELU_GAIN = Math.SQRT2;
/** Convolution over days: days that one filter spans, and filters. */
const FILTER_DAYS = 3;
const FILTERS = 8;

/** Width of what the first layer of an asset reads. */
function widthOf({ architecture, inputs, columns, days }: EncoderShape): number {
  return architecture === 'temporal' ? filterPlaces(days) * FILTERS + inputs - days * columns : inputs;
}

const spanOf = (days: number): number => Math.min(FILTER_DAYS, days);
const filterPlaces = (days: number): number => days - spanOf(days) + 1;

/** Parameters of one encoder; `prefix` tells those of several in one network apart. */
export function encoderParameters(prefix: string, shape: EncoderShape): ParameterSpec[] {
  const { architecture, hidden, columns, days } = shape;
  const square = (name: string, gain: number): ParameterSpec => normal(`${prefix}${name}`, [hidden, hidden], gain);
  return [
    ...(architecture === 'temporal'
      ? [
          normal(`${prefix}filter.weight`, [spanOf(days) * columns, FILTERS], RELU_GAIN),
          constant(`${prefix}filter.bias`, [FILTERS]),
        ]
      : []),
    normal(`${prefix}asset.weight`, [widthOf(shape), hidden], RELU_GAIN),
    constant(`${prefix}asset.bias`, [hidden]),
    ...(architecture === 'attention' ? [square('query.weight', 1), square('key.weight', 1)] : []),
    square('mix.weight', RELU_GAIN / Math.SQRT2),
    square('context.weight', RELU_GAIN / Math.SQRT2),
    constant(`${prefix}mix.bias`, [hidden]),
  ];
}

/**
 * Rows [B, A, inputs] -> [B, A, hidden]: each asset in the light of the others. Permuting the assets permutes the answer; assets that
 * are not usable have no say in the others. Every asset is read with the same weights, then mixed with a mean over the usable ones:
 *
 * - `set` (Zaheer et al. 2017, Deep Sets): the same mean for all;
 * - `attention` (Vaswani et al. 2017; Lee et al. 2019, Set Transformer): each asset weighs the others by how well its query fits their keys;
 * - `temporal` (as Jiang, Xu and Liang 2017): as `set`, after filters that slide over the days of an asset.
 */
export function encode(
  g: GraphBuilder,
  p: Parameters,
  prefix: string,
  shape: EncoderShape,
  rows: Tensor,
  state: State,
): Tensor {
  const read = shape.architecture === 'temporal' ? filtered(g, p, prefix, shape, rows) : rows;
  const own = g.relu(g.linear(read, p[`${prefix}asset.weight`], p[`${prefix}asset.bias`]));
  const context =
    shape.architecture === 'attention' ? attended(g, p, prefix, own, state) : average(g, p, prefix, own, state);
  return g.relu(g.add(g.linear(own, p[`${prefix}mix.weight`]), context));
}

/** [B, 1, hidden]: the mean of the usable assets, and the bias of the mix. */
function average(g: GraphBuilder, p: Parameters, prefix: string, own: Tensor, { share }: State): Tensor {
  const [batch, , hidden] = own.dims;
  const pooled = g.reshape(g.matmul(share, own), [batch, hidden]);
  return g.reshape(g.linear(pooled, p[`${prefix}context.weight`], p[`${prefix}mix.bias`]), [batch, 1, hidden]);
}

/** [B, A, hidden]: for each asset a mean of the usable ones, weighted by softmax(query key / sqrt(hidden)), and the bias of the mix. */
function attended(g: GraphBuilder, p: Parameters, prefix: string, own: Tensor, { usable }: State): Tensor {
  const [batch, assets] = usable.dims;
  const hidden = own.dims[2] as number;
  const query = g.scale(g.linear(own, p[`${prefix}query.weight`]), 1 / Math.sqrt(hidden));
  const key = g.linear(own, p[`${prefix}key.weight`]);
  const open = g.reshape(usable, [batch, 1, assets]);
  const away = g.scale(g.sub(g.constant([1]), open), -1e9);
  const fit = g.add(g.mul(g.matmul(query, g.transposeLast(key)), open), away);
  const powers = g.mul(g.exp(g.sub(fit, g.stopGradient(g.reduceMax(fit, 2)))), open);
  const weights = g.div(powers, g.max(g.sum(powers, [2], true), g.constant([1e-30])));
  return g.linear(g.matmul(weights, own), p[`${prefix}context.weight`], p[`${prefix}mix.bias`]);
}

/** The days of each asset through sliding filters, then the columns that are not of a day. */
function filtered(g: GraphBuilder, p: Parameters, prefix: string, shape: EncoderShape, rows: Tensor): Tensor {
  const { columns, days, inputs } = shape;
  const places = Array.from({ length: filterPlaces(days) }, (_, place) => {
    const seen = g.slice(rows, 2, place * columns, (place + spanOf(days)) * columns);
    return g.relu(g.linear(seen, p[`${prefix}filter.weight`], p[`${prefix}filter.bias`]));
  });
  return g.concat([...places, g.slice(rows, 2, days * columns, inputs)], 2);
}
