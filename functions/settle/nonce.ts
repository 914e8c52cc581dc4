import { ProductError } from '../../domain/errors.ts';
import type { Ports } from '../ports.ts';

/**
 * The next nonce of the relayer: one after the last that the ledger gave out, and no less than what is final on the chain. Node and
 * ledger must agree on it before anything is signed, so that no answer of a node alone, late or wrong, makes a gap or a double.
 *
 * @throws RELAYER_AHEAD, CHAIN_BEHIND: nothing was signed, and the stage can be run again.
 */
export async function nextNonce({
  chain,
  ledger,
}: Pick<Ports, 'chain' | 'ledger'>): Promise<{ relayer: string; nonce: number }> {
  // The chain before the ledger: what another executor sends between the two is in the ledger by then.
  const { address, nextNonce: held, finalNonce } = await chain.relayer();
  const last = await ledger.lastNonce(chain.chainId, address);
  const nonce = Math.max(last === null ? 0 : last + 1, finalNonce);
  if (held > nonce) throw ahead(address, held, nonce);
  if (held < nonce) await sendFrom(held, nonce, address, { chain, ledger });
  return { relayer: address, nonce };
}

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
      'Nothing was signed. One ledger owns a relayer: find out who else uses its key. What others sent is counted once it is final; then run the stage again.',
  });
