import type { SettlementRow } from '../../adapters/ledger/port.ts';
import { ProductError, refused } from '../../domain/errors.ts';
import type { Decision } from '../../domain/lineage/decision.ts';
import { encodeRebalance } from '../artifacts/settlement.ts';
import type { Ports } from '../ports.ts';
import { alertOfFees, budgetLeft, isFeeError } from './fees.ts';
import { nextNonce } from './nonce.ts';
import { orderOf } from './order.ts';

/** Times that a nonce is looked up again when another strategy's settlement took it first; each time one of them gets on. */
const NONCE_ATTEMPTS = 32;

export const isConflict = (error: unknown): boolean =>
  error instanceof ProductError && error.code === 'LEDGER_CONFLICT';

/**
 * Sign order, attestation and transaction of a decision and record the bytes in the ledger; nothing is sent. Of two that sign for
 * one decision the ledger keeps one: the loser's signatures are forgotten, and it goes on with the winner's row.
 */
export async function signAndRecord(
  decision: Decision,
  decisionHash: string,
  ports: Pick<Ports, 'chain' | 'ledger' | 'settings' | 'alerts'>,
): Promise<SettlementRow> {
  for (let attempt = 1; ; attempt++) {
    try {
      const row = await sign(decision, decisionHash, ports);
      await ports.ledger.recordSigned(row);
      return row;
    } catch (error) {
      const winner = await ports.ledger.settlement(decision.strategy, decisionHash);
      if (winner) return winner;
      if (isFeeError(error)) await alertOfFees(error, decisionHash, ports);
      if (!isConflict(error) || attempt === NONCE_ATTEMPTS) throw error;
    }
  }
}

async function sign(
  decision: Decision,
  decisionHash: string,
  ports: Pick<Ports, 'chain' | 'ledger' | 'settings' | 'alerts'>,
): Promise<SettlementRow> {
  const { chain, settings } = ports;
  const state = await chain.state();
  if (state.paused) {
    throw refused('LEDGER_PAUSED', 'The ledger on the chain is paused', {
      facts: { contract: await chain.contract(), chainId: chain.chainId, epoch: state.epoch },
      remedy:
        'The guardian stopped it. When the reason is gone the admin starts it again, and the day can be run again.',
    });
  }
  const deadline = (await chain.now()) + settings.config.chain.orderTtlSeconds;
  const { order, attestation } = orderOf(decision, decisionHash, state, deadline);
  const { relayer, nonce } = await nextNonce(ports);
  const budgetWei = await budgetLeft(relayer, null, ports);
  const rebalance = await chain.signRebalance(order, attestation);
  const { raw, hash } = await chain.signTransaction(rebalance, nonce, { budgetWei });
  return {
    strategy: decision.strategy,
    decisionHash,
    chainId: chain.chainId,
    relayer,
    epoch: order.epoch,
    nonce,
    transaction: hash,
    raw,
    rebalance: encodeRebalance(rebalance),
    receipt: null,
    status: 'signed',
  };
}
