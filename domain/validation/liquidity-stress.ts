import type { MarketData } from '../environment/portfolio-loop.ts';
import type { MarketPanel } from '../market/panel.ts';

/** Spreads are this many times wider in the stress. */
export const STRESS_SLIPPAGE = 5;
/** And the market trades only on every n-th session: five, once a week. */
export const STRESS_TRADES_EVERY = 5;

const stressed = new WeakMap<MarketPanel, MarketPanel>();

/**
 * The same market with its liquidity gone, for the whole history: slippage x 5, and no trade (so no exit either) on four sessions of
 * five. Returns are the real ones, so losses run on between the sessions on which something can be done.
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
  const tradable = panel.tradable.map((yes, i) => (Math.floor(i / assets) % STRESS_TRADES_EVERY === 0 ? yes : 0));
  const made = { ...panel, tradable };
  stressed.set(panel, made);
  return made;
}
