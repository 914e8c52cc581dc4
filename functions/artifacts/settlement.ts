import type { ChainReceipt, SignedRebalance } from '../../adapters/chain/port.ts';
import type { SettlementRow } from '../../adapters/ledger/port.ts';
import {
  getManifest,
  getPointer,
  movePointer,
  type ObjectStore,
  putArtifact,
} from '../../adapters/object-store/port.ts';
import { ProductError } from '../../domain/errors.ts';
import { canonicalJson } from '../../domain/lineage/canonical.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { settlePointer } from './pointer.ts';

/** Files of a settlement folder. `order.json` is a `SignedRebalance` with the NAV as a decimal string; `receipt.json` comes when final. */
export const SETTLEMENT_FILES = {
  order: 'order.json',
  transaction: 'transaction.json',
  receipt: 'receipt.json',
} as const;

/** The pointer from a decision to its newest settlement folder, for readers without a ledger. */
export const settlementPointer = (decisionHash: string): string => `settlements/${decisionHash}`;

const E18_DIGITS = 18;

/** A value of the book in units of 1e-18, from the double's own decimal expansion: no rounding but the last digit's. */
export const navE18 = (nav: number): bigint => BigInt(nav.toFixed(E18_DIGITS).replace('.', ''));

/** JSON has no big integers: the NAV becomes a decimal string. */
export const encodeRebalance = (rebalance: SignedRebalance): string =>
  canonicalJson({
    ...rebalance,
    attestation: { ...rebalance.attestation, navE18: String(rebalance.attestation.navE18) },
  });

export function decodeRebalance(text: string): SignedRebalance {
  const parsed = JSON.parse(text) as SignedRebalance & { attestation: { navE18: string } };
  return { ...parsed, attestation: { ...parsed.attestation, navE18: BigInt(parsed.attestation.navE18) } };
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/**
 * Store what was signed, before it is sent, or with its receipt once it is final, and point the decision at it.
 * The folder follows from the ledger's row: a killed run, run again, writes the same bytes.
 */
export async function putSettlement(
  store: ObjectStore,
  row: SettlementRow,
  contract: string,
  date: string,
  receipt: ChainReceipt | null,
): Promise<ArtifactRef> {
  const { strategy, decisionHash, transaction, chainId, relayer, epoch, nonce, raw } = row;
  const ref = await putArtifact(store, strategy, {
    kind: 'settlements',
    files: {
      [SETTLEMENT_FILES.order]: encode(row.rebalance),
      [SETTLEMENT_FILES.transaction]: encode(canonicalJson({ transaction, chainId, contract, relayer, nonce, raw })),
      ...(receipt ? { [SETTLEMENT_FILES.receipt]: encode(canonicalJson(receipt)) } : {}),
    },
    inputs: { decision: { kind: 'decisions', hash: decisionHash } },
    facts: { transaction, chainId, contract, epoch, date, status: receipt ? 'finalized' : 'signed' },
  });
  const name = settlementPointer(decisionHash);
  if (receipt) await settlePointer(store, strategy, name, { settlement: ref });
  else await pointSigned(store, strategy, name, ref);
  return ref;
}

/** A replacement takes the place of what it replaces; the signed form never that of the final one, whoever comes first. */
async function pointSigned(store: ObjectStore, strategy: string, name: string, settlement: ArtifactRef): Promise<void> {
  const current = await getPointer<{ settlement: ArtifactRef }>(store, strategy, name);
  if (current) {
    const present = current.value.settlement;
    if (present.hash === settlement.hash) return;
    if ((await getManifest(store, strategy, present)).facts.status === 'finalized') return;
  }
  try {
    await movePointer(store, strategy, name, { settlement }, current?.etag ?? null);
  } catch (error) {
    if (!(error instanceof ProductError && error.code === 'OBJECT_PRECONDITION')) throw error;
  }
}
