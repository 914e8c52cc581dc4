import { crossSectionalRank } from './cross-section.ts';
import {
  type Column,
  DAILY_VOLATILITY_FLOOR,
  dailyVolatility,
  type MarketView,
  SESSIONS_PER_YEAR,
} from './market-view.ts';
import { peerMean } from './peers.ts';
import { windowSum } from './rolling.ts';
import { averageCorrelation, liquidityColumn, movingMoments, regression, rollingHigh } from './statistics.ts';

export interface FeatureDefinition {
  readonly description: string;
  /** Sessions before t that the value may rest on. */
  readonly lookbackDays: number;
  readonly needs: 'returns' | 'volume' | 'embeddings';
  compute(view: MarketView): Column;
}

/** Log return over t - days .. t - skip in units of its expected size: divided by sigma63 x sqrt(days - skip). */
const momentum = (days: number, skip: number, description: string): FeatureDefinition => ({
  description,
  lookbackDays: Math.max(days, 63),
  needs: 'returns',
  compute: (view) =>
    view.perAsset(`momentum${days}`, Math.max(days, 63), (series, t) => {
      const move = windowSum(series.logSums, t - days + 1, t - skip);
      return move / (dailyVolatility(series, t, 63) * Math.sqrt(days - skip));
    }),
});

const volatility = (days: number): FeatureDefinition => ({
  description: `log of the annualised standard deviation of the last ${days} daily returns`,
  lookbackDays: days,
  needs: 'returns',
  compute: (view) =>
    view.perAsset(`volatility${days}`, days, (series, t) =>
      Math.log(dailyVolatility(series, t, days) * Math.sqrt(SESSIONS_PER_YEAR)),
    ),
});

const trend = (days: number): FeatureDefinition => ({
  description: `log price less its mean over ${days} sessions, in units of sigma63 x sqrt(${days})`,
  lookbackDays: Math.max(days, 63),
  needs: 'returns',
  compute: (view) => {
    const moments = movingMoments(view);
    return view.perAsset(`trend${days}`, Math.max(days, 63), (series, t, asset) => {
      const { mean } = moments(asset, t, days);
      return (series.level[t] - mean) / (dailyVolatility(series, t, 63) * Math.sqrt(days));
    });
  },
});

const rankOf = (source: string): FeatureDefinition => ({
  description: `rank of ${source} among the assets known at t, -1/2 (lowest) to 1/2`,
  lookbackDays: CATALOGUE_BASE[source].lookbackDays,
  needs: CATALOGUE_BASE[source].needs,
  compute: (view) => crossSectionalRank(view, `${source}Rank`, CATALOGUE_BASE[source].compute(view)),
});

const residualVolatility = (view: MarketView, asset: number, t: number, days: number): number => {
  const fit = regression(view, asset, t, days);
  return Math.max(Math.sqrt(fit.residualSquares / Math.max(1, fit.n - 2)), DAILY_VOLATILITY_FLOOR);
};

const CATALOGUE_BASE: Readonly<Record<string, FeatureDefinition>> = {
  reversal1: {
    description: 'minus the last daily return, in units of sigma63',
    lookbackDays: 63,
    needs: 'returns',
    compute: (view) =>
      view.perAsset('reversal1', 63, (series, t) => -Math.log1p(series.returns[t]) / dailyVolatility(series, t, 63)),
  },
  momentum5: momentum(5, 0, 'log return of 5 sessions / (sigma63 sqrt 5)'),
  momentum21: momentum(21, 0, 'log return of 21 sessions / (sigma63 sqrt 21)'),
  momentum63: momentum(63, 0, 'log return of 63 sessions / (sigma63 sqrt 63)'),
  momentum126: momentum(126, 5, 'log return of t-126..t-5 / (sigma63 sqrt 121)'),
  momentum252: momentum(252, 21, 'log return of t-252..t-21 / (sigma63 sqrt 231): the last month is left out'),
  volatility21: volatility(21),
  volatility63: volatility(63),
  volatilityRatio: {
    description: 'log of sigma21 / sigma126: whether volatility is rising',
    lookbackDays: 126,
    needs: 'returns',
    compute: (view) =>
      view.perAsset('volatilityRatio', 126, (series, t) =>
        Math.log(dailyVolatility(series, t, 21) / dailyVolatility(series, t, 126)),
      ),
  },
  drawdown252: {
    description: 'total return index / its maximum over 252 sessions - 1',
    lookbackDays: 252,
    needs: 'returns',
    compute: (view) => {
      const highs = rollingHigh(view, 252);
      return view.perAsset('drawdown252', 252, (series, t, asset) => Math.expm1(series.level[t] - highs[asset][t]));
    },
  },
  trend50: trend(50),
  trend200: trend(200),
  zscore21: {
    description: 'log price less its mean over 21 sessions, in units of its standard deviation over them',
    lookbackDays: 21,
    needs: 'returns',
    compute: (view) => {
      const moments = movingMoments(view);
      return view.perAsset('zscore21', 21, (series, t, asset) => {
        const { mean, deviation } = moments(asset, t, 21);
        return (series.level[t] - mean) / Math.max(deviation, DAILY_VOLATILITY_FLOOR);
      });
    },
  },
  beta252: {
    description: 'slope of the returns on the equal-weighted market over 252 sessions',
    lookbackDays: 252,
    needs: 'returns',
    compute: (view) => view.perAsset('beta252', 252, (_, t, asset) => regression(view, asset, t, 252).beta),
  },
  correlation63: {
    description: 'correlation with the equal-weighted market over 63 sessions',
    lookbackDays: 63,
    needs: 'returns',
    compute: (view) => view.perAsset('correlation63', 63, (_, t, asset) => regression(view, asset, t, 63).correlation),
  },
  idiosyncraticVolatility63: {
    description: 'log of the annualised standard deviation of what the market leaves unexplained over 63 sessions',
    lookbackDays: 63,
    needs: 'returns',
    compute: (view) =>
      view.perAsset('idiosyncraticVolatility63', 63, (_, t, asset) =>
        Math.log(residualVolatility(view, asset, t, 63) * Math.sqrt(SESSIONS_PER_YEAR)),
      ),
  },
};

const MARKET_STATE: Readonly<Record<string, FeatureDefinition>> = {
  marketMomentum63: {
    description: 'log return of the equal-weighted market over 63 sessions / (its sigma63 sqrt 63)',
    lookbackDays: 63,
    needs: 'returns',
    compute: (view) =>
      view.perSession(
        'marketMomentum63',
        63,
        (t) => windowSum(view.market.logSums, t - 62, t) / (dailyVolatility(view.market, t, 63) * Math.sqrt(63)),
      ),
  },
  marketVolatility21: {
    description: 'log of the annualised standard deviation of the equal-weighted market over 21 sessions',
    lookbackDays: 21,
    needs: 'returns',
    compute: (view) =>
      view.perSession('marketVolatility21', 21, (t) =>
        Math.log(dailyVolatility(view.market, t, 21) * Math.sqrt(SESSIONS_PER_YEAR)),
      ),
  },
  averageCorrelation63: {
    description: 'mean pairwise correlation over 63 sessions, as the variance of the equal-weighted market implies it',
    lookbackDays: 63,
    needs: 'returns',
    compute: (view) => view.perSession('averageCorrelation63', 63, (t) => averageCorrelation(view, t, 63)),
  },
};

const PEERS: Readonly<Record<string, FeatureDefinition>> = {
  peerMomentum63: {
    description: 'momentum63 of the other assets, weighted by exp(4 x cosine similarity) of the latest embeddings',
    lookbackDays: 63,
    needs: 'embeddings',
    compute: (view) => peerMean(view, 'peerMomentum63', CATALOGUE_BASE.momentum63.compute(view)),
  },
  peerSpread63: {
    description: 'momentum63 less peerMomentum63',
    lookbackDays: 63,
    needs: 'embeddings',
    compute: (view) => {
      const peers = PEERS.peerMomentum63.compute(view);
      const own = CATALOGUE_BASE.momentum63.compute(view);
      return view.remember('peerSpread63', () => own.map((x, i) => x - peers[i]));
    },
  },
};

const LIQUIDITY: Readonly<Record<string, FeatureDefinition>> = {
  tradedValue63: {
    description: 'log of 1 + the mean traded value of 63 sessions',
    lookbackDays: 63,
    needs: 'volume',
    compute: (view) => liquidityColumn(view, 'tradedValue63', 63, (mean) => Math.log1p(mean(63))),
  },
  volumeRatio: {
    description: 'log of the mean traded value of 21 sessions over that of 126 (1 added to both)',
    lookbackDays: 126,
    needs: 'volume',
    compute: (view) =>
      liquidityColumn(view, 'volumeRatio', 126, (mean) => Math.log1p(mean(21)) - Math.log1p(mean(126))),
  },
};

/** Every feature that a spec may name. */
export const CATALOGUE: Readonly<Record<string, FeatureDefinition>> = {
  ...CATALOGUE_BASE,
  momentum63Rank: rankOf('momentum63'),
  momentum252Rank: rankOf('momentum252'),
  volatility63Rank: rankOf('volatility63'),
  ...MARKET_STATE,
  ...PEERS,
  ...LIQUIDITY,
  tradedValue63Rank: {
    description: 'rank of tradedValue63 among the assets known at t, -1/2 (lowest) to 1/2',
    lookbackDays: 63,
    needs: 'volume',
    compute: (view) => crossSectionalRank(view, 'tradedValue63Rank', LIQUIDITY.tradedValue63.compute(view)),
  },
};
