import { type MarketData, runBacktest, type TargetPolicy } from '../backtest/backtest.ts';
import type { Gate } from '../lineage/gate-report.ts';
import { evaluateRiskGates, type RiskGatesConfig } from './gates.ts';
import { liquidityStress } from './liquidity-stress.ts';

/** Every risk gate of one policy: the full history from session `from`, the same with liquidity gone, the second run. */
export async function runRiskGates(
  data: MarketData,
  policy: TargetPolicy,
  from: number,
  gates: RiskGatesConfig,
  reproducible: boolean | null,
): Promise<Gate[]> {
  const last = data.panel.dates.length - 1;
  const full = await runBacktest(data, policy, from, last, { checkLimits: true });
  const stressed = await runBacktest(liquidityStress(data), policy, from, last);
  return evaluateRiskGates({ gates, full, liquidityStress: stressed, reproducible });
}
