import { lax, nn, numpy as np } from '@jax-js/jax';
import { STATE_COLUMNS } from '../../../domain/policy/policy.ts';
import { type JaxArray, jaxScalar } from '../autodiff/jax.fixture.ts';
import { sizeOf } from '../autodiff/tensor.ts';
import type { ParameterSpec } from './parameters.ts';
import type { PortfolioShape } from './portfolio.ts';

/*
 * The portfolio's networks once more, in jax-js and as the papers write them: the oracle for `encoder.ts`, `portfolio.ts`, `critic.ts` and
 * `weights.ts`. `x.ref` reads an array that is needed again.
 */

/** A parameter by name; reading leaves it whole. */
export type Named = (name: string) => JaxArray;

/** A flat vector as its parts. */
export function named(flat: JaxArray, specs: readonly ParameterSpec[]): Named {
  let at = 0;
  const places = new Map(
    specs.map(({ name, shape }) => {
      const from = at;
      at += sizeOf(shape);
      return [name, { from, to: at, shape: [...shape] }];
    }),
  );
  return (name) => {
    const place = places.get(name);
    if (!place) throw new Error(`no parameter ${name}`);
    return flat.ref.slice([place.from, place.to]).reshape(place.shape);
  };
}

const times = (x: JaxArray, factor: number): JaxArray => np.multiply(x, jaxScalar(factor));
const dense = (x: JaxArray, p: Named, name: string, bias = true): JaxArray =>
  bias ? np.add(np.matmul(x, p(`${name}.weight`)), p(`${name}.bias`)) : np.matmul(x, p(`${name}.weight`));

/** Column of an observation [B, A, F] -> [B, A]. */
function column(observation: JaxArray, name: (typeof STATE_COLUMNS)[number]): JaxArray {
  const at = observation.shape[2] - STATE_COLUMNS.length + STATE_COLUMNS.indexOf(name);
  return observation.ref.slice([], [], at);
}

/** Mean over the usable assets of rows [B, A, H] -> [B, H]. */
function usableMean(rows: JaxArray, usable: JaxArray): JaxArray {
  const sum = np.sum(np.multiply(rows, np.expandDims(usable.ref, 2)), 1);
  return np.divide(sum, np.maximum(np.sum(usable.ref, 1, { keepdims: true }), jaxScalar(1)));
}

const usableSoftmax = (logits: JaxArray, usable: JaxArray): JaxArray =>
  nn.softmax(np.where(np.greater(usable.ref, jaxScalar(0)), logits, jaxScalar(-1e9)), -1);

/** A filter of three days slides over the days of each asset; what is not of a day stays as it is. */
function filtered(p: Named, prefix: string, days: number, features: number, rows: JaxArray): JaxArray {
  const columns = (features - STATE_COLUMNS.length) / days;
  const span = Math.min(3, days);
  const seen = Array.from({ length: days - span + 1 }, (_, place) =>
    nn.relu(dense(rows.ref.slice([], [], [place * columns, (place + span) * columns]), p, `${prefix}filter`)),
  );
  return np.concatenate([...seen, rows.ref.slice([], [], [days * columns, rows.shape[2]])], 2);
}

/** Rows [B, A, inputs] -> [B, A, hidden]. */
function encode(p: Named, prefix: string, shape: PortfolioShape, rows: JaxArray, usable: JaxArray): JaxArray {
  const { architecture = 'set', hidden, lookbackDays: days = 1, features } = shape;
  const read = architecture === 'temporal' ? filtered(p, prefix, days, features, rows) : rows;
  const own = nn.relu(dense(read, p, `${prefix}asset`));
  const mixed = dense(own.ref, p, `${prefix}mix`);
  if (architecture !== 'attention') {
    const context = dense(usableMean(own, usable), p, `${prefix}context`, false);
    return nn.relu(np.add(mixed, np.expandDims(context, 1)));
  }
  const query = dense(own.ref, p, `${prefix}query`, false);
  const key = dense(own.ref, p, `${prefix}key`, false);
  const fit = times(np.matmul(query, np.matrixTranspose(key)), 1 / Math.sqrt(hidden));
  const attention = usableSoftmax(fit, np.expandDims(usable.ref, 1));
  return nn.relu(np.add(mixed, dense(np.matmul(attention, own), p, `${prefix}context`, false)));
}

/** start and raw [B, A + 1], mask [B, A + 1], logStd [A + 1]. */
export function jaxPolicy(p: Named, shape: PortfolioShape, observation: JaxArray) {
  const [batch, assets] = observation.shape;
  const usable = column(observation, 'tradable');
  const start = np.concatenate(
    [column(observation, 'anchorLogit'), column(observation, 'anchorExposure').slice([], [0, 1])],
    1,
  );
  const rows = encode(p, '', shape, observation.ref, usable);
  const tilt = np.matmul(rows.ref, p('tilt.weight')).reshape([batch, assets]);
  const shift = np.add(np.matmul(usableMean(rows, usable), p('shift.weight')), p('shift.bias'));
  const logStd = np.concatenate([np.repeat(p('logStd').slice([0, 1]), assets), p('logStd').slice([1, 2])], 0);
  const mask = np.concatenate([usable, np.ones([batch, 1], { dtype: np.float64 })], 1);
  return { start, raw: np.concatenate([tilt, shift], 1), mask, logStd };
}

/** PPO's value of a state [B]. */
export function jaxValue(p: Named, observation: JaxArray): JaxArray {
  const own = nn.relu(dense(observation.ref, p, 'value.asset'));
  const mixed = nn.relu(dense(usableMean(own, column(observation, 'tradable')), p, 'value.mix'));
  return np.add(np.matmul(mixed, p('value.weight')), p('value.bias')).reshape([-1]);
}

/** Weights [B, A] that an action [B, A + 1] means. Beyond full investment the exposure is 1, with a quarter of the gradient. */
export function jaxWeights(action: JaxArray, observation: JaxArray, gross: number | null): JaxArray {
  const assets = action.shape[1] - 1;
  const usable = column(observation, 'tradable');
  const x = action.ref.slice([], [assets, assets + 1]);
  const beyond = np.add(jaxScalar(1), times(np.subtract(x.ref, lax.stopGradient(x.ref)), 0.25));
  const within = np.exp(np.minimum(x.ref, jaxScalar(0)));
  const exposure = np.where(np.greater(x, jaxScalar(0)), beyond, within);
  const logits = action.slice([], [0, assets]);
  if (gross === null) return np.multiply(usableSoftmax(logits, usable), exposure);
  const anchor = column(observation, 'anchorLogit');
  const tilts = np.multiply(times(np.tanh(np.subtract(logits, anchor.ref)), gross), usable.ref);
  const weights = np.add(usableSoftmax(anchor, usable), tilts);
  const size = np.sum(np.abs(weights.ref), 1, { keepdims: true });
  return np.multiply(np.divide(weights, np.maximum(times(size, 1 / gross), jaxScalar(1))), exposure);
}

/** SAC's value [B] of an action in a state. */
export function jaxCritic(p: Named, prefix: string, shape: PortfolioShape, observation: JaxArray, action: JaxArray) {
  const [batch, assets] = observation.shape;
  const usable = column(observation, 'tradable');
  const weights = jaxWeights(action, observation, shape.longShortGross ?? null);
  const rows = encode(
    p,
    prefix,
    shape,
    np.concatenate([observation.ref, np.expandDims(times(weights.ref, assets), 2)], 2),
    usable,
  );
  const each = np.matmul(rows.ref, p(`${prefix}asset.value`)).reshape([batch, assets]);
  const whole = np.add(np.matmul(usableMean(rows, usable), p(`${prefix}value`)), p(`${prefix}value.bias`));
  return np.add(np.sum(np.multiply(each, weights), 1), whole.reshape([batch]));
}
