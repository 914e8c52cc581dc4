import { ProductError } from '../errors.ts';
import { exactTanh } from '../policy/exact/math.ts';
import { expOfNegative } from './exp.ts';

/** What a long/short book needs beside the action. */
export interface SignedAction {
  /** The anchor's logits, from `at` on. */
  anchorLogit: ArrayLike<number>;
  at: number;
  maxGross: number;
}

/**
 * The one map from a policy's action to weights (see `domain/policy/policy.ts`):
 * w_a = min(1, exp(action_A)) x softmax(action_0..A-1 over usable assets). Cash is what is left: 1 - sum w.
 *
 * A long/short book reads the same action as tilts away from the anchor, which is long:
 * w_a = min(1, exp(action_A)) x (softmax(anchor)_a + G tanh(action_a - anchor_a)), scaled down to a gross exposure of G where it is beyond
 * (G = maxGross). Without tilts both are the anchor, bit for bit.
 *
 * @param action A logits and the log exposure, starting at `offset`.
 * @param usable [A] 1 where the asset may be traded; the others get weight 0. With none usable all is cash.
 * @param out [A] the weights, not yet projected onto the limits.
 * @param signed null: long only.
 * @throws POLICY_NOT_FINITE when a logit of a usable asset or the exposure is NaN or infinite.
 */
export function actionToWeights(
  action: ArrayLike<number>,
  offset: number,
  usable: Uint8Array,
  out: Float64Array,
  signed: SignedAction | null = null,
): void {
  const assets = out.length;
  const logits = signed ? signed.anchorLogit : action;
  const from = signed ? signed.at : offset;
  let highest = Number.NEGATIVE_INFINITY;
  for (let a = 0; a < assets; a += 1) {
    if (usable[a] === 0) continue;
    const logit = logits[from + a];
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
    out[a] = usable[a] === 0 ? 0 : expOfNegative(logits[from + a] - highest);
    total += out[a];
  }
  let scale = expOfNegative(Math.min(0, logExposure)) / total;
  if (signed) scale *= addTilts(action, offset, usable, out, signed, total);
  for (let a = 0; a < assets; a += 1) out[a] *= scale;
}

/** Adds the tilts to the anchor's powers, whose sum is `total`; what keeps the gross limit when multiplied with. */
function addTilts(
  action: ArrayLike<number>,
  offset: number,
  usable: Uint8Array,
  out: Float64Array,
  { anchorLogit, at, maxGross }: SignedAction,
  total: number,
): number {
  let gross = 0;
  for (let a = 0; a < out.length; a += 1) {
    if (usable[a] === 0) continue;
    const logit = action[offset + a];
    if (!Number.isFinite(logit)) throw notFinite(`logit of asset ${a}`, logit);
    out[a] += total * maxGross * exactTanh(logit - anchorLogit[at + a]);
    gross += Math.abs(out[a]);
  }
  const most = total * maxGross;
  return gross > most * (1 + 1e-12) ? most / gross : 1;
}

const notFinite = (what: string, value: number): ProductError =>
  new ProductError('POLICY_NOT_FINITE', 'The policy answered with a number that is not finite', {
    facts: { what, value: String(value) },
    remedy: 'Check the observation for extreme values, or train the policy again.',
  });
