import type { Figures } from '../lineage/gate-report.ts';
import { cagr } from '../metrics/cagr.ts';
import { maxDrawdown } from '../metrics/max-drawdown.ts';
import { sharpe } from '../metrics/sharpe.ts';
import { annualCostBps, annualTurnover } from '../metrics/turnover.ts';
import { volatility } from '../metrics/volatility.ts';
import type { BacktestResult } from './backtest.ts';

/** Rows [first, end) of a result whose dates lie in [from, to]. Row 0, the start in cash, is not a session that could earn. */
export function rowsBetween(result: BacktestResult, from?: string, to?: string): { first: number; end: number } {
  let first = 1;
  while (first < result.dates.length && from !== undefined && result.dates[first] < from) first += 1;
  let end = result.dates.length;
  while (end > first && to !== undefined && result.dates[end - 1] > to) end -= 1;
  return { first, end };
}

/** Net returns of the sessions from `from` to `to` (ISO dates, inclusive; default: all after the start). A view. */
export function returnsBetween(result: BacktestResult, from?: string, to?: string): Float64Array {
  const { first, end } = rowsBetween(result, from, to);
  return result.returns.subarray(first, end);
}

/** The figures of a backtest over the sessions from `from` to `to` (ISO dates, inclusive). maxDrawdown is negative or 0. */
export function figuresOf(result: BacktestResult, from?: string, to?: string): Figures {
  const { first, end } = rowsBetween(result, from, to);
  const returns = result.returns.subarray(first, end);
  return {
    sharpe: sharpe(returns),
    annualReturn: cagr(returns),
    volatility: volatility(returns),
    maxDrawdown: maxDrawdown(returns),
    turnover: annualTurnover(result.turnover.subarray(first, end)),
    costBps: annualCostBps(result.costs.subarray(first, end)),
  };
}
