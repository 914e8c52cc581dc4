import { gather, MIN_COVERAGE } from '../asset-series.ts';
import type { FeatureFamily } from '../definition.ts';
import { type AssetKernel, type MarketView, ofLatest, type PerAsset } from '../market-view.ts';
import { abdiRanaldo } from '../range.ts';
import {
  type PrefixSum,
  prefixCount,
  prefixSum,
  squaredDeviations,
  TermSums,
  windowCount,
  windowSums,
} from '../rolling.ts';
import { pairCovariances } from './reversal.ts';

/** Traded values are summed in units of 2^40, so that sums of them are exact to 2^-22 of the numeraire. */
const UNIT = 2 ** 40;

interface Traded {
  /** [T] traded value; 0 where there is none. */
  readonly values: Float64Array;
  /** Sessions with a traded value. */
  readonly counts: Int32Array;
  readonly totals: PrefixSum;
  /** Means of the traded values that the last `days` sessions have, at each session from `from` on; those over other days replace them. */
  means(days: number, from: number): Float64Array;
}

/** Traded values of an asset, in memory that the next one's take. Refuses one that is negative or infinite. */
const tradedValues = (view: MarketView): ((asset: number) => Traded) =>
  view.remember('traded', () => {
    const { sessions, assets, panel } = view;
    const volume = new Float64Array(sessions);
    const values = new Float64Array(sessions);
    const shares = new Float64Array(sessions);
    const totals = prefixSum(shares);
    const means = new Float64Array(sessions);
    const has = new Uint8Array(sessions);
    const counts = new Int32Array(sessions + 1);
    return ofLatest((asset) => {
      const { quoted } = view.series(asset);
      gather(panel.volume, asset, assets, volume);
      for (let t = 0; t < sessions; t++) {
        const value = volume[t];
        has[t] = quoted[t] === 1 && !Number.isNaN(value) ? 1 : 0;
        if (has[t] === 1 && !(value >= 0 && value < Infinity)) view.refuse('volume', t, asset, value);
        values[t] = has[t] === 1 ? value : 0;
        shares[t] = values[t] / UNIT;
      }
      prefixCount(has, counts);
      prefixSum(shares, totals);
      return { values, counts, totals, means: (days, from) => meanTraded(counts, totals, days, from, means) };
    });
  });

function meanTraded(
  counts: Int32Array,
  totals: PrefixSum,
  days: number,
  from: number,
  into: Float64Array,
): Float64Array {
  windowSums(totals, days, from, into);
  for (let t = from; t < into.length; t++)
    into[t] = (into[t] * UNIT) / Math.max(1, windowCount(counts, t - days + 1, t));
  return into;
}

/** A feature of traded values; not known where fewer than 80 % of the window's sessions have one. */
export function ofTraded(
  view: MarketView,
  lookback: number,
  kernel: (traded: Traded, ...rest: Parameters<AssetKernel>) => void,
): PerAsset {
  const tradedOf = tradedValues(view);
  const full = new Uint8Array(view.sessions);
  return view.perAsset(lookback, (series, known, out, from, asset) => {
    const traded = tradedOf(asset);
    for (let t = from; t < out.length; t++) {
      full[t] = windowCount(traded.counts, t - lookback + 1, t) < MIN_COVERAGE * lookback ? 0 : known[t];
    }
    kernel(traded, series, full, out, from, asset);
  });
}

export const LIQUIDITY: FeatureFamily = {
  tradedValue63: {
    description: 'log of 1 + the mean traded value of 63 sessions',
    lookbackDays: 63,
    needs: ['volume'],
    compute: (view) =>
      ofTraded(view, 63, (traded, _, known, out, from) => {
        const means = traded.means(63, from);
        for (let t = from; t < out.length; t++) if (known[t] === 1) out[t] = Math.log1p(means[t]);
      }),
  },
  volumeRatio: {
    description: 'log of the mean traded value of 21 sessions over that of 126 (1 added to both)',
    lookbackDays: 126,
    needs: ['volume'],
    compute: (view) =>
      ofTraded(view, 126, (traded, _, known, out, from) => {
        const long = traded.means(126, from);
        for (let t = from; t < out.length; t++) if (known[t] === 1) out[t] = -Math.log1p(long[t]);
        const short = traded.means(21, from);
        for (let t = from; t < out.length; t++) if (known[t] === 1) out[t] += Math.log1p(short[t]);
      }),
  },
  volumeShock63: {
    description:
      'log of 1 + the traded value of the day less its mean over 63 sessions, over its standard deviation (ddof 1, at least 0.01)',
    lookbackDays: 63,
    needs: ['volume'],
    source: 'Gervais, Kaniel and Mingelgrin (2001), The high-volume return premium; as a score',
    compute: (view) => {
      const [ones, twos] = [new TermSums(view.sessions), new TermSums(view.sessions)];
      const logs = ones.terms;
      return ofTraded(view, 63, ({ values, counts }, _, known, out, from) => {
        for (let t = 0; t < out.length; t++) {
          logs[t] = Math.log1p(values[t]);
          twos.terms[t] = logs[t] * logs[t];
        }
        const [sums, squares] = [ones.over(63, from), twos.over(63, from)];
        for (let t = from; t < out.length; t++) {
          if (known[t] === 0 || windowCount(counts, t, t) === 0) continue;
          const n = windowCount(counts, t - 62, t);
          const sum = sums[t];
          const deviations = squaredDeviations(n, sum, squares[t]);
          out[t] = (logs[t] - sum / n) / Math.max(0.01, Math.sqrt(deviations / (n - 1)));
        }
      });
    },
  },
  signedVolume63: {
    description:
      'traded value of the sessions that rose less that of those that fell, over all of it, 63 sessions, -1 to 1',
    lookbackDays: 63,
    needs: ['volume'],
    source: 'Granville (1963), New Key to Stock Market Profits: on-balance volume; of a window, as a share',
    compute: (view) => {
      const signs = new TermSums(view.sessions);
      const all = new Float64Array(view.sessions);
      return ofTraded(view, 63, ({ values, totals }, { returns }, known, out, from) => {
        for (let t = 0; t < out.length; t++) signs.terms[t] = (Math.sign(returns[t]) * values[t]) / UNIT;
        const signed = signs.over(63, from);
        windowSums(totals, 63, from, all);
        for (let t = from; t < out.length; t++) if (known[t] === 1) out[t] = all[t] > 0 ? signed[t] / all[t] : 0;
      });
    },
  },
  amihud63: {
    description:
      'log of 1e-9 + the mean of |daily return| per million of traded value over the sessions of 63 that have both',
    lookbackDays: 63,
    needs: ['volume'],
    mayLapse: true,
    source: 'Amihud (2002), Illiquidity and stock returns',
    compute: (view) => {
      const impacts = new TermSums(view.sessions);
      const [has, counts] = [new Uint8Array(view.sessions), new Int32Array(view.sessions + 1)];
      return ofTraded(view, 63, ({ values }, { returns, observed }, known, out, from) => {
        for (let t = 0; t < out.length; t++) {
          has[t] = observed[t] === 1 && values[t] > 0 ? 1 : 0;
          impacts.terms[t] = has[t] === 1 ? (Math.abs(returns[t]) * 1e6) / values[t] : 0;
        }
        const sums = impacts.over(63, from);
        prefixCount(has, counts);
        for (let t = from; t < out.length; t++) {
          const n = windowCount(counts, t - 62, t);
          if (known[t] === 1 && n > 0) out[t] = Math.log(1e-9 + sums[t] / n);
        }
      });
    },
  },
  zeroReturns63: {
    description: 'share of the daily returns of 63 sessions that are 0',
    lookbackDays: 63,
    needs: [],
    source: 'Lesmond, Ogden and Trzcinka (1999), A new estimate of transaction costs',
    compute: (view) => {
      const [still, zeros] = [new Uint8Array(view.sessions), new Int32Array(view.sessions + 1)];
      return view.perAsset(63, ({ returns, observed, counts }, known, out, from) => {
        for (let t = 0; t < out.length; t++) still[t] = observed[t] === 1 && returns[t] === 0 ? 1 : 0;
        prefixCount(still, zeros);
        for (let t = from; t < out.length; t++) {
          if (known[t] === 1) out[t] = windowCount(zeros, t - 62, t) / windowCount(counts, t - 62, t);
        }
      });
    },
  },
  rollSpread63: {
    description: 'effective spread in percent: 200 sqrt(max(0, -cov(return, return before))) over 63 pairs of sessions',
    lookbackDays: 64,
    needs: [],
    source: 'Roll (1984), A simple implicit measure of the effective bid-ask spread',
    compute: (view) => {
      const covariancesOf = pairCovariances(view.sessions, 63);
      return view.perAsset(64, (series, known, out, from) => {
        const covariances = covariancesOf(series, from);
        for (let t = from; t < out.length; t++)
          if (known[t] === 1) out[t] = 200 * Math.sqrt(Math.max(0, -covariances[t]));
      });
    },
  },
  abdiRanaldo21: {
    description: 'effective spread in percent from closes and ranges of 21 sessions, two-day corrected',
    lookbackDays: 21,
    needs: ['range'],
    source: 'Abdi and Ranaldo (2017), A simple estimation of bid-ask spreads from daily close, high, and low prices',
    compute: (view) => abdiRanaldo(view, 21),
  },
};
