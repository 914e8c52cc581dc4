import { ProductError } from '../../domain/errors.ts';
import type { Ports } from '../ports.ts';

/**
 * The next nonce of the relayer: one after the last that the ledger gave out; for a relayer that the ledger does not know yet, what is
 * final on the chain. A node that counts more is never followed: a lie would make a gap that nothing closes, and the truth would mean
 * that the relayer's key is used elsewhere. A node that counts less is sent what it lacks.
 *
 * @throws RELAYER_AHEAD, CHAIN_BEHIND: nothing was signed, and the stage can be run again.
 */
export async function nextNonce(
  ports: Pick<Ports, 'chain' | 'ledger' | 'alerts' | 'settings'>,
): Promise<{ relayer: string; nonce: number }> {
  const { chain, ledger } = ports;
  // The chain before the ledger: what another executor sends between the two is in the ledger by then.
  const { address, nextNonce: held, finalNonce } = await chain.relayer();
  const last = await ledger.lastNonce(chain.chainId, address);
  const nonce = last === null ? finalNonce : last + 1;
  if (finalNonce > nonce) await alertOfForeigner(address, finalNonce, nonce, ports);
  if (held > nonce || finalNonce > nonce) throw ahead(address, Math.max(held, finalNonce), nonce);
  if (held < nonce) await sendFrom(held, nonce, address, ports);
  return { relayer: address, nonce };
}

const alertOfForeigner = (
  relayer: string,
  final: number,
  nonce: number,
  { alerts, settings }: Pick<Ports, 'alerts' | 'settings'>,
): Promise<void> =>
  alerts.raise({
    id: `relayerAhead-${relayer}-${nonce}`,
    condition: 'failedTransaction',
    severity: 'critical',
    message: `The chain counts ${final} final transactions of the relayer ${relayer}, the ledger gave out ${nonce}: its key is used elsewhere`,
    runbook: `${settings.config.alerts.runbook}#failedtransaction`,
  });

/** Bytes that the ledger has and the node does not: a killed executor's, or another strategy's. Sent, they fill the gap. */
async function sendFrom(
  held: number,
  nonce: number,
  relayer: string,
  { chain, ledger }: Pick<Ports, 'chain' | 'ledger'>,
): Promise<void> {
  for (const row of await ledger.settlementsFrom(chain.chainId, relayer, held)) {
    const newest = (await ledger.attempts(row.strategy, row.decisionHash)).at(-1);
    await chain.broadcast(newest?.raw ?? row.raw).catch((error: unknown) => {
      if (!(error instanceof ProductError && error.code === 'CHAIN_NONCE_USED')) throw error;
    });
  }
  const { nextNonce: now } = await chain.relayer();
  if (now >= nonce) return;
  throw new ProductError('CHAIN_BEHIND', 'The node does not have all transactions of the relayer', {
    facts: { relayer, countedByNode: now, givenOutByLedger: nonce },
    remedy: 'They were sent again. Nothing was signed; run the stage again when the node has caught up.',
  });
}

const ahead = (relayer: string, held: number, nonce: number): ProductError =>
  new ProductError('RELAYER_AHEAD', 'The node counts transactions of the relayer that the ledger does not have', {
    facts: { relayer, countedByNode: held, givenOutByLedger: nonce },
    remedy:
      'Nothing was signed. Run the stage again; if it stays, someone else uses the key of the relayer: drl chain rotate relayer.',
  });
