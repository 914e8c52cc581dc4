import type { FeatureDefinition, FeatureFamily } from '../definition.ts';
import { DAILY_VOLATILITY_FLOOR, SESSIONS_PER_YEAR } from '../market-view.ts';
import { rangeVolatility } from '../range.ts';
import { regressed } from '../regression.ts';
import { square, TermSums, windowCount, windowSums } from '../rolling.ts';

function writeCubes(values: Float64Array, into: Float64Array): void {
  for (let i = 0; i < values.length; i++) into[i] = values[i] * values[i] * values[i];
}

const ANNUAL = Math.sqrt(SESSIONS_PER_YEAR);

const volatility = (days: number): FeatureDefinition => ({
  description: `log of the annualised standard deviation of the last ${days} daily returns`,
  lookbackDays: days,
  needs: [],
  compute: (view) => {
    const sigmaOf = view.volatilityOf(days);
    return view.perAsset(days, (_, known, out, from, asset) => {
      const sigma = sigmaOf(asset);
      for (let t = from; t < out.length; t++) if (known[t] === 1) out[t] = Math.log(sigma[t] * ANNUAL);
    });
  },
});

export const VOLATILITY: FeatureFamily = {
  volatility21: volatility(21),
  volatility63: volatility(63),
  volatilityRatio: {
    description: 'log of sigma21 / sigma126: whether volatility is rising',
    lookbackDays: 126,
    needs: [],
    compute: (view) => {
      const [shortOf, longOf] = [view.volatilityOf(21), view.volatilityOf(126)];
      return view.perAsset(126, (_, known, out, from, asset) => {
        const [short, long] = [shortOf(asset), longOf(asset)];
        for (let t = from; t < out.length; t++) if (known[t] === 1) out[t] = Math.log(short[t] / long[t]);
      });
    },
  },
  beta252: {
    description: 'slope of the returns on the equal-weighted market over 252 sessions',
    lookbackDays: 252,
    needs: [],
    compute: (view) => regressed(view, 252, 'beta'),
  },
  correlation63: {
    description: 'correlation with the equal-weighted market over 63 sessions',
    lookbackDays: 63,
    needs: [],
    compute: (view) => regressed(view, 63, 'correlation'),
  },
  idiosyncraticVolatility63: {
    description: 'log of the annualised standard deviation of what the market leaves unexplained over 63 sessions',
    lookbackDays: 63,
    needs: [],
    source: 'Ang, Hodrick, Xing and Zhang (2006), The cross-section of volatility and expected returns; one factor',
    compute: (view) => regressed(view, 63, 'residual'),
  },
  downsideRatio63: {
    description:
      'log of the root mean square of the negative daily returns (others count as 0) over sigma63, 63 sessions',
    lookbackDays: 63,
    needs: [],
    source: 'Barndorff-Nielsen, Kinnebrock and Shephard (2008), Measuring downside risk: realised semivariance',
    compute: (view) => {
      const sigmaOf = view.volatilityOf(63);
      const squares = new TermSums(view.sessions);
      return view.perAsset(63, ({ returns, counts }, known, out, from, asset) => {
        const sigma = sigmaOf(asset);
        for (let t = 0; t < out.length; t++) squares.terms[t] = returns[t] < 0 ? returns[t] * returns[t] : 0;
        const losses = squares.over(63, from);
        for (let t = from; t < out.length; t++) {
          if (known[t] === 0) continue;
          const mean = losses[t] / windowCount(counts, t - 62, t);
          out[t] = Math.log(Math.max(Math.sqrt(mean), DAILY_VOLATILITY_FLOOR) / sigma[t]);
        }
      });
    },
  },
  skewness126: {
    description: 'third central moment of 126 daily returns over the cube of their standard deviation (ddof 0)',
    lookbackDays: 126,
    needs: [],
    source: 'Harvey and Siddique (2000), Conditional skewness in asset pricing tests; total, not conditional',
    compute: (view) => {
      const thirds = new TermSums(view.sessions);
      const [ones, twos] = [new Float64Array(view.sessions), new Float64Array(view.sessions)];
      return view.perAsset(126, ({ returns, counts, sums, squares }, known, out, from) => {
        writeCubes(returns, thirds.terms);
        const cubes = thirds.over(126, from);
        windowSums(sums, 126, from, ones);
        windowSums(squares, 126, from, twos);
        for (let t = from; t < out.length; t++) {
          if (known[t] === 0) continue;
          const n = windowCount(counts, t - 125, t);
          const mean = ones[t] / n;
          const second = twos[t] / n;
          const third = cubes[t] / n - 3 * mean * second + 2 * mean * mean * mean;
          const deviation = Math.max(Math.sqrt(Math.max(0, second - mean * mean)), DAILY_VOLATILITY_FLOOR);
          out[t] = third / (deviation * deviation * deviation);
        }
      });
    },
  },
  parkinson21: {
    description: 'log of the annualised root of mean(ln(high/low)^2) / (4 ln 2) over 21 sessions',
    lookbackDays: 21,
    needs: ['range'],
    source: 'Parkinson (1980), The extreme value method for estimating the variance of the rate of return',
    compute: (view) =>
      rangeVolatility(view, 21, ({ high, low }, into) => {
        for (let t = 0; t < into.length; t++) into[t] = square(high[t] - low[t]) / (4 * Math.LN2);
      }),
  },
  garmanKlass21: {
    description:
      'log of the annualised root of mean(ln(high/low)^2 / 2 - (2 ln 2 - 1) ln(close/open)^2) over 21 sessions',
    lookbackDays: 21,
    needs: ['range'],
    source: 'Garman and Klass (1980), On the estimation of security price volatilities from historical data',
    compute: (view) =>
      rangeVolatility(view, 21, (logs, into) => {
        const { high, low } = logs;
        const [open, close] = [logs.open(), logs.close()];
        const share = 2 * Math.LN2 - 1;
        for (let t = 0; t < into.length; t++)
          into[t] = square(high[t] - low[t]) / 2 - share * square(close[t] - open[t]);
      }),
  },
  rogersSatchell21: {
    description:
      'log of the annualised root of mean(ln(high/close) ln(high/open) + ln(low/close) ln(low/open)) over 21 sessions',
    lookbackDays: 21,
    needs: ['range'],
    source: 'Rogers and Satchell (1991), Estimating variance from high, low and closing prices',
    compute: (view) =>
      rangeVolatility(view, 21, (logs, into) => {
        const { high, low } = logs;
        const [open, close] = [logs.open(), logs.close()];
        for (let t = 0; t < into.length; t++)
          into[t] = (high[t] - close[t]) * (high[t] - open[t]) + (low[t] - close[t]) * (low[t] - open[t]);
      }),
  },
};
