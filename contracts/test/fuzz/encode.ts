import { secp256k1 } from '@noble/curves/secp256k1.js';
import { TypedDataEncoder } from 'ethers';
import { ATTESTATION_TYPES, eip712Domain, nameHash, ORDER_TYPES, PORTFOLIO } from '../../../adapters/chain/codec.ts';
import type { Viewed } from '../rebuild.ts';
import type { Call, ModelLedger, Rebalance } from '../reference-model.ts';
import { keccak, lengthAndBytes, packedWords, word } from '../words.ts';

/**
 * Orders as bytes, some forty times faster than by ethers: hex text is put together word by word, and signatures share one nonce.
 * That gives the keys away; they are test keys. `encode.test.ts` holds all of it to the codec and to ethers.
 */
const { n: ORDER, Gx } = secp256k1.Point.CURVE();
const HALF = ORDER / 2n;
/** With the nonce 1 the point is the generator: r is its x, its y is even, and s = z + r d needs no inverse. */
const R = Gx % ORDER;

/** Of a digest in hex without a prefix, to 65 bytes of the same: r, s, v. */
export function signFast(digest: string, key: bigint): string {
  const s = (BigInt(`0x${digest}`) + R * key) % ORDER;
  const high = s > HALF;
  return word(R) + word(high ? ORDER - s : s) + (high ? '1c' : '1b');
}

const selector = (name: string): string => PORTFOLIO.getFunction(name)?.selector.slice(2) ?? '';
const typeHash = (types: Record<string, { name: string; type: string }[]>): string =>
  nameHash(TypedDataEncoder.from(types).encodeType(Object.keys(types)[0])).slice(2);
const ORDER_TYPE = typeHash(ORDER_TYPES);
const ATTESTATION_TYPE = typeHash(ATTESTATION_TYPES);
const REBALANCE = selector('rebalance');

const names = new Map<string, string>();
/** `nameHash` without its prefix, once a name. */
export function nameWord(name: string): string {
  const known = names.get(name) ?? nameHash(name).slice(2);
  names.set(name, known);
  return known;
}

/** Signs for an address: a key, or a wallet. */
export type SignFor = (address: string, digest: string) => string;

export class CallEncoder {
  readonly #domain: string;
  readonly #sign: SignFor;

  constructor(chainId: number, contract: string, sign: SignFor) {
    this.#domain = TypedDataEncoder.hashDomain(eip712Domain(chainId, contract)).slice(2);
    this.#sign = sign;
  }

  /** Call data without a prefix. */
  encode(ledger: ModelLedger, call: Call): string {
    switch (call.name) {
      case 'rebalance':
        return this.#rebalance(ledger, call);
      case 'setLimits':
        return PORTFOLIO.encodeFunctionData('setLimits', [call.limits, call.groupCapsBps]).slice(2);
      case 'approveModel':
      case 'revokeModel':
        return selector(call.name) + call.modelHash;
      case 'setRole':
        return selector('setRole') + word(call.role) + word(BigInt(call.account));
      case 'proposeAdmin':
        return selector('proposeAdmin') + word(BigInt(call.account));
      default:
        return selector(call.name);
    }
  }

  #digest(struct: string): string {
    return keccak(`1901${this.#domain}${keccak(struct)}`);
  }

  #rebalance({ assets }: ModelLedger, { order, navE18, orderSigner, navSigner }: Rebalance): string {
    const weights = packedWords([...assets, 'CASH'].map((symbol) => order.weightsBps[symbol] ?? 0));
    const strategy = nameWord(order.strategy);
    const head = strategy + word(order.epoch) + order.previousStateHash;
    const tail =
      order.modelHash + order.decisionHash + order.datasetHash + word(order.pricesEpoch) + word(order.deadline);
    const weightsHash = keccak(weights.join(''));
    const orderSignature = lengthAndBytes(
      this.#sign(orderSigner, this.#digest(ORDER_TYPE + head + weightsHash + tail)),
    );
    const attested = strategy + word(order.epoch) + word(order.pricesEpoch) + word(navE18);
    const navSignature = lengthAndBytes(this.#sign(navSigner, this.#digest(ATTESTATION_TYPE + attested)));
    const orderWords = head + word(9 * 32) + tail + word(weights.length) + weights.join('');
    const signatureAt = 4 * 32 + orderWords.length / 2;
    const navSignatureAt = signatureAt + orderSignature.length / 2;
    return `${REBALANCE}${word(4 * 32)}${word(signatureAt)}${word(navE18)}${word(navSignatureAt)}${orderWords}${orderSignature}${navSignature}`;
  }
}

/** `bytes[]` as the ABI has it: how many, where each begins, and each. */
export function bytesList(items: readonly string[]): string {
  const encoded = items.map(lengthAndBytes);
  let at = items.length * 32;
  const heads = encoded.map((item) => {
    const head = word(at);
    at += item.length / 2;
    return head;
  });
  return word(items.length) + heads.join('') + encoded.join('');
}

/** The views that tell the whole state that can change, as calls. */
export const viewCalls = (models: readonly string[]): string[] => [
  ...['state', 'limits', 'groupCapsBps', 'roles', 'pendingAdmin', 'pendingLimits'].map(selector),
  ...models.map((hash) => selector('isModelApproved') + hash),
];

/** What these views must answer, one after the other, as one string of words. */
export function viewWords(ledger: Viewed, models: readonly string[]): string {
  const { roles, limits, groupCapsBps, pending } = ledger;
  const list = (values: readonly (number | bigint)[]) => values.map(word).join('');
  const figures = (of: ModelLedger['limits']) =>
    list([
      ...[of.maxWeightBps, of.maxGrossBps, of.maxTurnoverBps, of.driftBpsPerDay],
      ...[of.passiveBandBps, of.maxDrawdownBps, of.maxNavChangeBpsPerDay, of.resetAfterDays],
    ]);
  const caps = (of: readonly number[]) => list([of.length, ...of]);
  const packed = packedWords(ledger.weights);
  return [
    list([32, ledger.epoch, ledger.pricesEpoch, ledger.paused ? 1 : 0]) + ledger.stateHash,
    list([ledger.navE18, ledger.highWaterMarkE18, 7 * 32, packed.length]) + packed.join(''),
    figures(limits),
    word(32) + caps(groupCapsBps),
    list([roles.strategist, roles.relayer, roles.attestor, roles.approver, roles.guardian, roles.admin].map(BigInt)),
    word(BigInt(ledger.pendingAdmin)),
    figures(pending.limits) + list([10 * 32, pending.dueAt]) + caps(pending.groupCapsBps),
    list(models.map((hash) => (ledger.approved.has(hash) ? 1 : 0))),
  ].join('');
}
