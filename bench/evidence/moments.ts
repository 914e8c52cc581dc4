import { SESSIONS_PER_YEAR } from '../../domain/metrics/moments.ts';

/** What a market looks like, averaged over its assets (correlation: over pairs). */
export interface MarketMoments {
  /** Annual. */
  readonly volatility: number;
  /** Fourth moment over squared variance: 3 of a normal. */
  readonly kurtosis: number;
  /** First autocorrelation of squared returns: volatility that clusters. */
  readonly squaresAutocorrelation: number;
  readonly correlation: number;
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** @param returns [T, A] */
export function marketMoments(returns: Float64Array, assets: number): MarketMoments {
  const sessions = returns.length / assets;
  const columns = Array.from({ length: assets }, (_, a) =>
    centred(Array.from({ length: sessions }, (_, t) => returns[t * assets + a])),
  );
  const variance = columns.map((x) => average(x.map((value) => value ** 2)));
  return {
    volatility: average(variance.map((value) => Math.sqrt(value * SESSIONS_PER_YEAR))),
    kurtosis: average(columns.map((x, a) => average(x.map((value) => value ** 4)) / variance[a] ** 2)),
    squaresAutocorrelation: average(
      columns.map((x) => {
        const squares = centred(x.map((value) => value ** 2));
        return correlation(squares.slice(0, -1), squares.slice(1));
      }),
    ),
    correlation: average(columns.flatMap((x, a) => columns.slice(a + 1).map((y) => correlation(x, y)))),
  };
}

function centred(values: readonly number[]): number[] {
  const mean = average(values);
  return values.map((value) => value - mean);
}

/** Of two series whose mean is 0. */
function correlation(x: readonly number[], y: readonly number[]): number {
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, value, i) => sum + value * b[i], 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}
