import type { ChainReceipt } from '../../adapters/chain/port.ts';
import type { FeeRow, SettlementRow } from '../../adapters/ledger/port.ts';
import { ProductError } from '../../domain/errors.ts';
import type { Ports } from '../ports.ts';

const DAY_SECONDS = 86_400;

/** Alert conditions by the code of the error that a fee above its bound raises. */
const CONDITIONS = { FEE_CEILING: 'feeCeiling', FEE_BUDGET: 'feeBudget' } as const;

export const isFeeError = (error: unknown): error is ProductError =>
  error instanceof ProductError && error.code in CONDITIONS;

/**
 * What is left of the day's budget (UTC, by the chain's time), from the ledger: paid by receipts of the day, and what is not mined at
 * the most it may cost. `replaced` is not counted: the new transaction takes its place.
 */
export async function budgetLeft(
  relayer: string,
  replaced: Pick<SettlementRow, 'strategy' | 'decisionHash'> | null,
  { chain, ledger, settings }: Pick<Ports, 'chain' | 'ledger' | 'settings'>,
): Promise<bigint> {
  const { dailyFeeBudgetWei, orderTtlSeconds } = settings.config.chain;
  const now = await chain.now();
  const dayStart = now - (now % DAY_SECONDS);
  // What is mined on a day may have been signed on the day before, but not longer ago than an order lives.
  const since = dayStart - Math.max(DAY_SECONDS, orderTtlSeconds);
  const rows = await ledger.feesSince(chain.chainId, relayer, since);
  const others = rows.filter(
    (row) => row.strategy !== replaced?.strategy || row.decisionHash !== replaced.decisionHash,
  );
  const left = BigInt(dailyFeeBudgetWei) - spentWei(others, dayStart);
  return left > 0n ? left : 0n;
}

/** Of the attempts of one settlement one is paid: the mined one, or at most the dearest. */
export function spentWei(rows: readonly FeeRow[], dayStart: number): bigint {
  const perSettlement = new Map<string, bigint>();
  for (const row of rows) {
    const key = `${row.strategy} ${row.decisionHash}`;
    const fee = feeWei(row, dayStart);
    if (fee > (perSettlement.get(key) ?? 0n)) perSettlement.set(key, fee);
  }
  return [...perSettlement.values()].reduce((sum, fee) => sum + fee, 0n);
}

function feeWei({ status, receipt, gasLimit, maxFeePerGasWei }: FeeRow, dayStart: number): bigint {
  if (receipt === null) return status === 'failed' ? 0n : BigInt(gasLimit) * BigInt(maxFeePerGasWei);
  const { gasUsed, effectiveGasPriceWei, blockTime } = JSON.parse(receipt) as ChainReceipt;
  if (blockTime !== undefined && blockTime < dayStart) return 0n;
  return BigInt(gasUsed) * BigInt(effectiveGasPriceWei ?? maxFeePerGasWei);
}

/** Once for a decision and condition. The order is not lost: the stage, run again, goes on where it stopped. */
export async function alertOfFees(
  error: ProductError,
  decisionHash: string,
  { alerts, settings }: Pick<Ports, 'alerts' | 'settings'>,
): Promise<void> {
  const condition = CONDITIONS[error.code as keyof typeof CONDITIONS];
  await alerts.raise({
    id: `${condition}-${decisionHash}`,
    condition,
    severity: 'critical',
    message: `${error.code}: ${error.message}. The decision ${decisionHash} waits`,
    runbook: `${settings.config.alerts.runbook}#${condition.toLowerCase()}`,
  });
}
