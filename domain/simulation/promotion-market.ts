import { type KnownOptimum, type KnownOptimumOptions, simulateKnownOptimum } from './known-optimum.ts';

/**
 * The sub-market of the simulated universe on which promotion is proved: the market with a known optimum, with regimes that last about sixteen months and a
 * strong drift, so that the product's ordinary features (momentum, trend) show the regime a few days after it changes, and turnover stays
 * far below its limit. Sessions start in 2006, so the stress windows of 2008, 2020 and 2022 can be assessed.
 */
export function promotionMarket(
  options: Pick<KnownOptimumOptions, 'seed'> & Partial<KnownOptimumOptions>,
): KnownOptimum {
  return simulateKnownOptimum({
    sessions: 4700,
    assets: 6,
    start: '2006-01-03',
    meanRegimeDays: 500,
    cashShare: 0,
    onMean: 0.004,
    offMean: -0.002,
    volatility: 0.003,
    costBps: 10,
    ...options,
  });
}
