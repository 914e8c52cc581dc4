import type { AssetSeries } from './asset-series.ts';
import { DAILY_VOLATILITY_FLOOR, type MarketView, ofLatest, type PerAsset, SESSIONS_PER_YEAR } from './market-view.ts';
import { squaredDeviations, TermSums, windowCount, windowSums } from './rolling.ts';

/** Of one asset, [T]: what least squares of its observed returns on the market's of the same sessions rest on; only where enough sessions are known. */
interface Deviations {
  /** Sums of squares of the returns less their mean, of the asset and of the market: at least those of the volatility floor where they divide. */
  readonly own: Float64Array;
  readonly market: Float64Array;
  /** Sum of the products of both. */
  readonly joint: Float64Array;
  readonly counts: Int32Array;
}

type Found = 'beta' | 'correlation' | 'residual';

/** What least squares of each asset's observed returns on the market's returns of the same sessions find, over the last `days`. */
export function regressed(view: MarketView, days: number, found: Found): PerAsset {
  const deviationsOf = view.remember(`deviations${days}`, () => deviations(view, days));
  const write = WRITERS[found];
  return view.perAsset(days, (_, known, out, from, asset) => write(deviationsOf(asset), days, known, out, from));
}

const leastSquares = (n: number): number => DAILY_VOLATILITY_FLOOR ** 2 * (n - 1);

const WRITERS: Readonly<
  Record<Found, (of: Deviations, days: number, known: Uint8Array, out: Float64Array, from: number) => void>
> = {
  beta({ market, joint, counts }, days, known, out, from) {
    for (let t = from; t < out.length; t++) {
      if (known[t] === 0) continue;
      out[t] = joint[t] / Math.max(market[t], leastSquares(windowCount(counts, t - days + 1, t)));
    }
  },
  correlation({ own, market, joint, counts }, days, known, out, from) {
    for (let t = from; t < out.length; t++) {
      if (known[t] === 0) continue;
      const floor = leastSquares(windowCount(counts, t - days + 1, t));
      const scale = Math.sqrt(Math.max(own[t], floor) * Math.max(market[t], floor));
      out[t] = Math.max(-1, Math.min(1, joint[t] / scale));
    }
  },
  /** Log of the annualised standard deviation of the residuals (ddof 2). */
  residual({ own, market, joint, counts }, days, known, out, from) {
    const annual = Math.sqrt(SESSIONS_PER_YEAR);
    for (let t = from; t < out.length; t++) {
      if (known[t] === 0) continue;
      const n = windowCount(counts, t - days + 1, t);
      const slope = joint[t] / Math.max(market[t], leastSquares(n));
      const left = Math.max(0, own[t] - slope * joint[t]);
      const sigma = Math.max(Math.sqrt(left / Math.max(1, n - 2)), DAILY_VOLATILITY_FLOOR);
      out[t] = Math.log(sigma * annual);
    }
  },
};

function deviations(view: MarketView, days: number): (asset: number) => Deviations {
  const { sessions } = view;
  const [sumOf, squaresOf, productsOf] = Array.from({ length: 3 }, () => new TermSums(sessions));
  const [own, market, joint] = Array.from({ length: 3 }, () => new Float64Array(sessions));
  const [owns, ownSquares] = [new Float64Array(sessions), new Float64Array(sessions)];
  const { returns: gains } = view.market;
  const from = Math.max(days, view.first);
  /** A loop of its own, as every one here: what follows a loop is not compiled with it the first time. */
  const writeTerms = ({ observed, returns }: AssetSeries): void => {
    for (let t = 0; t < sessions; t++) {
      const m = gains[t];
      sumOf.terms[t] = observed[t] * m;
      squaresOf.terms[t] = observed[t] * m * m;
      productsOf.terms[t] = returns[t] * m;
    }
  };
  const deviate = ({ counts, sums, squares }: AssetSeries): void => {
    const [markets, marketSquares] = [sumOf.over(days, from), squaresOf.over(days, from)];
    const products = productsOf.over(days, from);
    windowSums(sums, days, from, owns);
    windowSums(squares, days, from, ownSquares);
    for (let t = from; t < sessions; t++) {
      const n = counts[t + 1] - counts[t + 1 - days];
      own[t] = squaredDeviations(n, owns[t], ownSquares[t]);
      market[t] = squaredDeviations(n, markets[t], marketSquares[t]);
      joint[t] = products[t] - (owns[t] * markets[t]) / n;
    }
  };
  return ofLatest((asset) => {
    const series = view.series(asset);
    writeTerms(series);
    deviate(series);
    return { own, market, joint, counts: series.counts };
  });
}
