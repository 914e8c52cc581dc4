import type { GraphBuilder } from '../autodiff/graph-builder.ts';
import type { Tensor } from '../autodiff/tensor.ts';
import { type EncoderShape, encode, encoderParameters } from './encoder.ts';
import { constant, type ParameterSpec, type Parameters, type Parametrised } from './parameters.ts';
import { encoderOf, OFFSET_BOUND, type PortfolioShape, portfolioActor } from './portfolio.ts';
import { stateOf } from './state.ts';
import { anchoredWeights } from './weights.ts';

/** A policy whose offsets from where it starts are squashed: action = start + bound tanh(u). */
export interface SquashedActor extends Parametrised {
  readonly observationDims: readonly number[];
  readonly actionSize: number;
  readonly bound: number;
  /** start, preSquash, mask [B, D]; logStd [1, D]. */
  forward(
    g: GraphBuilder,
    parameters: Parameters,
    observation: Tensor,
  ): { start: Tensor; preSquash: Tensor; logStd: Tensor; mask: Tensor };
}

/** Two action values [B] of an observation and an action [B, D], each with parameters of its own. */
export interface TwinCritics extends Parametrised {
  forward(g: GraphBuilder, parameters: Parameters, observation: Tensor, action: Tensor): [Tensor, Tensor];
}

export interface SoftActorCritic {
  readonly actor: SquashedActor;
  readonly critics: TwinCritics;
}

/** The portfolio's squashed policy and its critics. */
export function softPortfolioNetwork(shape: PortfolioShape): SoftActorCritic {
  const actor = portfolioActor({ ...shape, head: 'squashed' });
  return {
    actor: {
      observationDims: actor.observationDims,
      actionSize: actor.actionSize,
      parameters: actor.parameters,
      bound: OFFSET_BOUND,
      forward(g, parameters, observation) {
        const { start, raw, logStd, mask } = actor.forward(g, parameters, observation);
        return { start, preSquash: raw, logStd, mask };
      },
    },
    critics: {
      parameters: [...criticParameters('q1.', shape), ...criticParameters('q2.', shape)],
      forward: (g, p, observation, action) => [
        criticForward(g, p, 'q1.', shape, observation, action),
        criticForward(g, p, 'q2.', shape, observation, action),
      ],
    },
  };
}

/** A row with the weight of its asset behind the state columns. */
const withWeight = (shape: PortfolioShape): EncoderShape => ({ ...encoderOf(shape), inputs: shape.features + 1 });

function criticParameters(prefix: string, shape: PortfolioShape): ParameterSpec[] {
  return [
    ...encoderParameters(prefix, withWeight(shape)),
    constant(`${prefix}asset.value`, [shape.hidden, 1]),
    constant(`${prefix}value`, [shape.hidden, 1]),
    constant(`${prefix}value.bias`, [1]),
  ];
}

/**
 * The value of an action is that of the weights which it means: every asset is read with its weight, and the value is a sum over assets of weight
 * x value of the asset, plus the value of the whole: [B]. Permuting the assets leaves it alone.
 */
function criticForward(
  g: GraphBuilder,
  p: Parameters,
  prefix: string,
  shape: PortfolioShape,
  observation: Tensor,
  action: Tensor,
): Tensor {
  const [batch, assets] = observation.dims as number[];
  const state = stateOf(g, observation, shape.features);
  const { longShortGross: maxGross = null } = shape;
  const signed = maxGross === null ? null : { anchor: state.anchorLogit, maxGross };
  const weights = anchoredWeights(g, action, state.usable, signed);
  const column = g.reshape(g.scale(weights, assets), [batch, assets, 1]);
  const rows = encode(g, p, prefix, withWeight(shape), g.concat([observation, column], 2), state);
  const values = g.reshape(g.linear(rows, p[`${prefix}asset.value`]), [batch, assets]);
  const pooled = g.reshape(g.matmul(state.share, rows), [batch, shape.hidden]);
  const whole = g.linear(pooled, p[`${prefix}value`], p[`${prefix}value.bias`]);
  return g.add(g.sum(g.mul(values, weights), [1], false), g.reshape(whole, [batch]));
}
