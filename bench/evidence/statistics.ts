import { interquartileMean } from '../../domain/metrics/interquartile-mean.ts';
import { percentile } from '../../domain/metrics/percentile.ts';
import { sharpe } from '../../domain/metrics/sharpe.ts';
import { createRandom } from '../../domain/simulation/random.ts';

/** Values of several seeds, summed up. */
export interface Spread {
  readonly mean: number;
  readonly interquartileMean: number;
  /** 25th and 75th percentile: the interquartile band. */
  readonly lower: number;
  readonly upper: number;
}

export interface Difference {
  readonly difference: number;
  readonly lower: number;
  readonly upper: number;
}

const SAMPLES = 10_000;
/** Coverage of an interval, that of the domain's bootstraps. */
export const CONFIDENCE = 0.9;

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Annual Sharpe ratio of each series; 0 for one that never moves. */
export const sharpes = (series: readonly Float64Array[]): number[] => series.map((returns) => sharpe(returns) ?? 0);

/** @param values at least one. */
export const spreadOf = (values: readonly number[]): Spread => ({
  mean: meanOf(values),
  interquartileMean: interquartileMean(values) as number,
  lower: percentile(values, 25) as number,
  upper: percentile(values, 75) as number,
});

/**
 * Mean of the differences first less second, seed by seed, and its percentile interval over seeds drawn with replacement (Efron 1979).
 * With S seeds it is too narrow by about sqrt((S - 1) / S).
 */
export function pairedDifference(first: readonly number[], second: readonly number[]): Difference {
  const differences = first.map((value, i) => value - second[i]);
  const random = createRandom(1);
  const draws = Array.from({ length: SAMPLES }, () =>
    meanOf(differences.map(() => differences[random.integer(differences.length)])),
  );
  const tail = 50 * (1 - CONFIDENCE);
  return {
    difference: meanOf(differences),
    lower: percentile(draws, tail) as number,
    upper: percentile(draws, 100 - tail) as number,
  };
}
