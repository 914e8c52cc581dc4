import {
  AbiCoder,
  decodeBytes32String,
  encodeBytes32String,
  Interface,
  type InterfaceAbi,
  id,
  keccak256,
  type Log,
  TypedDataEncoder,
} from 'ethers';
import { PORTFOLIO_ABI, PORTFOLIO_FACTORY_ABI } from '../../contracts/generated/portfolio.ts';
import { badInput } from '../../domain/errors.ts';
import { CASH } from '../../domain/market/instrument.ts';
import type { NavAttestation, PortfolioState, RebalanceEvent, RebalanceOrder, SignedRebalance } from './port.ts';

export const PORTFOLIO = new Interface(PORTFOLIO_ABI as unknown as InterfaceAbi);
export const FACTORY = new Interface(PORTFOLIO_FACTORY_ABI as unknown as InterfaceAbi);

const LANES = 16;
const LANE_BITS = 16n;
const LANE = 0xffffn;
const WHOLE_BPS = 10_000;

/** EIP-712 types, as the contract hashes them. Weights are packed (`packWeights`). */
export const ORDER_TYPES = {
  RebalanceOrder: [
    { name: 'strategy', type: 'bytes32' },
    { name: 'epoch', type: 'uint32' },
    { name: 'previousStateHash', type: 'bytes32' },
    { name: 'weights', type: 'uint256[]' },
    { name: 'modelHash', type: 'bytes32' },
    { name: 'decisionHash', type: 'bytes32' },
    { name: 'datasetHash', type: 'bytes32' },
    { name: 'pricesEpoch', type: 'uint32' },
    { name: 'deadline', type: 'uint64' },
  ],
};
export const ATTESTATION_TYPES = {
  NavAttestation: [
    { name: 'strategy', type: 'bytes32' },
    { name: 'epoch', type: 'uint32' },
    { name: 'pricesEpoch', type: 'uint32' },
    { name: 'navE18', type: 'uint80' },
  ],
};

/** How a strategy or universe is named on chain: keccak-256 of its name. */
export const nameHash = (name: string): string => id(name);

const prefixed = (hash: string): string => `0x${hash}`;
const bare = (hash: string): string => hash.slice(2);

/** Symbols as bytes32, in the order of the contract: ascending by code unit, without cash. */
export function encodeSymbols(assets: readonly string[]): string[] {
  return assets.map((symbol) => encodeBytes32String(symbol));
}
export const decodeSymbols = (symbols: readonly string[]): string[] =>
  symbols.map((symbol) => decodeBytes32String(symbol));

/**
 * Weights by symbol -> words of 16 lanes of 16 bits, cash last. Symbols that are left out have weight 0.
 * @throws UNKNOWN_ASSET (a symbol that the ledger does not have), WEIGHTS_NOT_BPS (not an integer in [0, 10,000]).
 */
export function packWeights(weightsBps: Readonly<Record<string, number>>, assets: readonly string[]): bigint[] {
  const lane = new Map([...assets, CASH].map((symbol, index) => [symbol, index]));
  const words = new Array<bigint>(Math.floor(assets.length / LANES) + 1).fill(0n);
  for (const [symbol, bps] of Object.entries(weightsBps)) {
    const index = lane.get(symbol);
    if (index === undefined) {
      if (bps === 0) continue;
      throw badInput('UNKNOWN_ASSET', 'The ledger on the chain does not have this asset', {
        facts: { symbol, assets: assets.length },
        remedy: 'The universe has changed: run drl chain init, which makes a ledger for the new list.',
      });
    }
    if (!Number.isInteger(bps) || bps < 0 || bps > WHOLE_BPS) {
      throw badInput('WEIGHTS_NOT_BPS', 'A weight is not a whole number of basis points from 0 to 10,000', {
        facts: { symbol, value: bps },
      });
    }
    words[Math.floor(index / LANES)] |= BigInt(bps) << (LANE_BITS * BigInt(index % LANES));
  }
  return words;
}

/** Every asset and `CASH`, in the order of the ledger. */
export function unpackWeights(words: readonly bigint[], assets: readonly string[]): Record<string, number> {
  const at = (index: number) =>
    Number((words[Math.floor(index / LANES)] >> (LANE_BITS * BigInt(index % LANES))) & LANE);
  return Object.fromEntries([...assets, CASH].map((symbol, index) => [symbol, at(index)]));
}

/** An order in the form that is signed and called. */
export const orderValue = (order: RebalanceOrder, assets: readonly string[]) => ({
  strategy: nameHash(order.strategy),
  epoch: order.epoch,
  previousStateHash: prefixed(order.previousStateHash),
  weights: packWeights(order.weightsBps, assets),
  modelHash: prefixed(order.modelHash),
  decisionHash: prefixed(order.decisionHash),
  datasetHash: prefixed(order.datasetHash),
  pricesEpoch: order.pricesEpoch,
  deadline: order.deadline,
});

/** `navE18` may have become a decimal string on its way through JSON. */
export const attestationValue = (attestation: NavAttestation) => ({
  strategy: nameHash(attestation.strategy),
  epoch: attestation.epoch,
  pricesEpoch: attestation.pricesEpoch,
  navE18: BigInt(attestation.navE18),
});

export const eip712Domain = (chainId: number, contract: string) => ({
  name: 'Portfolio',
  version: '1',
  chainId,
  verifyingContract: contract,
});
type Domain = ReturnType<typeof eip712Domain>;

export const orderDigest = (domain: Domain, order: RebalanceOrder, assets: readonly string[]): string =>
  TypedDataEncoder.hash(domain, ORDER_TYPES, orderValue(order, assets));
export const attestationDigest = (domain: Domain, attestation: NavAttestation): string =>
  TypedDataEncoder.hash(domain, ATTESTATION_TYPES, attestationValue(attestation));

export const rebalanceCall = (rebalance: SignedRebalance, assets: readonly string[]): string =>
  PORTFOLIO.encodeFunctionData('rebalance', [
    orderValue(rebalance.order, assets),
    rebalance.orderSignature,
    BigInt(rebalance.attestation.navE18),
    rebalance.attestationSignature,
  ]);

export function decodeState(data: string, assets: readonly string[]): PortfolioState & { pricesEpoch: number } {
  const [state] = PORTFOLIO.decodeFunctionResult('state', data);
  return {
    epoch: Number(state.epoch),
    pricesEpoch: Number(state.pricesEpoch),
    stateHash: bare(state.stateHash),
    navE18: state.navE18,
    highWaterMarkE18: state.highWaterMarkE18,
    weightsBps: unpackWeights(state.weights, assets),
    paused: state.paused,
  };
}

/** `pricesEpoch` and `highWaterMarkE18` beyond what the port promises: `stateHashOf` takes them. */
export type DecodedEvent = RebalanceEvent & { pricesEpoch: number; highWaterMarkE18: bigint };

/** The `Rebalanced` event of a log, or null for another log. */
export function decodeRebalanced(log: Pick<Log, 'topics' | 'data'>, assets: readonly string[]): DecodedEvent | null {
  const parsed = PORTFOLIO.parseLog({ topics: [...log.topics], data: log.data });
  if (parsed?.name !== 'Rebalanced') return null;
  const { args } = parsed;
  return {
    epoch: Number(args.epoch),
    pricesEpoch: Number(args.pricesEpoch),
    weightsBps: unpackWeights(args.weights, assets),
    modelHash: bare(args.modelHash),
    decisionHash: bare(args.decisionHash),
    datasetHash: bare(args.datasetHash),
    navE18: args.navE18,
    highWaterMarkE18: args.highWaterMarkE18,
    previousStateHash: bare(args.previousStateHash),
    stateHash: bare(args.stateHash),
  };
}

/** The state hash after an event, from the event alone: the chain of hashes can be rebuilt from the logs. */
export function stateHashOf(event: DecodedEvent, assets: readonly string[]): string {
  const abi = AbiCoder.defaultAbiCoder();
  const words = packWeights(event.weightsBps, assets);
  const weightsHash = keccak256(
    abi.encode(
      words.map(() => 'uint256'),
      words,
    ),
  );
  const hashed = abi.encode(
    ['bytes32', 'uint32', 'uint32', 'bytes32', 'bytes32', 'bytes32', 'bytes32', 'uint80', 'uint80'],
    [
      prefixed(event.previousStateHash),
      event.epoch,
      event.pricesEpoch,
      weightsHash,
      prefixed(event.modelHash),
      prefixed(event.decisionHash),
      prefixed(event.datasetHash),
      event.navE18,
      event.highWaterMarkE18,
    ],
  );
  return bare(keccak256(hashed));
}

/** `WrongEpoch(given 3, needed 2)` of revert bytes; null when they are no error of the contracts. */
export function describeRevert(data: string): { name: string; text: string; facts: Record<string, string> } | null {
  if (!/^0x[0-9a-fA-F]{8,}$/.test(data)) return null;
  const parsed = PORTFOLIO.parseError(data) ?? FACTORY.parseError(data);
  if (!parsed) return null;
  const facts = Object.fromEntries(
    parsed.fragment.inputs.map((input, index) => [input.name, String(parsed.args[index])]),
  );
  const text = Object.entries(facts).map(([name, value]) => `${name} ${value}`);
  return { name: parsed.name, text: `${parsed.name}(${text.join(', ')})`, facts };
}
