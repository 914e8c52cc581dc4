import { MIN_COVERAGE } from '../asset-series.ts';
import type { FeatureFamily } from '../definition.ts';
import type { AssetKernel, Column, MarketView } from '../market-view.ts';
import { abdiRanaldo } from '../range.ts';
import {
  type PrefixSum,
  prefixCount,
  prefixSum,
  squaredDeviations,
  TermSums,
  windowCount,
  windowSum,
} from '../rolling.ts';
import { pairCovariance, pairSums } from './reversal.ts';

/** Traded values are summed in units of 2^40, so that sums of them are exact to 2^-22 of the numeraire. */
const UNIT = 2 ** 40;

interface Traded {
  /** [T] traded value; 0 where there is none. */
  readonly values: Float64Array;
  /** Sessions with a traded value. */
  readonly counts: Int32Array;
  readonly totals: PrefixSum;
}

/** Traded value of one asset. Refuses one that is negative or infinite. */
export const tradedOf = (view: MarketView, asset: number): Traded =>
  view.remember(`traded${asset}`, () => {
    const { sessions, assets, panel, series } = view;
    const values = new Float64Array(sessions);
    const shares = new Float64Array(sessions);
    const has = new Uint8Array(sessions);
    for (let t = 0, i = asset; t < sessions; t++, i += assets) {
      const value = panel.volume[i];
      if (series[asset].quoted[t] === 0 || Number.isNaN(value)) continue;
      if (!(value >= 0 && value < Infinity)) view.refuse('volume', t, asset, value);
      has[t] = 1;
      values[t] = value;
      shares[t] = value / UNIT;
    }
    return { values, counts: prefixCount(has), totals: prefixSum(shares) };
  });

/** Mean traded value of the sessions of a window that have one. */
export const meanTraded = ({ counts, totals }: Traded, t: number, days: number): number =>
  (windowSum(totals, t - days + 1, t) * UNIT) / Math.max(1, windowCount(counts, t - days + 1, t));

/** A column of traded values; not known where fewer than 80 % of the window's sessions have one. */
export const tradedColumn = (
  view: MarketView,
  lookback: number,
  kernel: (traded: Traded, ...rest: Parameters<AssetKernel>) => void,
): Column =>
  view.perAsset(lookback, (series, known, out, from, at, asset) => {
    const traded = tradedOf(view, asset);
    const full = known.slice();
    for (let t = from; t < out.length; t++) {
      if (windowCount(traded.counts, t - lookback + 1, t) < MIN_COVERAGE * lookback) full[t] = 0;
    }
    kernel(traded, series, full, out, from, at, asset);
  });

export const LIQUIDITY: FeatureFamily = {
  tradedValue63: {
    description: 'log of 1 + the mean traded value of 63 sessions',
    lookbackDays: 63,
    needs: ['volume'],
    compute: (view) =>
      tradedColumn(view, 63, (traded, _, known, out, from) => {
        for (let t = from; t < out.length; t++) if (known[t] === 1) out[t] = Math.log1p(meanTraded(traded, t, 63));
      }),
  },
  volumeRatio: {
    description: 'log of the mean traded value of 21 sessions over that of 126 (1 added to both)',
    lookbackDays: 126,
    needs: ['volume'],
    compute: (view) =>
      tradedColumn(view, 126, (traded, _, known, out, from) => {
        for (let t = from; t < out.length; t++) {
          if (known[t] === 1) out[t] = Math.log1p(meanTraded(traded, t, 21)) - Math.log1p(meanTraded(traded, t, 126));
        }
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
      return tradedColumn(view, 63, ({ values, counts }, _, known, out, from) => {
        for (let t = 0; t < out.length; t++) {
          logs[t] = Math.log1p(values[t]);
          twos.terms[t] = logs[t] * logs[t];
        }
        const [sums, squares] = [ones.add(), twos.add()];
        for (let t = from; t < out.length; t++) {
          if (known[t] === 0 || windowCount(counts, t, t) === 0) continue;
          const n = windowCount(counts, t - 62, t);
          const sum = windowSum(sums, t - 62, t);
          const deviations = squaredDeviations(n, sum, windowSum(squares, t - 62, t));
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
      return tradedColumn(view, 63, ({ values, totals }, { returns }, known, out, from) => {
        for (let t = 0; t < out.length; t++) signs.terms[t] = (Math.sign(returns[t]) * values[t]) / UNIT;
        const signed = signs.add();
        for (let t = from; t < out.length; t++) {
          if (known[t] === 0) continue;
          const total = windowSum(totals, t - 62, t);
          out[t] = total > 0 ? windowSum(signed, t - 62, t) / total : 0;
        }
      });
    },
  },
  amihud63: {
    description:
      'log of 1e-9 + the mean of |daily return| per million of traded value over the sessions of 63 that have both',
    lookbackDays: 63,
    needs: ['volume'],
    source: 'Amihud (2002), Illiquidity and stock returns',
    compute: (view) => {
      const impacts = new TermSums(view.sessions);
      const has = new Uint8Array(view.sessions);
      return tradedColumn(view, 63, ({ values }, { returns, observed }, known, out, from) => {
        for (let t = 0; t < out.length; t++) {
          has[t] = observed[t] === 1 && values[t] > 0 ? 1 : 0;
          impacts.terms[t] = has[t] === 1 ? (Math.abs(returns[t]) * 1e6) / values[t] : 0;
        }
        const [sums, counts] = [impacts.add(), prefixCount(has)];
        for (let t = from; t < out.length; t++) {
          const n = windowCount(counts, t - 62, t);
          if (known[t] === 1 && n > 0) out[t] = Math.log(1e-9 + windowSum(sums, t - 62, t) / n);
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
      const still = new Uint8Array(view.sessions);
      return view.perAsset(63, ({ returns, observed, counts }, known, out, from) => {
        for (let t = 0; t < out.length; t++) still[t] = observed[t] === 1 && returns[t] === 0 ? 1 : 0;
        const zeros = prefixCount(still);
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
      const pairsOf = pairSums(view.sessions);
      return view.perAsset(64, ({ returns, observed }, known, out, from) => {
        const pairs = pairsOf(returns, observed);
        for (let t = from; t < out.length; t++) {
          if (known[t] === 1) out[t] = 200 * Math.sqrt(Math.max(0, -pairCovariance(pairs, t, 63)));
        }
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
