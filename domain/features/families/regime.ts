import type { FeatureDefinition, FeatureFamily } from '../definition.ts';
import { type MacroSeries, macroColumn, macroValue } from '../macro-series.ts';
import {
  type Column,
  DAILY_VOLATILITY_FLOOR,
  dailyVolatility,
  type MarketView,
  SESSIONS_PER_YEAR,
} from '../market-view.ts';
import { WindowMaximum } from '../rolling.ts';

const YEAR_DAYS = 365;

/** The same value for every asset: what was known of an economy at the close of t. */
const macro = (
  description: string,
  series: readonly MacroSeries[],
  value: (known: (series: MacroSeries, daysBefore?: number) => Float64Array, t: number) => number,
  source?: string,
): FeatureDefinition => ({
  description,
  lookbackDays: 0,
  needs: ['macro'],
  series,
  ...(source !== undefined && { source }),
  compute: (view) => view.perSession(0, (t) => value((series, daysBefore) => macroValue(view, series, daysBefore), t)),
});

const inflation = (known: (series: MacroSeries, daysBefore?: number) => Float64Array, t: number, before = 0): number =>
  100 * Math.log(known('CPIAUCSL', before)[t] / known('CPIAUCSL', before + YEAR_DAYS)[t]);

export const REGIME: FeatureFamily = {
  marketMomentum63: {
    description: 'log return of the equal-weighted market over 63 sessions / (its sigma63 sqrt 63)',
    lookbackDays: 63,
    needs: [],
    compute: (view) =>
      view.perSession(
        63,
        (t) =>
          (view.market.level[t] - view.market.level[t - 63]) / (dailyVolatility(view.market, t, 63) * Math.sqrt(63)),
      ),
  },
  marketVolatility21: {
    description: 'log of the annualised standard deviation of the equal-weighted market over 21 sessions',
    lookbackDays: 21,
    needs: [],
    compute: (view) =>
      view.perSession(21, (t) => Math.log(dailyVolatility(view.market, t, 21) * Math.sqrt(SESSIONS_PER_YEAR))),
  },
  averageCorrelation63: {
    description: 'mean pairwise correlation over 63 sessions, as the variance of the equal-weighted market implies it',
    lookbackDays: 63,
    needs: [],
    source: 'Pollet and Wilson (2010), Average correlation and stock market returns; equal weights',
    compute: (view) => {
      const sigmas = view.volatility(63);
      const known = view.known(63);
      return view.perSession(63, (t) => averageCorrelation(view, sigmas, known, t));
    },
  },
  marketDrawdown252: {
    description: 'total return index of the equal-weighted market / its maximum over 252 sessions - 1',
    lookbackDays: 252,
    needs: [],
    compute: (view) => {
      const { level } = view.market;
      const highs = new WindowMaximum(level.length, 253).of(level);
      return view.perSession(252, (t) => Math.expm1(level[t] - highs[t]));
    },
  },
  dispersion21: {
    description: 'log of the mean over 21 sessions of the standard deviation of the returns across assets (ddof 0)',
    lookbackDays: 21,
    needs: [],
    source:
      'Stivers and Sun (2010), Cross-sectional return dispersion and time variation in value and momentum premiums',
    compute: (view) => {
      const daily = dispersions(view);
      return view.perSession(21, (t) => {
        let sum = 0;
        for (let s = t - 20; s <= t; s++) sum += daily[s];
        return Math.log(Math.max(sum / 21, DAILY_VOLATILITY_FLOOR));
      });
    },
  },
  turbulence126: {
    description:
      'filtered (never smoothed) probability of the turbulent of two regimes after 126 market returns: normal with 0.75 and 2 times sigma126, each left with 2 % a session, both as likely before them',
    lookbackDays: 126,
    needs: [],
    source:
      'Hamilton (1989), A new approach to the economic analysis of nonstationary time series: the filter; parameters fixed',
    compute: (view) => view.perSession(126, (t) => turbulence(view, t)),
  },
  policyRate: macro('policy rate DFF known at t, percent', ['DFF'], (known, t) => known('DFF')[t]),
  policyRateChange: macro(
    'policy rate DFF less that of a year before, percentage points',
    ['DFF'],
    (known, t) => known('DFF')[t] - known('DFF', YEAR_DAYS)[t],
  ),
  termSpread: macro(
    'ten-year yield DGS10 less policy rate DFF, percentage points',
    ['DGS10', 'DFF'],
    (known, t) => known('DGS10')[t] - known('DFF')[t],
    'Estrella and Hardouvelis (1991), The term structure as a predictor of real economic activity',
  ),
  inflation: macro('log change of CPIAUCSL over a year, percent', ['CPIAUCSL'], (known, t) => inflation(known, t)),
  inflationChange: macro(
    'inflation less that of 91 days before, percentage points',
    ['CPIAUCSL'],
    (known, t) => inflation(known, t) - inflation(known, t, 91),
  ),
  unemploymentChange: macro(
    'unemployment rate UNRATE less that of a year before, percentage points',
    ['UNRATE'],
    (known, t) => known('UNRATE')[t] - known('UNRATE', YEAR_DAYS)[t],
  ),
  carry: {
    description: 'policy rate of the currency less that of USD, percent a year',
    lookbackDays: 0,
    needs: ['macro'],
    series: ['policyRate'],
    source: 'Lustig, Roussanov and Verdelhan (2011), Common risk factors in currency markets; policy rates',
    compute: (view) => {
      const base = macroColumn(view, 'policyRate', 'USD');
      return view.perAsset(0, (_, known, out, from, asset) => {
        const own = macroColumn(view, 'policyRate', view.panel.symbols[asset]);
        for (let t = from; t < out.length; t++) if (known[t] === 1) out[t] = own[t] - base[t];
      });
    },
  },
};

/**
 * Var(mean) = mean variance / n + (1 - 1/n) x mean covariance, solved for the correlation that all pairs would share.
 * With fewer than two known assets: 1.
 */
function averageCorrelation(view: MarketView, sigmas: Column, known: Uint8Array, t: number): number {
  let [n, sum, squares] = [0, 0, 0];
  for (let i = t; i < known.length; i += view.sessions) {
    if (known[i] === 0) continue;
    n++;
    sum += sigmas[i];
    squares += sigmas[i] * sigmas[i];
  }
  if (n < 2) return 1;
  const variance = dailyVolatility(view.market, t, 63) ** 2;
  return Math.max(-1, Math.min(1, (variance * n * n - squares) / Math.max(sum * sum - squares, Number.MIN_VALUE)));
}

/** [T] standard deviation (ddof 0) of the observed returns of each session; 0 where there are none. */
function dispersions(view: MarketView): Float64Array {
  const { sessions, market } = view;
  const [squares, counts] = [new Float64Array(sessions), new Int32Array(sessions)];
  for (const { observed, returns } of view.eachAsset()) {
    for (let t = 0; t < sessions; t++) {
      if (observed[t] === 0) continue;
      squares[t] += (returns[t] - market.returns[t]) ** 2;
      counts[t]++;
    }
  }
  return squares.map((x, t) => (counts[t] > 0 ? Math.sqrt(x / counts[t]) : 0));
}

const [CALM, TURBULENT, LEAVE] = [0.75, 2, 0.02];

function turbulence({ market }: MarketView, t: number): number {
  const sigma = dailyVolatility(market, t, 126);
  let probability = 0.5;
  for (let s = t - 125; s <= t; s++) {
    if (market.observed[s] === 0) continue;
    const z = market.returns[s] / sigma;
    const turbulent = (probability * Math.exp(-((z / TURBULENT) ** 2) / 2)) / TURBULENT;
    const calm = ((1 - probability) * Math.exp(-((z / CALM) ** 2) / 2)) / CALM;
    const filtered = turbulent / Math.max(turbulent + calm, Number.MIN_VALUE);
    probability = s === t ? filtered : filtered * (1 - LEAVE) + (1 - filtered) * LEAVE;
  }
  return probability;
}
