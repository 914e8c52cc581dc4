import { POLICY_INPUT, POLICY_OUTPUT, STATE_COLUMNS } from '../../../domain/policy/policy.ts';
import { GraphBuilder } from '../autodiff/graph-builder.ts';
import type { Dim, Tensor } from '../autodiff/tensor.ts';
import { type EncoderShape, encode, encoderParameters } from './encoder.ts';
import { constant, normal, type Parameters, type Parametrised, storedParameters } from './parameters.ts';
import { stateOf } from './state.ts';

/** A Gaussian policy over one observation. B is the number of rows, D the size of an action. */
export interface Actor extends Parametrised {
  /** Shape of one observation. */
  readonly observationDims: readonly number[];
  readonly actionSize: number;
  forward(g: GraphBuilder, parameters: Parameters, observation: Tensor): ActorOutput;
}

export interface ActorOutput {
  /** [B, D] */
  readonly mean: Tensor;
  /** [B, D] mean less where it starts from before anything is learned (the anchor). */
  readonly offset: Tensor;
  /** [1, D] */
  readonly logStd: Tensor;
  /** [B, D] 0 where the action has no effect; null: all count. */
  readonly mask: Tensor | null;
}

/** Actor and state value in one parameter vector, the actor's part first. */
export interface ActorCritic extends Actor {
  /** As the actor's, and value [B]. */
  forward(g: GraphBuilder, parameters: Parameters, observation: Tensor): ActorOutput & { readonly value: Tensor };
}

/** The portfolio's actor says more than a general one. */
export interface PortfolioActor extends Actor {
  forward(g: GraphBuilder, parameters: Parameters, observation: Tensor): PolicyOutput & { readonly logStd: Tensor };
}

export interface PortfolioShape {
  readonly assets: number;
  /** Width of an observation, state columns included. */
  readonly features: number;
  readonly hidden: number;
  readonly logStdInit: number;
  /** @default 'set' */
  readonly architecture?: EncoderShape['architecture'];
  /** `squashed`: offsets are bound x tanh of what the network says (SAC). @default 'plain' */
  readonly head?: 'plain' | 'squashed';
  /** Gross limit of a long/short book; null: long only. @default null */
  readonly longShortGross?: number | null;
  /** Days of features in an observation, newest first. @default 1 */
  readonly lookbackDays?: number;
}

export const encoderOf = ({
  features,
  hidden,
  architecture = 'set',
  lookbackDays = 1,
}: PortfolioShape): EncoderShape => ({
  architecture,
  inputs: features,
  hidden,
  columns: (features - STATE_COLUMNS.length) / lookbackDays,
  days: lookbackDays,
});

/** What squashed tilts and the exposure shift may reach: e^4 between two assets is concentration enough. */
export const OFFSET_BOUND = 4;

/** Tilts and an exposure shift on top of the anchor. The last layers start at zero: step 0 is the anchor exactly. */
export function portfolioActor(shape: PortfolioShape): PortfolioActor {
  const { assets, features, hidden, logStdInit } = shape;
  return {
    observationDims: [assets, features],
    actionSize: assets + 1,
    parameters: [
      ...encoderParameters('', encoderOf(shape)),
      constant('tilt.weight', [hidden, 1]),
      constant('shift.weight', [hidden, 1]),
      constant('shift.bias', [1]),
      constant('logStd', [2], logStdInit),
    ],
    forward(g, parameters, observation) {
      const logStd = g.concat(
        [
          g.add(g.slice(parameters.logStd, 0, 0, 1), g.constant(new Float32Array(assets), [assets])),
          g.slice(parameters.logStd, 0, 1, 2),
        ],
        0,
      );
      return {
        ...policyForward(g, parameters, observation, shape),
        logStd: g.reshape(logStd, [1, assets + 1]),
      };
    },
  };
}

/** All [B, A + 1]: logits of the assets, then the log exposure. */
export interface PolicyOutput {
  /** The anchor. */
  readonly start: Tensor;
  /** What the network says: a tilt for each asset and a shift of the exposure. */
  readonly raw: Tensor;
  /** start + raw, or start + bound tanh(raw) with a squashed head. */
  readonly mean: Tensor;
  /** mean - start where the action has an effect, else 0. */
  readonly offset: Tensor;
  /** 0 where the action has no effect. */
  readonly mask: Tensor;
}

/** Observation [B, A, F] -> the policy's action. */
export function policyForward(
  g: GraphBuilder,
  p: Parameters,
  observation: Tensor,
  shape: PortfolioShape,
): PolicyOutput {
  const [batch, assets] = observation.dims;
  const state = stateOf(g, observation, shape.features);
  const mixed = encode(g, p, '', encoderOf(shape), observation, state);
  const tilt = g.reshape(g.linear(mixed, p['tilt.weight']), [batch, assets]);
  // the mean of what each asset says: the same as what their mean says, and cheaper
  const shift = g.add(
    g.reshape(g.matmul(state.share, g.linear(mixed, p['shift.weight'])), [batch, 1]),
    p['shift.bias'],
  );
  const always = g.add(g.mul(state.anchorExposure, g.constant([0])), g.constant([1]));
  const mask = g.concat([state.usable, always], 1);
  const start = g.concat([state.anchorLogit, state.anchorExposure], 1);
  const raw = g.concat([tilt, shift], 1);
  const offset = shape.head === 'squashed' ? g.scale(g.tanh(raw), OFFSET_BOUND) : raw;
  return { start, raw, mean: g.add(start, offset), offset: g.mul(offset, mask), mask };
}

/** PPO's actor and critic. The critic is a set network of its own: a mean over the usable assets, then two layers. */
export function portfolioNetwork(shape: PortfolioShape): ActorCritic {
  const actor = portfolioActor(shape);
  const { features, hidden } = shape;
  return {
    ...actor,
    parameters: [
      ...actor.parameters,
      normal('value.asset.weight', [features, hidden], Math.SQRT2),
      constant('value.asset.bias', [hidden]),
      normal('value.mix.weight', [hidden, hidden], Math.SQRT2),
      constant('value.mix.bias', [hidden]),
      constant('value.weight', [hidden, 1]),
      constant('value.bias', [1]),
    ],
    forward: (g, parameters, observation) => ({
      ...actor.forward(g, parameters, observation),
      value: valueForward(g, parameters, observation, features),
    }),
  };
}

function valueForward(g: GraphBuilder, p: Parameters, observation: Tensor, features: number): Tensor {
  const [batch] = observation.dims;
  const own = g.relu(g.linear(observation, p['value.asset.weight'], p['value.asset.bias']));
  const pooled = g.reshape(g.matmul(stateOf(g, observation, features).share, own), [batch, own.dims[2]]);
  const mixed = g.relu(g.linear(pooled, p['value.mix.weight'], p['value.mix.bias']));
  return g.reshape(g.linear(mixed, p['value.weight'], p['value.bias']), [batch]);
}

const servedDims = (features: number): Dim[] => ['batch', 'assets', features];

/** The served policy: the mean action of the trained network, any batch, any number of assets. `flat` begins with the actor's parameters. */
export function policyModel(shape: PortfolioShape, flat: ArrayLike<number>): Uint8Array {
  const g = new GraphBuilder();
  const observation = g.input(POLICY_INPUT, servedDims(shape.features));
  const { mean } = policyForward(g, storedParameters(g, flat, portfolioActor(shape)), observation, shape);
  return g.encode('policy', [g.output(POLICY_OUTPUT, mean)]);
}

/** Model 0: the action is the anchor itself. No parameters. */
export function baselineModel(features: number): Uint8Array {
  const g = new GraphBuilder();
  const { anchorLogit, anchorExposure } = stateOf(g, g.input(POLICY_INPUT, servedDims(features)), features);
  return g.encode('baseline', [g.output(POLICY_OUTPUT, g.concat([anchorLogit, anchorExposure], 1))]);
}
