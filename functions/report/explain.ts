import type { Model } from '../../domain/lineage/model.ts';
import { type Policy, STATE_COLUMNS } from '../../domain/policy/policy.ts';
import type { Explanation } from './material.ts';

const CAUSES_SHOWN = 3;
const LEAST_EFFECT = 1e-6;

/** Logits minus their mean over usable assets: the softmax knows no common shift. */
function centred(logits: ArrayLike<number>, usable: readonly number[]): Float64Array {
  let sum = 0;
  for (const a of usable) sum += logits[a];
  const mean = usable.length === 0 ? 0 : sum / usable.length;
  return Float64Array.from(logits, (logit) => logit - mean);
}

/**
 * Why the policy tilts as it does. Each feature column in turn is set to 0 (its mean over the training window) for every asset,
 * and the policy is asked again: what an asset's tilt loses is that feature's share in it. One batch of F + 1 observations.
 *
 * @param observation float32 [A, F + 6], exactly what the champion saw.
 */
export async function explainDecision(policy: Policy, model: Model, observation: Float32Array): Promise<Explanation> {
  const features = model.featureSpec.columns.map((column) => column.name);
  const width = features.length + STATE_COLUMNS.length;
  const assets = observation.length / width;
  const state = (a: number, column: (typeof STATE_COLUMNS)[number]): number =>
    observation[a * width + features.length + STATE_COLUMNS.indexOf(column)];
  const usable = Array.from({ length: assets }, (_, a) => a).filter((a) => state(a, 'tradable') === 1);

  const batch = new Float32Array((features.length + 1) * observation.length);
  for (let k = 0; k <= features.length; k++) {
    batch.set(observation, k * observation.length);
    if (k > 0) for (let a = 0; a < assets; a++) batch[k * observation.length + a * width + k - 1] = 0;
  }
  const actions = await policy.act(batch, features.length + 1, assets, width);
  const action = (k: number) => actions.subarray(k * (assets + 1), (k + 1) * (assets + 1));
  const anchor = Float64Array.from({ length: assets }, (_, a) => state(a, 'anchorLogit'));
  const tiltOf = (k: number) =>
    centred(
      Float64Array.from(anchor, (logit, a) => action(k)[a] - logit),
      usable,
    );

  const tilt = tiltOf(0);
  const without = features.map((_, f) => tiltOf(f + 1));
  const rows = usable.map((a) => ({
    symbol: model.symbols[a],
    tilt: tilt[a],
    causes: features
      .map((feature, f) => ({ feature, value: observation[a * width + f], effect: tilt[a] - without[f][a] }))
      .filter(({ effect }) => Math.abs(effect) > LEAST_EFFECT)
      .sort((x, y) => Math.abs(y.effect) - Math.abs(x.effect))
      .slice(0, CAUSES_SHOWN),
  }));
  rows.sort((x, y) => Math.abs(y.tilt) - Math.abs(x.tilt) || (x.symbol < y.symbol ? -1 : 1));
  return { rows, exposureShift: action(0)[assets] - (assets === 0 ? 0 : state(0, 'anchorExposure')) };
}
