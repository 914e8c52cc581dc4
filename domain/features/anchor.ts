import { type MarketView, SESSIONS_PER_YEAR } from './market-view.ts';
import type { FeatureSpec } from './spec.ts';

/**
 * What the policy starts from: inverse volatility (or equal weight) over the complete rows of t, and the exposure at which that portfolio's
 * trailing volatility (today's weights on the last `volatilityDays` returns) meets the target.
 * `anchorLogit` [T, A]: -log sigma_a less its mean over those rows, or 0; NaN elsewhere. `anchorExposure` [T]: min(0, log(target / sigma)).
 */
export function anchorOf(view: MarketView, anchor: FeatureSpec['anchor'], complete: (t: number, a: number) => boolean) {
  const { sessions, assets } = view;
  const anchorLogit = new Float32Array(sessions * assets).fill(Number.NaN);
  const anchorExposure = new Float32Array(sessions).fill(Number.NaN);
  const logits = new Float64Array(assets);
  const members = new Int32Array(assets);
  const weights = new Float64Array(assets);
  const path = new Float64Array(anchor.volatilityDays);
  const sigmas = view.volatility(anchor.volatilityDays);
  const known = view.known(anchor.volatilityDays);
  const anchorAt = (t: number): void => {
    let count = 0;
    let mean = 0;
    for (let a = 0; a < assets; a++) {
      const at = a * sessions + t;
      if (known[at] === 0 || !complete(t, a)) continue;
      logits[a] = anchor.baseline === 'equalWeight' ? 0 : -Math.log(sigmas[at]);
      mean += logits[a];
      members[count++] = a;
    }
    if (count === 0) return;
    mean /= count;
    let total = 0;
    for (let i = 0; i < count; i++) {
      const a = members[i];
      logits[a] -= mean;
      anchorLogit[t * assets + a] = logits[a];
      weights[i] = Math.exp(logits[a]);
      total += weights[i];
    }
    for (let i = 0; i < count; i++) weights[i] /= total;
    const sigma = portfolioVolatility(view, t, anchor.volatilityDays, members, count, weights, path);
    anchorExposure[t] = Math.min(0, Math.log(anchor.targetVolatility / sigma));
  };
  for (let t = Math.max(anchor.volatilityDays, view.first); t < sessions; t++) anchorAt(t);
  return { anchorLogit, anchorExposure };
}

/**
 * Annualised standard deviation of today's weights (one a member) over the last `days` sessions, in the memory of `path`; a session without a bar earns nothing. Four members at
 * a time, added in their order: the path is read and written a quarter as often.
 */
function portfolioVolatility(
  view: MarketView,
  t: number,
  days: number,
  members: Int32Array,
  count: number,
  weights: Float64Array,
  path: Float64Array,
): number {
  const { sessions, returns } = view;
  path.fill(0);
  const from = t - days + 1;
  let i = 0;
  for (; i + 3 < count; i += 4) {
    const a0 = members[i] * sessions + from;
    const a1 = members[i + 1] * sessions + from;
    const a2 = members[i + 2] * sessions + from;
    const a3 = members[i + 3] * sessions + from;
    const w0 = weights[i];
    const w1 = weights[i + 1];
    const w2 = weights[i + 2];
    const w3 = weights[i + 3];
    for (let s = 0; s < days; s++) {
      path[s] = path[s] + w0 * returns[a0 + s] + w1 * returns[a1 + s] + w2 * returns[a2 + s] + w3 * returns[a3 + s];
    }
  }
  for (; i < count; i++) {
    const at = members[i] * sessions + from;
    for (let s = 0; s < days; s++) path[s] += weights[i] * returns[at + s];
  }
  let mean = 0;
  for (let s = 0; s < days; s++) mean += path[s];
  mean /= days;
  let squares = 0;
  for (let s = 0; s < days; s++) squares += (path[s] - mean) * (path[s] - mean);
  return Math.max(Math.sqrt((squares / (days - 1)) * SESSIONS_PER_YEAR), Number.MIN_VALUE);
}
