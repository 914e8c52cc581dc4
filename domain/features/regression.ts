import { type Column, DAILY_VOLATILITY_FLOOR, type MarketView, SESSIONS_PER_YEAR } from './market-view.ts';
import { squaredDeviations, TermSums, windowCount, windowSum } from './rolling.ts';

export interface Regressions {
  readonly beta: Column;
  readonly correlation: Column;
  /** Log of the annualised standard deviation of the residuals (ddof 2). */
  readonly residual: Column;
}

/** Least squares of each asset's observed returns on the market's returns of the same sessions, over the last `days`. */
export const regressions = (view: MarketView, days: number): Regressions =>
  view.remember(`regressions${days}`, () => {
    const [correlation, residual] = [view.column(), view.column()];
    const [sumOf, squaresOf, productsOf] = Array.from({ length: 3 }, () => new TermSums(view.sessions));
    const beta = view.perAsset(days, (series, known, out, from, at) => {
      const { observed, returns } = series;
      const market = view.market.returns;
      for (let t = 0; t < out.length; t++) {
        const m = market[t];
        sumOf.terms[t] = observed[t] * m;
        squaresOf.terms[t] = observed[t] * m * m;
        productsOf.terms[t] = returns[t] * m;
      }
      const [markets, marketSquares, products] = [sumOf.add(), squaresOf.add(), productsOf.add()];
      for (let t = from; t < out.length; t++) {
        if (known[t] === 0) continue;
        const start = t - days + 1;
        const n = windowCount(series.counts, start, t);
        const own = windowSum(series.sums, start, t);
        const sum = windowSum(markets, start, t);
        const floor = DAILY_VOLATILITY_FLOOR ** 2 * (n - 1);
        const ownDeviations = squaredDeviations(n, own, windowSum(series.squares, start, t));
        const marketDeviations = squaredDeviations(n, sum, windowSum(marketSquares, start, t));
        const covariation = windowSum(products, start, t) - (own * sum) / n;
        const slope = covariation / Math.max(marketDeviations, floor);
        const scale = Math.sqrt(Math.max(ownDeviations, floor) * Math.max(marketDeviations, floor));
        const left = Math.max(0, ownDeviations - slope * covariation);
        const sigma = Math.max(Math.sqrt(left / Math.max(1, n - 2)), DAILY_VOLATILITY_FLOOR);
        out[t] = slope;
        correlation[at + t] = Math.max(-1, Math.min(1, covariation / scale));
        residual[at + t] = Math.log(sigma * Math.sqrt(SESSIONS_PER_YEAR));
      }
    });
    return { beta, correlation, residual };
  });
