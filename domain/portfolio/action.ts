import { ProductError } from '../errors.ts';
import { expOfNegative } from './exp.ts';

/**
 * The one map from a policy's action to weights (see `domain/policy/policy.ts`):
 * w_a = min(1, exp(action_A)) x softmax(action_0..A-1 over usable assets). Cash is what is left: 1 - sum w.
 *
 * @param action A logits and the log exposure, starting at `offset`.
 * @param usable [A] 1 where the asset may be traded; the others get weight 0. With none usable all is cash.
 * @param out [A] the weights, not yet projected onto the limits.
 * @throws POLICY_NOT_FINITE when a logit of a usable asset or the exposure is NaN or infinite.
 */
export function actionToWeights(
  action: ArrayLike<number>,
  offset: number,
  usable: Uint8Array,
  out: Float64Array,
): void {
  const assets = out.length;
  let highest = Number.NEGATIVE_INFINITY;
  for (let a = 0; a < assets; a += 1) {
    if (usable[a] === 0) continue;
    const logit = action[offset + a];
    if (!Number.isFinite(logit)) throw notFinite(`logit of asset ${a}`, logit);
    if (logit > highest) highest = logit;
  }
  const logExposure = action[offset + assets];
  if (!Number.isFinite(logExposure)) throw notFinite('log exposure', logExposure);
  if (highest === Number.NEGATIVE_INFINITY) {
    out.fill(0);
    return;
  }
  let total = 0;
  for (let a = 0; a < assets; a += 1) {
    out[a] = usable[a] === 0 ? 0 : expOfNegative(action[offset + a] - highest);
    total += out[a];
  }
  const scale = expOfNegative(Math.min(0, logExposure)) / total;
  for (let a = 0; a < assets; a += 1) out[a] *= scale;
}

const notFinite = (what: string, value: number): ProductError =>
  new ProductError('POLICY_NOT_FINITE', 'The policy answered with a number that is not finite', {
    facts: { what, value: String(value) },
    remedy: 'Check the observation for extreme values, or train the policy again.',
  });
