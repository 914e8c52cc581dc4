import type { ChainReceipt } from '../../adapters/chain/port.ts';
import type { SettlementRow } from '../../adapters/ledger/port.ts';
import { ProductError } from '../../domain/errors.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import { decodeRebalance } from '../artifacts/settlement.ts';
import type { Ports } from '../ports.ts';
import { isConflict } from './sign.ts';

export interface Followed {
  status: 'submitted' | 'confirmed' | 'finalized';
  receipt: ChainReceipt | null;
}

/**
 * Bring a recorded transaction forward: send its stored bytes where the chain does not have it, read the receipt, write both to the
 * ledger. Done again at any point it sends the same bytes or nothing.
 *
 * @throws SETTLEMENT_REVERTED when the chain mined it and refused it.
 */
export async function follow(
  row: SettlementRow,
  ports: Pick<Ports, 'chain' | 'ledger' | 'alerts' | 'settings'>,
): Promise<Followed> {
  const { chain } = ports;
  let receipt = await chain.receipt(row.transaction);
  if (!receipt) {
    await chain.broadcast(row.raw);
    await note(row, { status: 'submitted', receipt: null }, ports);
    receipt = await chain.receipt(row.transaction);
  }
  if (!receipt || receipt.finality === 'submitted') return { status: 'submitted', receipt: null };
  if (receipt.status === 'reverted') throw await reverted(row, receipt, ports);
  await note(row, { status: receipt.finality, receipt: canonicalJson(receipt) }, ports);
  return { status: receipt.finality, receipt };
}

/** A row that is final stays as it is: another run, or an earlier one on a chain that lost its last blocks, was there first. */
async function note(
  row: SettlementRow,
  change: Pick<SettlementRow, 'status' | 'receipt'>,
  { ledger }: Pick<Ports, 'ledger'>,
): Promise<void> {
  if (row.status === 'finalized') return;
  try {
    await ledger.updateSettlement(row.strategy, row.decisionHash, change);
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
}

async function reverted(
  row: SettlementRow,
  receipt: ChainReceipt,
  ports: Pick<Ports, 'chain' | 'ledger' | 'alerts' | 'settings'>,
): Promise<ProductError> {
  if (receipt.finality === 'finalized') await note(row, { status: 'failed', receipt: canonicalJson(receipt) }, ports);
  // The order is tried once more without sending it: the contract then says what it refuses.
  const reason = await ports.chain.signTransaction(decodeRebalance(row.rebalance), row.nonce).then(
    () => null,
    (error: unknown) => error,
  );
  const said = reason instanceof ProductError ? reason : null;
  const error = new ProductError(
    'SETTLEMENT_REVERTED',
    `The chain refused the settlement${said ? `: ${said.message}` : ''}`,
    {
      facts: {
        transaction: row.transaction,
        epoch: row.epoch,
        block: receipt.blockNumber,
        decision: row.decisionHash,
        ...said?.facts,
      },
      remedy:
        said?.remedy ??
        'Compare the order with the limits of the ledger (drl chain status); the next session is decided and settled anew.',
      cause: reason,
    },
  );
  await ports.alerts.raise({
    id: `failedTransaction-${row.transaction}`,
    condition: 'failedTransaction',
    severity: 'critical',
    message: error.message,
    runbook: `${ports.settings.config.alerts.runbook}#failedtransaction`,
  });
  return error;
}
