import { POLICY_INPUT, POLICY_OUTPUT, STATE_COLUMNS } from '../../domain/policy/policy.ts';
import type { Random } from '../../domain/simulation/random.ts';
import { GraphBuilder } from './autodiff/graph-builder.ts';
import { type Dim, sizeOf, type Tensor } from './autodiff/tensor.ts';

/** One named part of the flat parameter vector, and how it starts: normal with standard deviation gain / sqrt(fan in), or a constant. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly start:
    | { readonly kind: 'normal'; readonly gain: number }
    | { readonly kind: 'constant'; readonly value: number };
}

export type Parameters = Readonly<Record<string, Tensor>>;

/** A Gaussian policy and a value function over one observation. B is the number of rows, D the size of an action. */
export interface ActorCritic {
  readonly parameters: readonly ParameterSpec[];
  /** Shape of one observation. */
  readonly observationDims: readonly number[];
  readonly actionSize: number;
  /** mean [B, D]; logStd [1, D]; mask [B, D], 0 where the action has no effect (null: all count); value [B]. */
  forward(
    g: GraphBuilder,
    parameters: Parameters,
    observation: Tensor,
  ): { mean: Tensor; logStd: Tensor; mask: Tensor | null; value: Tensor };
}

export interface PortfolioShape {
  readonly assets: number;
  readonly features: number;
  readonly hidden: number;
  readonly logStdInit: number;
}

const normal = (name: string, shape: readonly number[], gain: number): ParameterSpec => ({
  name,
  shape,
  start: { kind: 'normal', gain },
});
const constant = (name: string, shape: readonly number[], value = 0): ParameterSpec => ({
  name,
  shape,
  start: { kind: 'constant', value },
});

/**
 * The portfolio's actor and critic. Both treat the assets as a set (Zaheer et al. 2017, Deep Sets): the same weights for every asset, and
 * a mean over the usable ones as context, so that permuting the assets permutes the tilts and nothing else.
 * The policy's last layers start at zero: step 0 is the anchor exactly.
 */
export function portfolioNetwork(shape: PortfolioShape): ActorCritic {
  const { assets, features, hidden } = shape;
  const relu = Math.SQRT2;
  return {
    observationDims: [assets, features],
    actionSize: assets + 1,
    parameters: [
      normal('asset.weight', [features, hidden], relu),
      constant('asset.bias', [hidden]),
      normal('mix.weight', [hidden, hidden], relu / Math.SQRT2),
      normal('context.weight', [hidden, hidden], relu / Math.SQRT2),
      constant('mix.bias', [hidden]),
      constant('tilt.weight', [hidden, 1]),
      constant('shift.weight', [hidden, 1]),
      constant('shift.bias', [1]),
      constant('logStd', [2], shape.logStdInit),
      normal('value.asset.weight', [features, hidden], relu),
      constant('value.asset.bias', [hidden]),
      normal('value.mix.weight', [hidden, hidden], relu),
      constant('value.mix.bias', [hidden]),
      constant('value.weight', [hidden, 1]),
      constant('value.bias', [1]),
    ],
    forward(g, parameters, observation) {
      const { mean, mask } = policyForward(g, parameters, observation, features);
      const value = valueForward(g, parameters, observation, features);
      const logStd = g.concat(
        [
          g.add(g.slice(parameters.logStd, 0, 0, 1), g.constant(new Float32Array(assets), [assets])),
          g.slice(parameters.logStd, 0, 1, 2),
        ],
        0,
      );
      return { mean, mask, value, logStd: g.reshape(logStd, [1, assets + 1]) };
    },
  };
}

/** Observation [B, A, F] -> action mean [B, A + 1] and mask [B, A + 1]: anchor logit + tilt per asset, anchor exposure + shift. */
export function policyForward(
  g: GraphBuilder,
  p: Parameters,
  observation: Tensor,
  features: number,
): { mean: Tensor; mask: Tensor } {
  const [batch, assets] = observation.dims;
  const state = stateOf(g, observation, features);
  const own = g.relu(g.linear(observation, p['asset.weight'], p['asset.bias']));
  const hidden = own.dims[2];
  const context = g.linear(g.reshape(g.matmul(state.share, own), [batch, hidden]), p['context.weight']);
  const mixed = g.relu(g.add(g.linear(own, p['mix.weight'], p['mix.bias']), g.reshape(context, [batch, 1, hidden])));
  const tilt = g.reshape(g.linear(mixed, p['tilt.weight']), [batch, assets]);
  const shift = g.linear(g.reshape(g.matmul(state.share, mixed), [batch, hidden]), p['shift.weight'], p['shift.bias']);
  const mean = g.concat([g.add(state.anchorLogit, tilt), g.add(state.anchorExposure, shift)], 1);
  const always = g.add(g.mul(state.anchorExposure, g.constant([0])), g.constant([1]));
  return { mean, mask: g.concat([state.usable, always], 1) };
}

function valueForward(g: GraphBuilder, p: Parameters, observation: Tensor, features: number): Tensor {
  const [batch] = observation.dims;
  const own = g.relu(g.linear(observation, p['value.asset.weight'], p['value.asset.bias']));
  const pooled = g.reshape(g.matmul(stateOf(g, observation, features).share, own), [batch, own.dims[2]]);
  const mixed = g.relu(g.linear(pooled, p['value.mix.weight'], p['value.mix.bias']));
  return g.reshape(g.linear(mixed, p['value.weight'], p['value.bias']), [batch]);
}

/** The state columns that the network treats by name. `share` [B, 1, A]: 1 / number of usable assets where usable, else 0. */
function stateOf(
  g: GraphBuilder,
  observation: Tensor,
  features: number,
): { anchorLogit: Tensor; anchorExposure: Tensor; usable: Tensor; share: Tensor } {
  const [batch, assets] = observation.dims;
  const column = (name: (typeof STATE_COLUMNS)[number]): Tensor => {
    const at = features - STATE_COLUMNS.length + STATE_COLUMNS.indexOf(name);
    return g.slice(observation, 2, at, at + 1);
  };
  const usable = g.reshape(column('tradable'), [batch, assets]);
  const count = g.max(g.sum(usable, [1], true), g.constant([1]));
  const share = g.reshape(g.div(usable, count), [batch, 1, assets]);
  const anchorExposure = g.reshape(g.slice(column('anchorExposure'), 1, 0, 1), [batch, 1]);
  return { anchorLogit: g.reshape(column('anchorLogit'), [batch, assets]), anchorExposure, usable, share };
}

/** Number of values in the flat parameter vector. */
export const parameterCount = (network: Pick<ActorCritic, 'parameters'>): number =>
  network.parameters.reduce((sum, spec) => sum + sizeOf(spec.shape), 0);

/** The flat parameter vector at step 0. */
export function initialParameters(network: Pick<ActorCritic, 'parameters'>, random: Random): Float64Array {
  const flat = new Float64Array(parameterCount(network));
  let at = 0;
  for (const spec of network.parameters) {
    const size = sizeOf(spec.shape);
    const { start } = spec;
    for (let i = 0; i < size; i++)
      flat[at + i] = Math.fround(
        start.kind === 'constant' ? start.value : (random.normal() * start.gain) / Math.sqrt(spec.shape[0]),
      );
    at += size;
  }
  return flat;
}

/** Parameters as slices of one flat graph input of size P: one tensor crosses into the runtime, not fifteen. */
export function flatParameters(
  g: GraphBuilder,
  flat: Tensor,
  network: Pick<ActorCritic, 'parameters'>,
): { leaves: Tensor[]; parameters: Parameters } {
  const leaves = g.split(
    flat,
    network.parameters.map((spec) => spec.shape),
  );
  return { leaves, parameters: Object.fromEntries(network.parameters.map((spec, i) => [spec.name, leaves[i]])) };
}

const servedDims = (features: number): Dim[] => ['batch', 'assets', features];

/** The served policy: the mean action of the trained network, any batch, any number of assets. */
export function policyModel(shape: PortfolioShape, flat: ArrayLike<number>): Uint8Array {
  const g = new GraphBuilder();
  const observation = g.input(POLICY_INPUT, servedDims(shape.features));
  const parameters: Record<string, Tensor> = {};
  let at = 0;
  for (const spec of portfolioNetwork(shape).parameters) {
    const size = sizeOf(spec.shape);
    parameters[spec.name] = g.weights(
      spec.name,
      Float32Array.from({ length: size }, (_, i) => flat[at + i]),
      spec.shape,
    );
    at += size;
  }
  const { mean } = policyForward(g, parameters, observation, shape.features);
  return g.encode('policy', [g.output(POLICY_OUTPUT, mean)]);
}

/** Model 0: the action is the anchor itself, inverse volatility at a target volatility. No parameters. */
export function baselineModel(features: number): Uint8Array {
  const g = new GraphBuilder();
  const { anchorLogit, anchorExposure } = stateOf(g, g.input(POLICY_INPUT, servedDims(features)), features);
  return g.encode('baseline', [g.output(POLICY_OUTPUT, g.concat([anchorLogit, anchorExposure], 1))]);
}
