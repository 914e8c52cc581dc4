import type { AssetSeries } from '../asset-series.ts';
import type { FeatureDefinition, FeatureFamily } from '../definition.ts';
import { slidingSum, square, TermSums, WindowMaximum, windowCount } from '../rolling.ts';

function writeQuoted(level: Float64Array, quoted: Uint8Array, into: Float64Array): void {
  for (let t = 0; t < into.length; t++) into[t] = level[t] * quoted[t];
}

/** Sums of the levels of the quoted sessions over the last `days` (256 at most, so that they are exact), of one asset after another in the same memory. */
export function levelSums(sessions: number, days: number): (series: AssetSeries) => Float64Array {
  const [levels, sums] = [new Float64Array(sessions), new Float64Array(sessions)];
  return ({ level, quoted }) => {
    writeQuoted(level, quoted, levels);
    return slidingSum(levels, days, sums);
  };
}

const trend = (days: number): FeatureDefinition => ({
  description: `log price less its mean over ${days} sessions, in units of sigma63 x sqrt(${days})`,
  lookbackDays: Math.max(days, 63),
  needs: [],
  source: 'Brock, Lakonishok and LeBaron (1992), Simple technical trading rules; on log prices, over volatility',
  compute: (view) => {
    const sigmaOf = view.volatilityOf(63);
    const root = Math.sqrt(days);
    const sumsOf = levelSums(view.sessions, days);
    return view.perAsset(Math.max(days, 63), (series, known, out, from, asset) => {
      const sigma = sigmaOf(asset);
      const { level, bars } = series;
      const sums = sumsOf(series);
      for (let t = from; t < out.length; t++) {
        if (known[t] === 0) continue;
        const n = windowCount(bars, t - days + 1, t);
        out[t] = (n * level[t] - sums[t]) / n / (sigma[t] * root);
      }
    });
  },
});

export const TREND: FeatureFamily = {
  drawdown252: {
    description: 'total return index / its maximum over 252 sessions - 1',
    lookbackDays: 252,
    needs: [],
    source: 'George and Hwang (2004), The 52-week high and momentum investing; on total returns',
    compute: (view) => {
      const maximum = new WindowMaximum(view.sessions, 253);
      return view.perAsset(252, ({ level }, known, out, from) => {
        const highs = maximum.of(level);
        for (let t = from; t < out.length; t++) if (known[t] === 1) out[t] = Math.expm1(level[t] - highs[t]);
      });
    },
  },
  trend50: trend(50),
  trend200: trend(200),
  crossover: {
    description: 'mean log price of 21 sessions less that of 126, in units of sigma63 x sqrt(126)',
    lookbackDays: 126,
    needs: [],
    source: 'Brock, Lakonishok and LeBaron (1992): moving averages that cross; on log prices, over volatility',
    compute: (view) => {
      const sigmaOf = view.volatilityOf(63);
      const root = Math.sqrt(126);
      const [shortOf, longOf] = [levelSums(view.sessions, 21), levelSums(view.sessions, 126)];
      return view.perAsset(126, (series, known, out, from, asset) => {
        const sigma = sigmaOf(asset);
        const { level, bars } = series;
        const [short, long] = [shortOf(series), longOf(series)];
        for (let t = from; t < out.length; t++) {
          if (known[t] === 0) continue;
          const [n, m] = [windowCount(bars, t - 20, t), windowCount(bars, t - 125, t)];
          const difference = (m * level[t] - long[t]) / m - (n * level[t] - short[t]) / n;
          out[t] = difference / (sigma[t] * root);
        }
      });
    },
  },
  channel63: {
    description:
      'place of the total return index between its lowest and highest log value of 63 sessions, 0 to 1; 1/2 where it did not move',
    lookbackDays: 63,
    needs: [],
    source: "Lane (1984), Lane's stochastics; of closes, on log prices",
    compute: (view) => {
      const [highest, lowest] = [new WindowMaximum(view.sessions, 63), new WindowMaximum(view.sessions, 63)];
      const negative = new Float64Array(view.sessions);
      return view.perAsset(63, ({ level }, known, out, from) => {
        for (let t = 0; t < out.length; t++) negative[t] = -level[t];
        const [highs, lows] = [highest.of(level), lowest.of(negative)];
        for (let t = from; t < out.length; t++) {
          if (known[t] === 0) continue;
          const width = highs[t] + lows[t];
          out[t] = width > 0 ? (level[t] + lows[t]) / width : 0.5;
        }
      });
    },
  },
  efficiencyRatio63: {
    description:
      'log return of 63 sessions over the sum of the absolute daily log returns, -1 to 1; 0 where none moved',
    lookbackDays: 63,
    needs: [],
    source: 'Kaufman (1995), Smarter Trading: the efficiency ratio; with its sign',
    compute: (view) => {
      const steps = new TermSums(view.sessions);
      return view.perAsset(63, ({ level }, known, out, from) => {
        for (let t = 1; t < out.length; t++) steps.terms[t] = Math.abs(level[t] - level[t - 1]);
        const paths = steps.over(63, from);
        for (let t = from; t < out.length; t++) {
          if (known[t] === 0) continue;
          const path = paths[t];
          out[t] = path > 0 ? (level[t] - level[t - 63]) / path : 0;
        }
      });
    },
  },
  varianceRatio126: {
    description:
      'log of the mean square of the log returns of 5 sessions (126 that overlap) over 5 times that of one session (126), from 0: above 0 trends, below 0 reverts',
    lookbackDays: 130,
    needs: [],
    source: 'Lo and MacKinlay (1988), Stock market prices do not follow random walks; q = 5, mean 0',
    compute: (view) => {
      const [ones, fives] = [new TermSums(view.sessions), new TermSums(view.sessions)];
      return view.perAsset(130, ({ level }, known, out, from) => {
        for (let t = 1; t < out.length; t++) ones.terms[t] = square(level[t] - level[t - 1]);
        for (let t = 5; t < out.length; t++) fives.terms[t] = square(level[t] - level[t - 5]);
        const [one, five] = [ones.over(126, from), fives.over(126, from)];
        for (let t = from; t < out.length; t++) {
          if (known[t] === 1) out[t] = Math.log((five[t] + 1e-8) / (5 * one[t] + 1e-8));
        }
      });
    },
  },
};
