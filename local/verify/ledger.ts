import { getAddress, recoverAddress } from 'ethers';
import {
  attestationDigest,
  decodeRebalanced,
  decodeSymbols,
  eip712Domain,
  orderDigest,
  rebalanceCall,
  stateHashOf,
} from '../../adapters/chain/codec.ts';
import { type CloneArguments, checkCode, readCloneArguments } from '../../adapters/chain/genuine.ts';
import { LedgerHistory, type Origin, originOf, type RawLog } from '../../adapters/chain/history.ts';
import type { RebalanceEvent, SignedRebalance } from '../../adapters/chain/port.ts';
import { type Rpc, RpcError } from '../../adapters/chain/rpc.ts';
import { rawReceipt } from '../../adapters/chain/transactions.ts';

/** A transaction in a block, sent to what may be a ledger, as the chain tells it and nobody else. */
export interface MinedRebalance {
  readonly transaction: string;
  readonly contract: string;
  readonly chainId: number;
  readonly block: number;
  readonly index: number;
  readonly blockHash: string;
  readonly blockTime: number;
  readonly succeeded: boolean;
  /** The block is the one of its height, and not after the newest that the network calls final. */
  readonly final: boolean;
  readonly gasUsed: number;
  /** What was sent. */
  readonly input: string;
  readonly logs: readonly Pick<RawLog, 'address' | 'topics' | 'data'>[];
}

/** A ledger whose code and origin are this product's. */
export interface GenuineLedger {
  readonly ok: true;
  readonly contract: string;
  readonly implementation: string;
  readonly origin: Origin;
  /** Symbols without cash. */
  readonly assets: string[];
  readonly named: CloneArguments;
  readonly history: LedgerHistory;
}

export type LedgerCheck = GenuineLedger | { readonly ok: false; readonly detail: string };

export interface SignatureCheck {
  readonly role: 'strategist' | 'attestor';
  readonly ok: boolean;
  readonly detail: string;
}

interface RawTransaction {
  readonly to: string | null;
  readonly input: string;
}
/** Ledgers and what was sent to them, read over JSON-RPC alone: no home, no key, no record of a deployment. */
export class AuditedChain {
  readonly #rpc: Rpc;
  readonly #ledgers = new Map<string, Promise<LedgerCheck>>();
  #chainId: number | null = null;

  constructor(rpc: Rpc) {
    this.#rpc = rpc;
  }

  async chainId(): Promise<number> {
    this.#chainId ??= Number(await this.#rpc.send<string>('eth_chainId', []));
    return this.#chainId;
  }

  /** null: the chain does not have the transaction in a block, or it makes a contract. */
  async mined(transaction: string): Promise<MinedRebalance | null> {
    const [receipt, sent] = await Promise.all([
      rawReceipt(this.#rpc, transaction),
      this.#rpc.send<RawTransaction | null>('eth_getTransactionByHash', [transaction]),
    ]);
    if (!receipt || !sent?.to) return null;
    const [block, finalBlock] = await Promise.all([
      this.#rpc.send<{ hash: string; timestamp: string } | null>('eth_getBlockByNumber', [receipt.blockNumber, false]),
      this.#finalBlock(),
    ]);
    return {
      transaction: receipt.transactionHash,
      contract: getAddress(sent.to),
      chainId: await this.chainId(),
      block: Number(receipt.blockNumber),
      index: Number(receipt.transactionIndex),
      blockHash: receipt.blockHash,
      blockTime: Number(block?.timestamp ?? 0),
      succeeded: Number(receipt.status) === 1,
      final: block?.hash === receipt.blockHash && finalBlock >= Number(receipt.blockNumber),
      gasUsed: Number(receipt.gasUsed),
      input: sent.input,
      logs: receipt.logs,
    };
  }

  /** Code, origin and names of a ledger; asked once an address. */
  ledger(contract: string): Promise<LedgerCheck> {
    const known = this.#ledgers.get(contract) ?? this.#examine(contract);
    this.#ledgers.set(contract, known);
    return known;
  }

  async head(): Promise<number> {
    return Number(await this.#rpc.send<string>('eth_blockNumber', []));
  }

  async hasCode(address: string): Promise<boolean> {
    return (await this.#rpc.send<string>('eth_getCode', [address, 'latest'])) !== '0x';
  }

  async #examine(contract: string): Promise<LedgerCheck> {
    const chainId = await this.chainId();
    const code = await checkCode(this.#rpc, contract, chainId);
    if (!code.ok || code.implementation === null) return { ok: false, detail: code.detail };
    const origin = await originOf(this.#rpc, contract, chainId, await this.head());
    if (!origin) return { ok: false, detail: "no factory of this product made it: its first state is anybody's" };
    const named = await readCloneArguments(this.#rpc, contract);
    return {
      ok: true,
      contract,
      implementation: code.implementation,
      origin,
      assets: decodeSymbols(named.symbols),
      named,
      history: new LedgerHistory(this.#rpc, contract, origin.block),
    };
  }

  /** -1 where the network has no final blocks, or the node no name for them. */
  async #finalBlock(): Promise<number> {
    try {
      const block = await this.#rpc.send<{ number: string } | null>('eth_getBlockByNumber', ['finalized', false]);
      return block ? Number(block.number) : -1;
    } catch (error) {
      if (error instanceof RpcError) return -1;
      throw error;
    }
  }
}

/** The event of a rebalance among a transaction's logs; null: the ledger emitted none. */
export function eventOf(
  { logs }: Pick<MinedRebalance, 'logs'>,
  { contract, assets }: GenuineLedger,
): RebalanceEvent | null {
  const own = logs.filter(({ address }) => getAddress(address) === contract);
  return own.map((log) => decodeRebalanced(log, assets)).find((event) => event !== null) ?? null;
}

/** Whether the state hash that an event claims follows from all that it says. */
export const stateFollows = (event: RebalanceEvent, { assets }: GenuineLedger): boolean =>
  stateHashOf(event as Parameters<typeof stateHashOf>[0], assets) === event.stateHash;

/** Whether a transaction carried exactly this order, with these signatures. */
export const carries = ({ input }: MinedRebalance, rebalance: SignedRebalance, { assets }: GenuineLedger): boolean =>
  rebalanceCall(rebalance, assets) === input;

/**
 * Both signatures of an order that was mined, against the keys that the ledger knew then. A contract wallet was asked by the ledger itself when it
 * took the order; what the wallet says today is of today.
 */
export async function checkSignatures(
  chain: AuditedChain,
  { contract, assets, history }: GenuineLedger,
  mined: MinedRebalance,
  { order, orderSignature, attestation, attestationSignature }: SignedRebalance,
): Promise<SignatureCheck[]> {
  const domain = eip712Domain(mined.chainId, contract);
  const signed = [
    ['strategist', orderDigest(domain, order, assets), orderSignature],
    ['attestor', attestationDigest(domain, attestation), attestationSignature],
  ] as const;
  return Promise.all(
    signed.map(async ([role, digest, signature]) => {
      const [expected, found] = [await history.roleAt(role, mined), recovered(digest, signature)];
      if (expected !== null && found === expected) return { role, ok: true, detail: found };
      if (expected !== null && mined.succeeded && (await chain.hasCode(expected)))
        return {
          role,
          ok: true,
          detail: `${expected}, a contract wallet (ERC-1271) that the ledger asked when it took the order`,
        };
      return { role, ok: false, detail: `signed by ${found ?? 'nobody'}, the ledger then had ${expected ?? 'nobody'}` };
    }),
  );
}

/** Whom a signature recovers to; null where it is malformed. */
function recovered(digest: string, signature: string): string | null {
  try {
    return recoverAddress(digest, signature);
  } catch {
    return null;
  }
}
