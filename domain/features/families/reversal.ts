import type { AssetSeries } from '../asset-series.ts';
import type { FeatureFamily } from '../definition.ts';
import { DAILY_VOLATILITY_FLOOR } from '../market-view.ts';
import { slidingSum, TermSums, WindowMaximum, windowCount } from '../rolling.ts';
import { levelSums } from './trend.ts';

export const REVERSAL: FeatureFamily = {
  reversal1: {
    description: 'minus the last daily return, in units of sigma63',
    lookbackDays: 63,
    needs: [],
    source: 'Jegadeesh (1990), Evidence of predictable behavior of security returns; one day, over volatility',
    compute: (view) => {
      const sigmaOf = view.volatilityOf(63);
      return view.perAsset(63, ({ level }, known, out, from, asset) => {
        const sigma = sigmaOf(asset);
        for (let t = from; t < out.length; t++) {
          if (known[t] === 1) out[t] = (level[t - 1] - level[t]) / sigma[t];
        }
      });
    },
  },
  zscore21: {
    description: 'log price less its mean over 21 sessions, in units of its standard deviation over them',
    lookbackDays: 21,
    needs: [],
    source: 'Bollinger (2001), Bollinger on Bollinger Bands; on log prices',
    compute: (view) => {
      const sumsOf = levelSums(view.sessions, 21);
      return view.perAsset(21, (series, known, out, from) => {
        const { level, quoted, bars } = series;
        const sums = sumsOf(series);
        for (let t = from; t < out.length; t++) {
          if (known[t] === 0) continue;
          const n = windowCount(bars, t - 20, t);
          const mean = sums[t] / n;
          let squares = 0;
          for (let s = t - 20; s <= t; s++) {
            const x = (level[s] - mean) * quoted[s];
            squares += x * x;
          }
          out[t] = (level[t] - mean) / Math.max(Math.sqrt(squares / (n - 1)), DAILY_VOLATILITY_FLOOR);
        }
      });
    },
  },
  rsi14: {
    description:
      'gains less losses over both: sums of the log returns of 14 sessions above and below 0, -1 to 1; 0 where none moved. RSI = 50 (1 + rsi14)',
    lookbackDays: 14,
    needs: [],
    source: "Wilder (1978), New Concepts in Technical Trading Systems; sums instead of his averages (Cutler's RSI)",
    compute: (view) => {
      const [steps, paths] = [new Float64Array(view.sessions), new Float64Array(view.sessions)];
      return view.perAsset(14, ({ level }, known, out, from) => {
        for (let t = 1; t < out.length; t++) steps[t] = Math.abs(level[t] - level[t - 1]);
        slidingSum(steps, 14, paths);
        for (let t = from; t < out.length; t++) {
          if (known[t] === 1) out[t] = paths[t] > 0 ? (level[t] - level[t - 14]) / paths[t] : 0;
        }
      });
    },
  },
  maxReturn21: {
    description: 'largest daily return of 21 sessions, in units of sigma63',
    lookbackDays: 63,
    needs: [],
    source: 'Bali, Cakici and Whitelaw (2011), Maxing out: stocks as lotteries; over volatility',
    compute: (view) => {
      const sigmaOf = view.volatilityOf(63);
      const maximum = new WindowMaximum(view.sessions, 21);
      const seen = new Float64Array(view.sessions);
      return view.perAsset(63, ({ returns, observed }, known, out, from, asset) => {
        const sigma = sigmaOf(asset);
        for (let t = 0; t < out.length; t++) seen[t] = observed[t] === 1 ? returns[t] : -1;
        const largest = maximum.of(seen);
        for (let t = from; t < out.length; t++) if (known[t] === 1) out[t] = largest[t] / sigma[t];
      });
    },
  },
  autocovariance63: {
    description:
      'covariance of a daily return with the one before over 63 pairs of neighbouring sessions, over sigma63 squared',
    lookbackDays: 64,
    needs: [],
    source: 'Lo and MacKinlay (1990), When are contrarian profits due to stock market overreaction?',
    compute: (view) => {
      const sigmaOf = view.volatilityOf(63);
      const covariancesOf = pairCovariances(view.sessions, 63);
      return view.perAsset(64, (series, known, out, from, asset) => {
        const sigma = sigmaOf(asset);
        const covariances = covariancesOf(series, from);
        for (let t = from; t < out.length; t++) {
          if (known[t] === 1) out[t] = covariances[t] / (sigma[t] * sigma[t]);
        }
      });
    },
  },
};

/**
 * Covariances (ddof 0) of a return with the one before over the last `days` pairs of neighbouring sessions that both have one, from session `from` on, of one
 * asset after another in the same memory; NaN where there is no pair.
 */
export function pairCovariances(sessions: number, days: number): (series: AssetSeries, from: number) => Float64Array {
  const [count, now, before, product] = Array.from({ length: 4 }, () => new TermSums(sessions));
  const covariances = new Float64Array(sessions);
  const writePairs = ({ returns, observed }: AssetSeries): void => {
    for (let t = 1; t < sessions; t++) {
      const both = observed[t] & observed[t - 1];
      count.terms[t] = both;
      now.terms[t] = both * returns[t];
      before.terms[t] = both * returns[t - 1];
      product.terms[t] = both * returns[t] * returns[t - 1];
    }
  };
  return (series, from) => {
    writePairs(series);
    const [counts, nows, befores] = [count.over(days, from), now.over(days, from), before.over(days, from)];
    const products = product.over(days, from);
    for (let t = from; t < sessions; t++) {
      const n = counts[t];
      covariances[t] = products[t] / n - (nows[t] / n) * (befores[t] / n);
    }
    return covariances;
  };
}
