import type { EnvironmentData } from '../environment/environment.ts';
import { isoOfDay } from '../market/days.ts';
import type { MarketPanel } from '../market/panel.ts';
import { type Costs, NO_COSTS } from '../portfolio/costs.ts';
import { type Limits, NO_LIMITS } from '../risk/limits.ts';

/** Limits that never bind, drawdown control off: what is left of the problem is the one whose answer is known. */
export const LOOSE_LIMITS: Limits = {
  ...NO_LIMITS,
  drawdown: { budget: Number.POSITIVE_INFINITY, hardLimit: Number.POSITIVE_INFINITY, resetAfterDays: null },
};

/** Trades cost `costBps` of their value, and nothing else costs anything. */
export const proportionalCosts = (costBps: number): Costs => ({ ...NO_COSTS, commissionBps: costBps });

/** Sessions between the close at which a decision is made and the close at which what it earns is known. */
export const DECISION_LAG = 2;

/**
 * A market of one asset and cash, with one column to see.
 * @param earned [T] return that a decision made at the close of t earns, over (t + 1, t + 2].
 * @param signal [T] what is known at the close of t.
 * @param startExposure weight that the anchor holds: where every learner begins.
 */
export function oneAssetMarket(
  earned: ArrayLike<number>,
  signal: ArrayLike<number>,
  { costBps, startExposure }: { costBps: number; startExposure: number },
): EnvironmentData {
  const sessions = earned.length + DECISION_LAG;
  const dates = Array.from({ length: sessions }, (_, t) => isoOfDay(t));
  const symbols = ['RISKY'];
  const returns = new Float64Array(sessions);
  const close = new Float64Array(sessions).fill(1);
  for (let t = 0; t < earned.length; t++) returns[t + DECISION_LAG] = earned[t];
  for (let t = 1; t < sessions; t++) close[t] = close[t - 1] * (1 + returns[t]);
  const everyDay = new Uint8Array(sessions).fill(1);
  const panel: MarketPanel = {
    dates,
    symbols,
    groups: ['one'],
    close,
    returns,
    tradable: everyDay,
    listed: everyDay,
    volume: new Float64Array(sessions).fill(Number.NaN),
    exits: [],
  };
  return {
    panel,
    tensor: {
      dates,
      symbols,
      columns: ['signal'],
      values: Float32Array.from({ length: sessions }, (_, t) => (t < signal.length ? signal[t] : 0)),
      anchorLogit: new Float32Array(sessions),
      anchorExposure: new Float32Array(sessions).fill(Math.log(startExposure)),
    },
    normaliser: { from: dates[0], to: dates[sessions - 1], mean: [0], std: [1], clip: 10 },
    groups: null,
    limits: LOOSE_LIMITS,
    costs: proportionalCosts(costBps),
  };
}
