import type { MarketPanel } from '../market/panel.ts';
import type { Costs } from './costs.ts';

/** Sessions over which the impact model measures volatility and traded value, up to and including the session of the fill. */
export const IMPACT_DAYS = 21;

/**
 * What trading costs on one panel. Linear part: |dw| x (commission + slippage) / 10,000. Impact, where volume is known
 * (square-root law, Almgren et al. 2005): |dw| x coefficient x sigma x sqrt(|dw| x capital / traded value), with sigma and
 * traded value as means over the last `IMPACT_DAYS` sessions.
 */
export class TradeCost {
  readonly panel: MarketPanel;
  readonly costs: Costs;
  readonly #rates: Float64Array;

  constructor(panel: MarketPanel, costs: Costs) {
    this.panel = panel;
    this.costs = costs;
    this.#rates = Float64Array.from(
      panel.symbols,
      (symbol) => (costs.commissionBps + (costs.slippageOverrides[symbol] ?? costs.slippageBps)) / 10_000,
    );
  }

  /** Cost, as a fraction of NAV, of a change of weight `change` in `asset` at session `t`. */
  of(t: number, asset: number, change: number): number {
    const size = Math.abs(change);
    const linear = size * this.#rates[asset];
    if (this.costs.impactCoefficient === 0 || size === 0) return linear;
    return linear + size * this.#impact(t, asset, size);
  }

  #impact(t: number, asset: number, size: number): number {
    const { panel, costs } = this;
    const assets = panel.symbols.length;
    let squares = 0;
    let value = 0;
    let known = 0;
    const first = Math.max(0, t - IMPACT_DAYS + 1);
    for (let s = first; s <= t; s += 1) {
      const index = s * assets + asset;
      squares += panel.returns[index] * panel.returns[index];
      if (panel.volume[index] > 0) {
        value += panel.volume[index];
        known += 1;
      }
    }
    if (known === 0) return 0;
    const sigma = Math.sqrt(squares / (t - first + 1));
    return costs.impactCoefficient * sigma * Math.sqrt((size * costs.capital * known) / value);
  }
}

/** Cost, as a fraction of NAV, of going from `from` to `to` (weights [A]) at session `t`. */
export function tradeCost(
  panel: MarketPanel,
  t: number,
  from: ArrayLike<number>,
  to: ArrayLike<number>,
  costs: Costs,
): number {
  const model = new TradeCost(panel, costs);
  let total = 0;
  for (let a = 0; a < panel.symbols.length; a += 1) total += model.of(t, a, to[a] - from[a]);
  return total;
}

/** One-way turnover 1/2 sum |dw|, cash included: the larger of what is bought and what is sold. Weights [A], cash implied. */
export function oneWayTurnover(from: ArrayLike<number>, to: ArrayLike<number>): number {
  let bought = 0;
  let sold = 0;
  for (let a = 0; a < from.length; a += 1) {
    const change = to[a] - from[a];
    if (change > 0) bought += change;
    else sold -= change;
  }
  return Math.max(bought, sold);
}
