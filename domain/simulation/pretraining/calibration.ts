import { badInput } from '../../errors.ts';
import type { MarketPanel } from '../../market/panel.ts';
import { createRandom } from '../random.ts';

/** What the simulated markets know of history, up to a day and no further. A assets, n sessions. */
export interface Calibration {
  readonly assets: number;
  readonly sessions: number;
  /** [n, A] returns in units of their standard deviation, less their mean; what was not traded is filled in (see `calibrate`). */
  readonly scores: Float64Array;
  /** [A] mean and standard deviation of a session's return. */
  readonly mean: Float64Array;
  readonly volatility: Float64Array;
  /** [A] median traded value of a session; NaN where it is not known. */
  readonly volume: Float64Array;
}

/** Fewer sessions with a bar say nothing about an asset. */
const MIN_SESSIONS = 60;

/**
 * Sessions `from`..`to` (indices, inclusive) of a panel as standardised scores. A score that history lacks (not listed yet, halted) is drawn from
 * the asset's regression on the mean score of those that traded, so that correlations with the market survive a late listing.
 * @throws SIMULATION_HISTORY naming the asset that has too few bars.
 */
export function calibrate(panel: MarketPanel, from: number, to: number): Calibration {
  const assets = panel.symbols.length;
  const sessions = to - from + 1;
  const scores = new Float64Array(sessions * assets).fill(Number.NaN);
  const mean = new Float64Array(assets);
  const volatility = new Float64Array(assets);
  const volume = new Float64Array(assets);
  for (let a = 0; a < assets; a++) {
    const seen: number[] = [];
    for (let i = 0; i < sessions; i++) if (panel.tradable[(from + i) * assets + a] === 1) seen.push(i);
    const returns = seen.map((i) => panel.returns[(from + i) * assets + a]);
    [mean[a], volatility[a]] = momentsOf(returns);
    if (seen.length < MIN_SESSIONS || !(volatility[a] > 0)) throw tooLittle(panel, a, seen.length);
    seen.forEach((i, k) => {
      scores[i * assets + a] = (returns[k] - mean[a]) / volatility[a];
    });
    volume[a] = median(seen.map((i) => panel.volume[(from + i) * assets + a]));
  }
  fillIn(scores, sessions, assets);
  return { assets, sessions, scores, mean, volatility, volume };
}

/** From scores [S, A] to returns, which cannot fall below -0.9. */
export function returnsOf({ assets, mean, volatility }: Calibration, scores: Float64Array): Float64Array {
  return scores.map((score, i) => Math.max(-0.9, mean[i % assets] + volatility[i % assets] * score));
}

function fillIn(scores: Float64Array, sessions: number, assets: number): void {
  const market = Float64Array.from({ length: sessions }, (_, i) => {
    const row = scores.subarray(i * assets, (i + 1) * assets).filter(Number.isFinite);
    return row.length === 0 ? 0 : row.reduce((sum, score) => sum + score, 0) / row.length;
  });
  const random = createRandom(1);
  for (let a = 0; a < assets; a++) {
    let [cross, square] = [0, 0];
    for (let i = 0; i < sessions; i++) {
      const score = scores[i * assets + a];
      if (Number.isNaN(score)) continue;
      cross += score * market[i];
      square += market[i] ** 2;
    }
    const beta = square > 0 ? cross / square : 0;
    const rest = Math.sqrt(Math.max(0, 1 - (beta * cross) / sessions));
    for (let i = 0; i < sessions; i++)
      if (Number.isNaN(scores[i * assets + a])) scores[i * assets + a] = beta * market[i] + rest * random.normal();
  }
}

function momentsOf(values: readonly number[]): [number, number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)];
}

function median(values: readonly number[]): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return sorted.length === 0 ? Number.NaN : sorted[sorted.length >> 1];
}

const tooLittle = (panel: MarketPanel, asset: number, sessions: number) =>
  badInput('SIMULATION_HISTORY', 'An asset has too little history to simulate it', {
    facts: { asset: panel.symbols[asset], sessions, sessionsNeeded: MIN_SESSIONS },
    remedy: 'Train on a longer window, or without pre-training.',
  });
