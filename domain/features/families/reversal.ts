import type { FeatureFamily } from '../definition.ts';
import { DAILY_VOLATILITY_FLOOR } from '../market-view.ts';
import { type PrefixSum, TermSums, windowSum } from '../rolling.ts';

export const REVERSAL: FeatureFamily = {
  reversal1: {
    description: 'minus the last daily return, in units of sigma63',
    lookbackDays: 63,
    needs: [],
    source: 'Jegadeesh (1990), Evidence of predictable behavior of security returns; one day, over volatility',
    compute: (view) => {
      const sigma = view.volatility(63);
      return view.perAsset(63, ({ level }, known, out, from, at) => {
        for (let t = from; t < out.length; t++) {
          if (known[t] === 1) out[t] = (level[t - 1] - level[t]) / sigma[at + t];
        }
      });
    },
  },
  zscore21: {
    description: 'log price less its mean over 21 sessions, in units of its standard deviation over them',
    lookbackDays: 21,
    needs: [],
    source: 'Bollinger (2001), Bollinger on Bollinger Bands; on log prices',
    compute: (view) =>
      view.perAsset(21, ({ level, quoted }, known, out, from) => {
        for (let t = from; t < out.length; t++) {
          if (known[t] === 0) continue;
          let n = 0;
          let sum = 0;
          let squares = 0;
          for (let s = t - 20; s <= t; s++) {
            if (quoted[s] === 0) continue;
            const x = level[s] - level[t];
            n++;
            sum += x;
            squares += x * x;
          }
          const deviation = Math.sqrt(Math.max(0, squares - (sum * sum) / n) / (n - 1));
          out[t] = -sum / n / Math.max(deviation, DAILY_VOLATILITY_FLOOR);
        }
      }),
  },
  rsi14: {
    description:
      'gains less losses over both: sums of the log returns of 14 sessions above and below 0, -1 to 1; 0 where none moved. RSI = 50 (1 + rsi14)',
    lookbackDays: 14,
    needs: [],
    source: "Wilder (1978), New Concepts in Technical Trading Systems; sums instead of his averages (Cutler's RSI)",
    compute: (view) =>
      view.perAsset(14, ({ level }, known, out, from) => {
        for (let t = from; t < out.length; t++) {
          if (known[t] === 0) continue;
          let path = 0;
          for (let s = t - 13; s <= t; s++) path += Math.abs(level[s] - level[s - 1]);
          out[t] = path > 0 ? (level[t] - level[t - 14]) / path : 0;
        }
      }),
  },
  maxReturn21: {
    description: 'largest daily return of 21 sessions, in units of sigma63',
    lookbackDays: 63,
    needs: [],
    source: 'Bali, Cakici and Whitelaw (2011), Maxing out: stocks as lotteries; over volatility',
    compute: (view) => {
      const sigma = view.volatility(63);
      return view.perAsset(63, ({ returns, observed }, known, out, from, at) => {
        for (let t = from; t < out.length; t++) {
          if (known[t] === 0) continue;
          let largest = -1;
          for (let s = t - 20; s <= t; s++) if (observed[s] === 1 && returns[s] > largest) largest = returns[s];
          out[t] = largest / sigma[at + t];
        }
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
      const sigma = view.volatility(63);
      const pairsOf = pairSums(view.sessions);
      return view.perAsset(64, (series, known, out, from, at) => {
        const pairs = pairsOf(series.returns, series.observed);
        for (let t = from; t < out.length; t++) {
          if (known[t] === 1) out[t] = pairCovariance(pairs, t, 63) / sigma[at + t] ** 2;
        }
      });
    },
  },
};

interface PairSums {
  readonly count: PrefixSum;
  readonly now: PrefixSum;
  readonly before: PrefixSum;
  readonly product: PrefixSum;
}

/** Sums over pairs of neighbouring sessions that both have a return, of one asset after another: the next one's replace them. */
export function pairSums(sessions: number): (returns: Float64Array, observed: Uint8Array) => PairSums {
  const [count, now, before, product] = Array.from({ length: 4 }, () => new TermSums(sessions));
  return (returns, observed) => {
    for (let t = 1; t < sessions; t++) {
      const both = observed[t] === 1 && observed[t - 1] === 1;
      count.terms[t] = both ? 1 : 0;
      now.terms[t] = both ? returns[t] : 0;
      before.terms[t] = both ? returns[t - 1] : 0;
      product.terms[t] = both ? returns[t] * returns[t - 1] : 0;
    }
    return { count: count.add(), now: now.add(), before: before.add(), product: product.add() };
  };
}

/** Covariance (ddof 0) over the last `days` pairs. */
export function pairCovariance(sums: PairSums, t: number, days: number): number {
  const from = t - days + 1;
  const n = windowSum(sums.count, from, t);
  if (n === 0) return Number.NaN;
  return (
    windowSum(sums.product, from, t) / n - (windowSum(sums.now, from, t) / n) * (windowSum(sums.before, from, t) / n)
  );
}
