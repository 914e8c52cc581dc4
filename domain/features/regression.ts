import type { AssetSeries } from './asset-series.ts';
import { DAILY_VOLATILITY_FLOOR, type MarketView, ofLatest, type PerAsset, SESSIONS_PER_YEAR } from './market-view.ts';
import { squaredDeviations, TermSums, windowSums } from './rolling.ts';

/** Of one asset, [T]; only where enough sessions are known. */
interface Regression {
  readonly beta: Float64Array;
  readonly correlation: Float64Array;
  /** Log of the annualised standard deviation of the residuals (ddof 2). */
  readonly residual: Float64Array;
}

/** What least squares of each asset's observed returns on the market's returns of the same sessions find, over the last `days`. */
export function regressed(view: MarketView, days: number, found: keyof Regression): PerAsset {
  const regressionOf = view.remember(`regressions${days}`, () => regressions(view, days));
  return view.perAsset(days, (_, known, out, from, asset) => {
    const values = regressionOf(asset)[found];
    for (let t = from; t < out.length; t++) if (known[t] === 1) out[t] = values[t];
  });
}

function regressions(view: MarketView, days: number): (asset: number) => Regression {
  const { sessions } = view;
  const [sumOf, squaresOf, productsOf] = Array.from({ length: 3 }, () => new TermSums(sessions));
  const [beta, correlation, residual] = Array.from({ length: 3 }, () => new Float64Array(sessions));
  const [owns, ownSquares] = [new Float64Array(sessions), new Float64Array(sessions)];
  const market = view.market.returns;
  const from = Math.max(days, view.first);
  const knownOf = view.knownOf(days);
  /** A loop of its own, as every one here: what follows a loop is not compiled with it the first time. */
  const writeTerms = ({ observed, returns }: AssetSeries): void => {
    for (let t = 0; t < sessions; t++) {
      const m = market[t];
      sumOf.terms[t] = observed[t] * m;
      squaresOf.terms[t] = observed[t] * m * m;
      productsOf.terms[t] = returns[t] * m;
    }
  };
  const regress = ({ counts, sums, squares }: AssetSeries, known: Uint8Array): void => {
    const [markets, marketSquares] = [sumOf.over(days, from), squaresOf.over(days, from)];
    const products = productsOf.over(days, from);
    windowSums(sums, days, from, owns);
    windowSums(squares, days, from, ownSquares);
    for (let t = from; t < sessions; t++) {
      if (known[t] === 0) continue;
      const n = counts[t + 1] - counts[t + 1 - days];
      const own = owns[t];
      const sum = markets[t];
      const floor = DAILY_VOLATILITY_FLOOR ** 2 * (n - 1);
      const ownDeviations = squaredDeviations(n, own, ownSquares[t]);
      const marketDeviations = squaredDeviations(n, sum, marketSquares[t]);
      const covariation = products[t] - (own * sum) / n;
      const slope = covariation / Math.max(marketDeviations, floor);
      const scale = Math.sqrt(Math.max(ownDeviations, floor) * Math.max(marketDeviations, floor));
      const left = Math.max(0, ownDeviations - slope * covariation);
      const sigma = Math.max(Math.sqrt(left / Math.max(1, n - 2)), DAILY_VOLATILITY_FLOOR);
      beta[t] = slope;
      correlation[t] = Math.max(-1, Math.min(1, covariation / scale));
      residual[t] = Math.log(sigma * Math.sqrt(SESSIONS_PER_YEAR));
    }
  };
  const found = { beta, correlation, residual };
  return ofLatest((asset) => {
    writeTerms(view.series(asset));
    regress(view.series(asset), knownOf(asset));
    return found;
  });
}
