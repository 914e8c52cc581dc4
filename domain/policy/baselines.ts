import type { TargetPolicy } from '../backtest/backtest.ts';
import type { MarketPanel } from '../market/panel.ts';
import { SESSIONS_PER_YEAR } from '../metrics/moments.ts';
import { PortfolioBook } from '../portfolio/book.ts';
import { inverseVolatilityWeights, maxSharpeWeights, minVarianceWeights } from './allocation/allocate.ts';
import { ledoitWolf, meansOf, type ReturnWindow } from './allocation/covariance.ts';
import { hrpWeights } from './allocation/hrp.ts';

/** Sessions that estimates look back. */
export const LOOKBACK_DAYS = 252;
/** Of these, a bar must exist on at least this share. */
const MIN_BARS = 0.9;
/** Sessions over which the volatility target measures volatility. */
export const VOLATILITY_DAYS = 63;
export const TARGET_VOLATILITY = 0.08;

/** The weights of a baseline on a session on which it rebalances: [A], from nothing later than `t`. Zeros: stay in cash. */
type Allocation = (panel: MarketPanel, t: number) => Float64Array;

/**
 * The seven baselines that a policy is compared with, at the same costs, dates and lag, through the same projection. All rebalance on the
 * first session of a month and let weights drift between; buyAndHold never rebalances. All are causal and stay in cash until an asset has
 * the history they need. Orders are sent as units, so what is left to drift is not traded. Each call returns fresh ones: a policy remembers the portfolio that it let drift.
 */
export function baselinePolicies(): TargetPolicy[] {
  return [
    monthly('equalWeight', equalWeight),
    monthly(
      'inverseVolatility',
      estimated(({ covariance, k }) => inverseVolatilityWeights(covariance, k)),
    ),
    monthly('volTargetEqualWeight', volTargetEqualWeight),
    monthly(
      'minVariance',
      estimated(({ covariance, k }) => minVarianceWeights(covariance, k)),
    ),
    monthly(
      'hrp',
      estimated(({ covariance, k }) => hrpWeights(covariance, k).weights),
    ),
    monthly(
      'maxSharpe',
      estimated(({ covariance, means }) => maxSharpeWeights(covariance, means)),
    ),
    buyAndHold(),
  ];
}

export const baselinePolicy = (name: string): TargetPolicy | undefined =>
  baselinePolicies().find((policy) => policy.name === name);

const isRebalance = ({ dates }: MarketPanel, t: number): boolean =>
  t === 0 || dates[t].slice(0, 7) !== dates[t - 1].slice(0, 7);

/** Assets that may enter at `t`: a bar today, and bars on at least 90 % of the last `days` sessions, all inside their life. */
function eligible(panel: MarketPanel, t: number, days: number): number[] {
  const assets = panel.symbols.length;
  if (t + 1 < days) return [];
  return panel.symbols.flatMap((_, a) => {
    if (panel.tradable[t * assets + a] === 0 || panel.listed[(t - days + 1) * assets + a] === 0) return [];
    let bars = 0;
    for (let s = t - days + 1; s <= t; s += 1) bars += panel.tradable[s * assets + a];
    return bars >= MIN_BARS * days ? [a] : [];
  });
}

function windowOf(panel: MarketPanel, t: number, days: number, members: readonly number[]): ReturnWindow {
  const assets = panel.symbols.length;
  const k = members.length;
  const values = new Float64Array(days * k);
  for (let s = 0; s < days; s += 1) {
    for (let i = 0; i < k; i += 1) values[s * k + i] = panel.returns[(t - days + 1 + s) * assets + members[i]];
  }
  return { values, n: days, k };
}

const spread = (assets: number, members: readonly number[], weights: ArrayLike<number>): Float64Array => {
  const all = new Float64Array(assets);
  members.forEach((a, i) => {
    all[a] = weights[i];
  });
  return all;
};

function equalWeight(panel: MarketPanel, t: number): Float64Array {
  const assets = panel.symbols.length;
  const members = panel.symbols.flatMap((_, a) => (panel.tradable[t * assets + a] === 1 ? [a] : []));
  return spread(assets, members, new Float64Array(members.length).fill(1 / members.length));
}

/** 1/N, held at most at the exposure where its volatility over the last 63 sessions is 8 % a year. */
function volTargetEqualWeight(panel: MarketPanel, t: number): Float64Array {
  const assets = panel.symbols.length;
  const members = eligible(panel, t, VOLATILITY_DAYS);
  if (members.length === 0) return new Float64Array(assets);
  const { values, n, k } = windowOf(panel, t, VOLATILITY_DAYS, members);
  const portfolio = new Float64Array(n);
  for (let i = 0; i < n * k; i += 1) portfolio[Math.floor(i / k)] += values[i] / k;
  const mean = portfolio.reduce((sum, r) => sum + r, 0) / n;
  const variance = portfolio.reduce((sum, r) => sum + (r - mean) ** 2, 0) / (n - 1);
  const exposure = variance > 0 ? Math.min(1, TARGET_VOLATILITY / Math.sqrt(variance * SESSIONS_PER_YEAR)) : 1;
  return spread(assets, members, new Float64Array(k).fill(exposure / k));
}

/** An allocation from the Ledoit-Wolf covariance and the means of the last 252 sessions; assets that never moved are left out. */
function estimated(
  allocate: (estimate: { covariance: Float64Array; means: Float64Array; k: number }) => Float64Array,
): Allocation {
  return (panel, t) => {
    const members = eligible(panel, t, LOOKBACK_DAYS).filter((a) => moved(panel, t, a));
    if (members.length === 0) return new Float64Array(panel.symbols.length);
    const window = windowOf(panel, t, LOOKBACK_DAYS, members);
    const { covariance } = ledoitWolf(window);
    return spread(panel.symbols.length, members, allocate({ covariance, means: meansOf(window), k: members.length }));
  };
}

function moved(panel: MarketPanel, t: number, a: number): boolean {
  const assets = panel.symbols.length;
  for (let s = t - LOOKBACK_DAYS + 1; s <= t; s += 1) if (panel.returns[s * assets + a] !== 0) return true;
  return false;
}

/** Rebalances at the first session of a month; between, its own unscaled portfolio drifts (exits included) in a book without costs. */
function monthly(name: string, allocate: Allocation): TargetPolicy {
  return drifting(name, (panel, t) => (isRebalance(panel, t) ? allocate(panel, t) : null), lastRebalance);
}

/** Equal weights of what can be traded on the first session asked for; never traded again. */
function buyAndHold(): TargetPolicy {
  return drifting(
    'buyAndHold',
    () => null,
    (_, t) => t,
    equalWeight,
  );
}

function lastRebalance(panel: MarketPanel, t: number): number {
  let s = t;
  while (!isRebalance(panel, s)) s -= 1;
  return s;
}

/**
 * @param rebalance new weights at `t`, or null to drift.
 * @param startAt the session from which to build the portfolio held at the first session asked for.
 * @param initial weights there; default: what `rebalance` gives.
 */
function drifting(
  name: string,
  rebalance: (panel: MarketPanel, t: number) => Float64Array | null,
  startAt: (panel: MarketPanel, t: number) => number,
  initial: Allocation = (panel, t) => rebalance(panel, t) ?? new Float64Array(panel.symbols.length),
): TargetPolicy {
  let panelSeen: MarketPanel | null = null;
  let at = -1;
  let shadow = PortfolioBook.start(0);
  const hold = (weights: Float64Array): void => {
    const cash = 1 - weights.reduce((sum, w) => sum + w, 0);
    shadow.assign({ nav: 1, highWaterMark: 1, daysSinceHigh: 0, held: weights, cash });
  };
  return {
    name,
    ordersInUnits: true,
    decide(t, _book, { panel }) {
      if (panel !== panelSeen || t < at) {
        panelSeen = panel;
        at = startAt(panel, t);
        shadow = PortfolioBook.start(panel.symbols.length);
        hold(initial(panel, at));
      }
      while (at < t) {
        at += 1;
        shadow.markTo(panel, at);
        const weights = rebalance(panel, at);
        if (weights) hold(weights);
      }
      return shadow.held;
    },
  };
}
