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
  const caughtUp = await sendBelow(nonce, address, held, ports);
  if (caughtUp < nonce) throw behind(address, caughtUp, nonce);
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

/**
 * Send what the ledger has of a relayer and the node does not, below a nonce: a killed executor's bytes, another strategy's, or those of
 * a final settlement that the chain lost. Without them nothing from that nonce on is ever mined. Answers what the node counts then.
 */
export async function sendBelow(
  nonce: number,
  relayer: string,
  held: number,
  { chain, ledger }: Pick<Ports, 'chain' | 'ledger'>,
): Promise<number> {
  if (held >= nonce) return held;
  for (const row of await ledger.settlementsFrom(chain.chainId, relayer, held)) {
    if (row.nonce >= nonce) break;
    const newest = (await ledger.attempts(row.strategy, row.decisionHash)).at(-1);
    const raw = row.status === 'finalized' ? row.raw : (newest?.raw ?? row.raw);
    await chain.broadcast(raw).catch((error: unknown) => {
      if (!(error instanceof ProductError && error.code === 'CHAIN_NONCE_USED')) throw error;
    });
  }
  return (await chain.relayer()).nextNonce;
}

const behind = (relayer: string, held: number, nonce: number): ProductError =>
  new ProductError('CHAIN_BEHIND', 'The node does not have all transactions of the relayer', {
    facts: { relayer, countedByNode: held, givenOutByLedger: nonce },
    remedy: 'They were sent again. Nothing was signed; run the stage again when the node has caught up.',
  });

const ahead = (relayer: string, held: number, nonce: number): ProductError =>
  new ProductError('RELAYER_AHEAD', 'The node counts transactions of the relayer that the ledger does not have', {
    facts: { relayer, countedByNode: held, givenOutByLedger: nonce },
    remedy:
      'Nothing was signed. Run the stage again; if it stays, someone else uses the key of the relayer: drl chain rotate relayer.',
  });
