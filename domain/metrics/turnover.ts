import { SESSIONS_PER_YEAR } from './moments.ts';

/**
 * Annual one-way turnover from the turnover of each session's fill (1/2 sum |dw| against drifted weights, cash included): a full swap
 * of the book is 100 %. null for no sessions.
 */
export function annualTurnover(turnover: ArrayLike<number>): number | null {
  return annualSum(turnover);
}

/** Annual cost in basis points of NAV from the cost of each session's fill (fractions of NAV). null for no sessions. */
export function annualCostBps(costs: ArrayLike<number>): number | null {
  const total = annualSum(costs);
  return total === null ? null : total * 10_000;
}

function annualSum(values: ArrayLike<number>): number | null {
  if (values.length === 0) return null;
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i];
  return (sum / values.length) * SESSIONS_PER_YEAR;
}
