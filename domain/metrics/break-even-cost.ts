/**
 * Basis points per unit of one-way turnover at which the strategy earns nothing: annual gross return / annual one-way turnover.
 * @param netAnnualReturn arithmetic, after costs; @param costBps annual cost in basis points; @param turnover annual, one-way.
 * @returns null without turnover.
 */
export function breakEvenCostBps(netAnnualReturn: number, costBps: number, turnover: number): number | null {
  return turnover > 0 ? (netAnnualReturn * 10_000 + costBps) / turnover : null;
}
