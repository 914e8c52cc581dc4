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
  readonly #liquidity: Liquidity | null;

  constructor(panel: MarketPanel, costs: Costs) {
    this.panel = panel;
    this.costs = costs;
    this.#liquidity = costs.impactCoefficient === 0 ? null : liquidityOf(panel);
    this.#rates = Float64Array.from(
      panel.symbols,
      (symbol) => (costs.commissionBps + (costs.slippageOverrides[symbol] ?? costs.slippageBps)) / 10_000,
    );
  }

  /** Cost, as a fraction of NAV, of going from weights `from` to weights `to` ([A]) at session `t`. */
  total(t: number, from: ArrayLike<number>, to: ArrayLike<number>): number {
    const rates = this.#rates;
    const liquidity = this.#liquidity;
    let total = 0;
    if (liquidity === null) {
      for (let a = 0; a < rates.length; a += 1) total += Math.abs(to[a] - from[a]) * rates[a];
      return total;
    }
    for (let a = 0; a < rates.length; a += 1) {
      const size = Math.abs(to[a] - from[a]);
      if (size !== 0) total += size * rates[a] + size * this.#impact(liquidity, t, a, size);
    }
    return total;
  }

  #impact(liquidity: Liquidity, t: number, asset: number, size: number): number {
    const { impactCoefficient, capital } = this.costs;
    const index = t * this.#rates.length + asset;
    const { sigma, value, known } = liquidity;
    if (Number.isNaN(sigma[index])) measure(this.panel, liquidity, t, asset);
    if (known[index] === 0) return 0;
    return impactCoefficient * sigma[index] * Math.sqrt((size * capital * known[index]) / value[index]);
  }
}

/** What impact rests on, [T, A], filled in on first use: sigma of returns (NaN: not yet measured), traded value, sessions on which it is known. */
interface Liquidity {
  readonly sigma: Float64Array;
  readonly value: Float64Array;
  readonly known: Uint8Array;
}

const measured = new WeakMap<MarketPanel, Liquidity>();

function liquidityOf(panel: MarketPanel): Liquidity {
  const seen = measured.get(panel);
  if (seen) return seen;
  const size = panel.returns.length;
  const made = {
    sigma: new Float64Array(size).fill(Number.NaN),
    value: new Float64Array(size),
    known: new Uint8Array(size),
  };
  measured.set(panel, made);
  return made;
}

function measure(panel: MarketPanel, { sigma, value, known }: Liquidity, t: number, asset: number): void {
  const assets = panel.symbols.length;
  const first = Math.max(0, t - IMPACT_DAYS + 1);
  let [squares, traded, sessions] = [0, 0, 0];
  for (let s = first; s <= t; s += 1) {
    const index = s * assets + asset;
    squares += panel.returns[index] * panel.returns[index];
    if (panel.volume[index] > 0) {
      traded += panel.volume[index];
      sessions += 1;
    }
  }
  const at = t * assets + asset;
  sigma[at] = Math.sqrt(squares / (t - first + 1));
  value[at] = traded;
  known[at] = sessions;
}

/** Cost, as a fraction of NAV, of going from `from` to `to` (weights [A]) at session `t`. */
export const tradeCost = (
  panel: MarketPanel,
  t: number,
  from: ArrayLike<number>,
  to: ArrayLike<number>,
  costs: Costs,
): number => new TradeCost(panel, costs).total(t, from, to);

/** One-way turnover 1/2 sum |dw|, cash included: the larger of what is bought and what is sold. Weights [A], cash implied. */
export function oneWayTurnover(from: ArrayLike<number>, to: ArrayLike<number>): number {
  let bought = 0;
  let sold = 0;
  for (let a = 0; a < from.length; a += 1) {
    const change = to[a] - from[a];
    bought += positivePart(change);
    sold += positivePart(-change);
  }
  return Math.max(bought, sold);
}

/** max(0, x), exactly, without a branch: trades go either way, so that a processor would guess wrong half of the time. */
export const positivePart = (x: number): number => 0.5 * (x + Math.abs(x));
