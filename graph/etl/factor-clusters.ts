import { type AssetSeries, MIN_COVERAGE } from '../../domain/features/asset-series.ts';
import { averageLinkage } from '../algorithms/average-linkage.ts';
import { correlationWindow, pairCorrelation, type Window } from './correlation.ts';
import { marketReturn } from './regimes.ts';

/** One-sided 99 % point of the normal distribution: an average residual correlation below it over the root of the sessions may be chance. */
const CHANCE = 2.326;
/** A residual with less than this share of the asset's variance is rounding: the asset is the market. */
const LEAST_RESIDUAL = 1e-12;

/**
 * Factor clusters at the close of t: what moves together beyond the market. Each asset's returns of the last `days` sessions, less what the
 * equal-weighted market explains (least squares), are correlated; average linkage joins clusters while their mean residual correlation is
 * beyond chance. -1 for an asset without a return on 80 % of the sessions. Numbered by their first member.
 */
export function factorClusters(
  series: readonly AssetSeries[],
  members: readonly number[],
  t: number,
  days: number,
): number[] {
  const market = Float64Array.from({ length: days }, (_, k) => marketReturn(series, t - days + 1 + k));
  const windows = members.map((a) => residuals(series[a], market, t, days));
  const known = members.map((_, i) => i).filter((i) => windows[i] !== null);
  const likeness = new Float64Array(known.length * known.length);
  known.forEach((i, row) => {
    known.forEach((j, column) => {
      if (column <= row) return;
      const correlation = pairCorrelation(windows[i] as Window, windows[j] as Window);
      likeness[row * known.length + column] = correlation;
      likeness[column * known.length + row] = correlation;
    });
  });
  const clusters = averageLinkage(likeness, known.length, CHANCE / Math.sqrt(days));
  const result = members.map(() => -1);
  known.forEach((i, row) => {
    result[i] = clusters[row];
  });
  return result;
}

/** Returns less their regression on the market, over the sessions on which the asset has one; null with too few. */
function residuals({ observed, returns }: AssetSeries, market: Float64Array, t: number, days: number): Window | null {
  const seen = observed.slice(t - days + 1, t + 1);
  const own = returns.slice(t - days + 1, t + 1);
  let [count, meanOwn, meanMarket] = [0, 0, 0];
  for (let k = 0; k < days; k++) {
    if (seen[k] === 0) continue;
    count++;
    meanOwn += own[k];
    meanMarket += market[k];
  }
  if (count < MIN_COVERAGE * days) return null;
  meanOwn /= count;
  meanMarket /= count;
  let [product, squares, variance] = [0, 0, 0];
  for (let k = 0; k < days; k++) {
    if (seen[k] === 0) continue;
    product += (own[k] - meanOwn) * (market[k] - meanMarket);
    squares += (market[k] - meanMarket) ** 2;
    variance += (own[k] - meanOwn) ** 2;
  }
  const beta = squares > 0 ? product / squares : 0;
  const rest = new Float64Array(days);
  let left = 0;
  for (let k = 0; k < days; k++) {
    if (seen[k] === 1) rest[k] = own[k] - meanOwn - beta * (market[k] - meanMarket);
    left += rest[k] * rest[k];
  }
  return correlationWindow(seen, left > LEAST_RESIDUAL * variance ? rest : rest.fill(0));
}
