import type { ChainReceipt } from '../../adapters/chain/port.ts';
import type { AttemptRow, SettlementRow } from '../../adapters/ledger/port.ts';
import { ProductError } from '../../domain/errors.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import { decodeRebalance } from '../artifacts/settlement.ts';
import type { Ports } from '../ports.ts';
import { attemptsOf, receiptOf, withReplacement } from './attempts.ts';
import { sendBelow } from './nonce.ts';
import { isConflict } from './sign.ts';

export interface Followed {
  status: 'submitted' | 'confirmed' | 'finalized';
  receipt: ChainReceipt | null;
  /** With the transaction that was mined, or the newest one. */
  row: SettlementRow;
}

type FollowPorts = Pick<Ports, 'chain' | 'ledger' | 'alerts' | 'settings'>;

/**
 * Bring a recorded settlement forward: find whichever attempt was mined; where none is, send the newest bytes, or replace them when
 * they wait too long; write what the chain says to the ledger. Done again at any point it sends what is recorded or nothing. A receipt
 * that a reorganisation took away brings the settlement back to `submitted`, until it is final.
 *
 * @throws SETTLEMENT_REVERTED when the chain refused it for good.
 */
export async function follow(row: SettlementRow, ports: FollowPorts): Promise<Followed> {
  let attempts = await attemptsOf(row, ports);
  let receipt = await receiptOf(attempts, ports.chain);
  if (!receipt) {
    if (isOpen(row)) attempts = await withReplacement(row, attempts, ports);
    await sendBelow(row.nonce, row.relayer, await heldOf(row, ports), ports);
    await send(row, isOpen(row) ? attempts[attempts.length - 1] : row, ports);
    await note(row, { status: 'submitted', receipt: null }, ports);
    receipt = await receiptOf(attempts, ports.chain);
  }
  const settled = { ...row, ...bytesOf(attempts, receipt) };
  if (!receipt) return { status: 'submitted', receipt: null, row: settled };
  if (receipt.finality === 'finalized' && receipt.status === 'reverted') throw await reverted(settled, receipt, ports);
  const status = receipt.finality === 'finalized' ? 'finalized' : 'confirmed';
  await note(row, { status, receipt: canonicalJson(receipt) }, ports);
  return { status, receipt, row: settled };
}

/** What the node holds of the row's relayer; of another relayer than today's nothing is asked. */
async function heldOf(row: SettlementRow, { chain }: Pick<Ports, 'chain'>): Promise<number> {
  const { address, nextNonce } = await chain.relayer();
  return address === row.relayer ? nextNonce : row.nonce;
}

/** What has ended is looked at, and sent again where the chain lost it, but never signed again. */
const isOpen = ({ status }: SettlementRow): boolean => status !== 'finalized' && status !== 'failed';

function bytesOf(
  attempts: readonly AttemptRow[],
  receipt: ChainReceipt | null,
): Pick<SettlementRow, 'transaction' | 'raw' | 'rebalance'> {
  const { transaction, raw, rebalance } =
    attempts.find((attempt) => attempt.transaction === receipt?.transaction) ?? attempts[attempts.length - 1];
  return { transaction, raw, rebalance };
}

/**
 * Send bytes. Where the nonce is used, by an attempt that the node shows no receipt of yet, they wait; where it was used by a
 * transaction of someone else and the epoch is still free, the settlement has failed.
 */
async function send(row: SettlementRow, { raw }: Pick<AttemptRow, 'raw'>, ports: FollowPorts): Promise<void> {
  const { chain, ledger } = ports;
  try {
    await chain.broadcast(raw);
  } catch (error) {
    if (!(error instanceof ProductError && error.code === 'CHAIN_NONCE_USED')) throw error;
    for (const { transaction } of await ledger.attempts(row.strategy, row.decisionHash))
      if (await chain.knows(transaction)) return;
    const [{ finalNonce }, { epoch }] = [await chain.relayer(), await chain.state()];
    if (finalNonce > row.nonce && epoch < row.epoch) await note(row, { status: 'failed', receipt: null }, ports);
    await alert(row, `${error.message} (nonce ${row.nonce})`, ports);
    throw error;
  }
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

async function reverted(row: SettlementRow, receipt: ChainReceipt, ports: FollowPorts): Promise<ProductError> {
  await note(row, { status: 'failed', receipt: canonicalJson(receipt) }, ports);
  // The order is tried once more without sending it: the contract then says what it refuses.
  const said = await ports.chain.refusal(decodeRebalance(row.rebalance)).catch(() => null);
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
      cause: said,
    },
  );
  await alert(row, error.message, ports);
  return error;
}

const alert = (row: SettlementRow, message: string, { alerts, settings }: FollowPorts): Promise<void> =>
  alerts.raise({
    id: `failedTransaction-${row.transaction}`,
    condition: 'failedTransaction',
    severity: 'critical',
    message,
    runbook: `${settings.config.alerts.runbook}#failedtransaction`,
  });
