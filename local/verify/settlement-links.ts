import { z } from 'zod';
import { nameHash } from '../../adapters/chain/codec.ts';
import type { RebalanceEvent, SignedRebalance } from '../../adapters/chain/port.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import { type Decision, ledgerWeights } from '../../domain/lineage/decision.ts';
import { HASH } from '../../domain/lineage/manifest.ts';
import { dayOfIso } from '../../domain/market/days.ts';
import { navE18, SETTLEMENT_FILES } from '../../functions/artifacts/settlement.ts';
import type { Link } from './artifact.ts';
import { type GenuineLedger, type MinedRebalance, stateFollows } from './ledger.ts';

/** Ledgers that are the strategy's own: by address, or made by the same account. */
export interface Trust {
  readonly contracts: readonly string[];
  readonly creators: readonly string[];
}

/** An order as it is stored: `order.json` of a settlement. */
export const rebalanceSchema = z.object({
  order: z.object({
    strategy: z.string(),
    epoch: z.number().int(),
    previousStateHash: HASH,
    weightsBps: z.record(z.string(), z.number().int()),
    modelHash: HASH,
    decisionHash: HASH,
    datasetHash: HASH,
    pricesEpoch: z.number().int(),
    deadline: z.number().int(),
  }),
  orderSignature: z.string(),
  attestation: z.object({
    strategy: z.string(),
    epoch: z.number().int(),
    pricesEpoch: z.number().int(),
    navE18: z.string().regex(/^\d+$/).transform(BigInt),
  }),
  attestationSignature: z.string(),
});

export const receiptSchema = z.object({
  transaction: z.string(),
  blockNumber: z.number(),
  blockHash: z.string(),
  gasUsed: z.number(),
});
export type StoredReceipt = z.infer<typeof receiptSchema>;

/**
 * The ledger that took the order is genuine, of this strategy and universe, and the strategy's own.
 * @param decision what the ledger's names must be those of; null: the decision cannot be read.
 */
export function contractLink(
  { contract }: MinedRebalance,
  { named: { strategy, universe }, origin }: GenuineLedger,
  decision: Decision | null,
  trust: Trust | null,
): Link {
  const named = !decision || (strategy === nameHash(decision.strategy) && universe === nameHash(decision.universe));
  const known = trust === null || trust.contracts.includes(contract) || trust.creators.includes(origin.creator);
  const made = `made by ${origin.factory} in block ${origin.block}, its code is what contracts/ compiles to`;
  const detail = !named
    ? 'a ledger of another strategy or universe'
    : !known
      ? `genuine, but not the strategy's own: that is ${trust?.contracts.join(' or ')}`
      : made;
  return { link: 'contract', path: contract, hash: null, ok: named && known, detail };
}

/** @param carried whether the transaction has the order in it, to the bit. */
export function orderLink(
  path: string,
  { order, attestation }: SignedRebalance,
  decision: Decision,
  hash: string,
  carried: boolean,
): Link {
  const says =
    order.strategy === decision.strategy &&
    order.decisionHash === hash &&
    order.modelHash === decision.champion.modelHash &&
    order.datasetHash === decision.dataset.hash &&
    order.pricesEpoch === dayOfIso(decision.date) &&
    attestation.navE18 === navE18(decision.book.nav) &&
    held(order.weightsBps) === held(ledgerWeights(decision));
  const detail = !says
    ? 'does not say what the decision says'
    : carried
      ? 'names this decision, its model, dataset, weights and value; the transaction carried it to the bit'
      : 'is not what the transaction carried';
  return { link: 'order', path, hash: order.decisionHash, ok: says && carried, detail };
}

/** The receipt that was stored when the transaction became final is the chain's. */
export function receiptLink(stored: { path: string }, receipt: StoredReceipt | null, mined: MinedRebalance): Link {
  const path = `${stored.path}/${SETTLEMENT_FILES.receipt}`;
  if (!receipt) {
    const detail = 'not stored: the settlement was not final when it was last looked at';
    return { link: 'receipt', path, hash: null, ok: true, detail };
  }
  const ok =
    receipt.transaction.toLowerCase() === mined.transaction.toLowerCase() &&
    receipt.blockNumber === mined.block &&
    receipt.blockHash === mined.blockHash &&
    receipt.gasUsed === mined.gasUsed;
  const said = `stored for ${receipt.transaction.slice(0, 12)}…, block ${receipt.blockNumber}, ${receipt.gasUsed} gas`;
  return { link: 'receipt', path, hash: mined.blockHash, ok, detail: ok ? "the chain's, as it was stored" : said };
}

export function eventLink(
  transaction: string,
  event: RebalanceEvent,
  ledger: GenuineLedger,
  { order, attestation }: SignedRebalance,
  decision: Decision,
): Link {
  const follows = stateFollows(event, ledger);
  const says =
    event.decisionHash === order.decisionHash &&
    event.modelHash === order.modelHash &&
    event.datasetHash === order.datasetHash &&
    event.epoch === order.epoch &&
    event.previousStateHash === order.previousStateHash &&
    event.navE18 === attestation.navE18 &&
    held(event.weightsBps) === held(ledgerWeights(decision));
  const positions = Object.values(event.weightsBps).filter((bps) => bps > 0).length;
  const said = `epoch ${event.epoch}, ${positions} positions`;
  const problem = follows ? 'not what order and decision say' : 'its state hash does not follow from it';
  const ok = follows && says;
  const detail = ok ? `${said}, its state hash follows from it` : `${said}: ${problem}`;
  return { link: 'event', path: transaction, hash: event.stateHash, ok, detail };
}

/** Zero weights may be left out on one side: compare what is held. */
const held = (weights: Record<string, number>): string =>
  canonicalJson(Object.fromEntries(Object.entries(weights).filter(([, bps]) => bps !== 0)));
