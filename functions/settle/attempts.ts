import type { ChainReceipt, PortfolioChain, SignedRebalance } from '../../adapters/chain/port.ts';
import type { AttemptRow, SettlementRow } from '../../adapters/ledger/port.ts';
import { decodeRebalance, encodeRebalance } from '../artifacts/settlement.ts';
import type { Ports } from '../ports.ts';
import { alertOfFees, budgetLeft, isFeeError } from './fees.ts';
import { isConflict } from './sign.ts';

type AttemptPorts = Pick<Ports, 'chain' | 'ledger' | 'alerts' | 'settings'>;

/** Refusals that an order signed anew, for the same decision and epoch, does not meet: its time is over, or a signer's key was rotated. */
const SIGNED_ANEW = new Set(['DeadlinePassed', 'InvalidOrderSignature', 'InvalidAttestation']);

/** All that was ever signed for a settlement, oldest first. The first one is written down here, before it is sent for the first time. */
export async function attemptsOf(
  row: SettlementRow,
  { chain, ledger }: Pick<Ports, 'chain' | 'ledger'>,
): Promise<AttemptRow[]> {
  const recorded = await ledger.attempts(row.strategy, row.decisionHash);
  if (recorded.length > 0) return recorded;
  return record(row, 1, row.raw, row.rebalance, { chain, ledger });
}

/** The receipt of whichever attempt was mined, the newest looked for first. */
export async function receiptOf(
  attempts: readonly Pick<AttemptRow, 'transaction'>[],
  chain: PortfolioChain,
): Promise<ChainReceipt | null> {
  for (const { transaction } of attempts.toReversed()) {
    const receipt = await chain.receipt(transaction);
    if (receipt) return receipt;
  }
  return null;
}

/**
 * The attempts, with one more where the newest cannot be mined as it is (its order is signed anew) or was not mined in time (its fees
 * are raised). It has the same nonce, so that one of all attempts is mined, and is in the ledger when this returns.
 *
 * @throws FEE_CEILING or FEE_BUDGET, alerted, where the newest would revert and no other may be signed.
 */
export async function withReplacement(
  row: SettlementRow,
  attempts: AttemptRow[],
  ports: AttemptPorts,
): Promise<AttemptRow[]> {
  const { chain, settings } = ports;
  const newest = attempts[attempts.length - 1];
  const rebalance = decodeRebalance(newest.rebalance);
  const [now, refusal, relayer] = [await chain.now(), await chain.refusal(rebalance), await chain.relayer()];
  if (relayer.address !== row.relayer) return attempts; // another relayer has other nonces: only the old bytes can be mined
  const stale = SIGNED_ANEW.has(String(refusal?.facts.error));
  const late = refusal === null && now - newest.signedAt >= settings.config.chain.replaceAfterSeconds;
  if (!stale && !late) return attempts;
  try {
    const budgetWei = await budgetLeft(row.relayer, row, ports);
    const order = stale ? await signAnew(rebalance, now, ports) : rebalance;
    const { raw } = await chain.signTransaction(order, row.nonce, { replaces: newest, budgetWei });
    return await record(row, newest.attempt + 1, raw, encodeRebalance(order), ports);
  } catch (error) {
    if (!isFeeError(error)) throw error;
    await alertOfFees(error, row.decisionHash, ports);
    if (stale) throw error; // the newest would only cost its gas
    return attempts;
  }
}

const signAnew = (
  { order, attestation }: SignedRebalance,
  now: number,
  { chain, settings }: Pick<Ports, 'chain' | 'settings'>,
): Promise<SignedRebalance> =>
  chain.signRebalance({ ...order, deadline: now + settings.config.chain.orderTtlSeconds }, attestation);

/** Of two executors that write one attempt the ledger keeps one; both go on with what it kept. */
async function record(
  { strategy, decisionHash }: SettlementRow,
  attempt: number,
  raw: string,
  rebalance: string,
  { chain, ledger }: Pick<Ports, 'chain' | 'ledger'>,
): Promise<AttemptRow[]> {
  const { hash, to: _contract, ...said } = chain.readTransaction(raw);
  const row = { strategy, decisionHash, attempt, transaction: hash, ...said, rebalance, signedAt: await chain.now() };
  await ledger.recordAttempt(row).catch((error: unknown) => {
    if (!isConflict(error)) throw error;
  });
  return ledger.attempts(strategy, decisionHash);
}
