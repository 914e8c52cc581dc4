import type { MarketData } from '../environment/portfolio-loop.ts';
import type { MarketPanel } from '../market/panel.ts';

/** Spreads are this many times wider in the stress. */
export const STRESS_SLIPPAGE = 5;
/** And the market is open to trade on two sessions of this many, so that one decision a week can be filled. */
export const STRESS_WEEK_DAYS = 5;

const stressed = new WeakMap<MarketPanel, MarketPanel>();

/**
 * The same market with its liquidity gone, for the whole history: slippage x 5, and two open sessions a week (one
 * to decide on, one to fill on). Returns are the real ones, so losses run on while nothing can be done.
 */
export function liquidityStress(data: MarketData): MarketData {
  const { costs } = data;
  return {
    ...data,
    panel: weeklyTrading(data.panel),
    costs: {
      ...costs,
      slippageBps: costs.slippageBps * STRESS_SLIPPAGE,
      slippageOverrides: Object.fromEntries(
        Object.entries(costs.slippageOverrides).map(([symbol, bps]) => [symbol, bps * STRESS_SLIPPAGE]),
      ),
    },
  };
}

function weeklyTrading(panel: MarketPanel): MarketPanel {
  const known = stressed.get(panel);
  if (known) return known;
  const assets = panel.symbols.length;
  const tradable = panel.tradable.map((yes, i) => (Math.floor(i / assets) % STRESS_WEEK_DAYS < 2 ? yes : 0));
  const made = { ...panel, tradable };
  stressed.set(panel, made);
  return made;
}
