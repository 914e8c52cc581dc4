import { isKnown } from './asset-series.ts';
import { dailyVolatility, type MarketView, SESSIONS_PER_YEAR } from './market-view.ts';
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
  for (let t = Math.max(anchor.volatilityDays, view.first); t < sessions; t++) {
    let count = 0;
    let mean = 0;
    for (let a = 0; a < assets; a++) {
      if (!complete(t, a) || !isKnown(view.series[a], t, anchor.volatilityDays)) continue;
      logits[a] =
        anchor.baseline === 'equalWeight' ? 0 : -Math.log(dailyVolatility(view.series[a], t, anchor.volatilityDays));
      mean += logits[a];
      members[count++] = a;
    }
    if (count === 0) continue;
    mean /= count;
    let total = 0;
    for (let i = 0; i < count; i++) {
      const a = members[i];
      logits[a] -= mean;
      anchorLogit[t * assets + a] = logits[a];
      total += Math.exp(logits[a]);
    }
    const sigma = portfolioVolatility(view, t, anchor.volatilityDays, members.subarray(0, count), logits, total);
    anchorExposure[t] = Math.min(0, Math.log(anchor.targetVolatility / sigma));
  }
  return { anchorLogit, anchorExposure };
}

/** Annualised standard deviation of today's weights over the last `days` sessions; a session without a bar earns nothing. */
function portfolioVolatility(
  view: MarketView,
  t: number,
  days: number,
  members: Int32Array,
  logits: Float64Array,
  total: number,
): number {
  const path = new Float64Array(days);
  for (const a of members) {
    const weight = Math.exp(logits[a]) / total;
    const { returns } = view.series[a];
    for (let s = 0; s < days; s++) path[s] += weight * returns[t - days + 1 + s];
  }
  let mean = 0;
  for (const r of path) mean += r;
  mean /= days;
  let squares = 0;
  for (const r of path) squares += (r - mean) ** 2;
  return Math.max(Math.sqrt((squares / (days - 1)) * SESSIONS_PER_YEAR), Number.MIN_VALUE);
}
