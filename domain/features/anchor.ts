import { type MarketView, SESSIONS_PER_YEAR } from './market-view.ts';
import type { FeatureSpec } from './spec.ts';

/**
 * What the policy starts from: inverse volatility (or equal weight) over the complete rows of t, and the exposure at which that portfolio's
 * trailing volatility (today's weights on the last `volatilityDays` returns) meets the target. Assets are added one after another, in their order.
 */
export class Anchor {
  readonly #view: MarketView;
  readonly #settings: FeatureSpec['anchor'];
  /** First session that has an anchor. */
  readonly #from: number;
  /** [A, T] -log sigma, or 0; NaN where the asset is not of the portfolio. */
  readonly #logits: Float64Array;
  readonly #sums: Float64Array;
  readonly #counts: Int32Array;

  constructor(view: MarketView, settings: FeatureSpec['anchor']) {
    const { sessions, assets, first } = view;
    this.#view = view;
    this.#settings = settings;
    this.#from = Math.max(settings.volatilityDays, first);
    this.#logits = new Float64Array(sessions * assets);
    this.#sums = new Float64Array(sessions);
    this.#counts = new Int32Array(sessions);
  }

  /** The next asset, whose row is complete where `whole` [T] is 1. */
  add(asset: number, whole: Uint8Array): void {
    const { volatilityDays, baseline } = this.#settings;
    const known = this.#view.knownOf(volatilityDays)(asset);
    const sigma = this.#view.volatilityOf(volatilityDays)(asset);
    const logits = this.#of(asset);
    const [sums, counts, equal] = [this.#sums, this.#counts, baseline === 'equalWeight'];
    for (let t = this.#from; t < logits.length; t++) {
      if ((known[t] & whole[t]) === 0) {
        logits[t] = Number.NaN;
        continue;
      }
      const logit = equal ? 0 : -Math.log(sigma[t]);
      logits[t] = logit;
      sums[t] += logit;
      counts[t]++;
    }
  }

  /** `anchorLogit` [T, A]: -log sigma_a less its mean over the portfolio, or 0; NaN elsewhere. `anchorExposure` [T]: min(0, log(target / sigma)). Both of sessions `first` on. */
  finish(): { anchorLogit: Float32Array; anchorExposure: Float32Array } {
    const { sessions, assets, first } = this.#view;
    const anchorLogit = new Float32Array((sessions - first) * assets).fill(Number.NaN);
    const anchorExposure = new Float32Array(sessions - first).fill(Number.NaN);
    const totals = new Float64Array(sessions);
    for (let asset = 0; asset < assets; asset++) {
      const own = this.#of(asset);
      writeLogits(
        own,
        this.#from,
        this.#sums,
        this.#counts,
        anchorLogit,
        (this.#from - first) * assets + asset,
        assets,
      );
      writeSizes(own, this.#from, totals);
    }
    const [members, weights] = [new Int32Array(assets), new Float64Array(assets)];
    const path = new Float64Array(this.#settings.volatilityDays);
    for (let t = this.#from; t < sessions; t++) {
      const count = this.#portfolioOf(t, totals[t], members, weights);
      if (count === 0) continue;
      const sigma = portfolioVolatility(this.#view, t, members, count, weights, path);
      anchorExposure[t - first] = Math.min(0, Math.log(this.#settings.targetVolatility / sigma));
    }
    return { anchorLogit, anchorExposure };
  }

  #of(asset: number): Float64Array {
    const { sessions } = this.#view;
    return this.#logits.subarray(asset * sessions, (asset + 1) * sessions);
  }

  /** The assets of the portfolio and their weights. Returns how many. */
  #portfolioOf(t: number, total: number, members: Int32Array, weights: Float64Array): number {
    const { sessions } = this.#view;
    const sizes = this.#logits;
    let count = 0;
    for (let a = 0, i = t; i < sizes.length; a++, i += sessions) {
      const size = sizes[i];
      if (Number.isNaN(size)) continue;
      members[count] = a;
      weights[count++] = size / total;
    }
    return count;
  }
}

/** An asset's logits less the mean of each session, in place, and into every `assets`th place from `row` on. */
function writeLogits(
  logits: Float64Array,
  from: number,
  sums: Float64Array,
  counts: Int32Array,
  into: Float32Array,
  row: number,
  assets: number,
): void {
  for (let t = from, to = row; t < logits.length; t++, to += assets) {
    logits[t] -= sums[t] / counts[t];
    into[to] = logits[t];
  }
}

/** Exponentials in place of an asset's logits, added to `totals`. */
function writeSizes(logits: Float64Array, from: number, totals: Float64Array): void {
  for (let t = from; t < logits.length; t++) {
    if (Number.isNaN(logits[t])) continue;
    logits[t] = Math.exp(logits[t]);
    totals[t] += logits[t];
  }
}

/**
 * Annualised standard deviation of today's weights (one a member) over the last sessions, as many as `path` has room for, in whose memory it works; a session without a
 * bar earns nothing. Four members at a time, added in their order: the path is read and written a quarter as often.
 */
function portfolioVolatility(
  view: MarketView,
  t: number,
  members: Int32Array,
  count: number,
  weights: Float64Array,
  path: Float64Array,
): number {
  const { sessions, returns } = view;
  const days = path.length;
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
