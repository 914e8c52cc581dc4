import type { ChainConfig } from '../../config/schema.ts';
import { type ProductError, refused } from '../../domain/errors.ts';
import type { Signers } from '../signer/port.ts';
import {
  attestationDigest,
  decodeRebalanced,
  decodeState,
  eip712Domain,
  orderDigest,
  PORTFOLIO,
  rebalanceCall,
} from './codec.ts';
import { isRevert, revertError } from './errors.ts';
import { agrees, type Place, placeOf } from './finality.ts';
import { LedgerHistory } from './history.ts';
import type {
  ChainReceipt,
  FeeBounds,
  NavAttestation,
  PortfolioChain,
  PortfolioState,
  RebalanceEvent,
  RebalanceLog,
  RebalanceOrder,
  SignedRebalance,
  SignedTransaction,
} from './port.ts';
import { createRpc, type Rpc, RpcError } from './rpc.ts';
import {
  broadcastRaw,
  buildTransaction,
  type RawReceipt,
  rawReceipt,
  readTransaction,
  sendAndWait,
  signDigestHex,
  transactionCount,
} from './transactions.ts';

/** Where a strategy's ledger is, on one chain: written by `drl chain init`. */
export interface Deployment {
  chainId: number;
  contract: string;
  /** Block of its creation: no event is older. */
  startBlock: number;
  strategy: string;
  universe: string;
  /** Symbols without cash, in the order of the ledger. */
  assets: string[];
  factory: string;
}

export interface EvmChainOptions {
  rpcUrl: string;
  chainConfig: ChainConfig;
  /** null: not initialised yet. A function is asked at the first use, and again while it answers null. */
  deployment: Deployment | null | (() => Promise<Deployment | null>);
  signers: Signers;
  /** Node of a second provider: a transaction is final when both say so. */
  witnessUrl?: string | null | undefined;
  /** Called when a transaction is not mined or not final yet; the local chain mines here, a public chain is waited for. */
  onPoll?: () => Promise<void>;
  rpc?: Rpc;
}

export function createEvmChain(options: EvmChainOptions): PortfolioChain {
  return new EvmChain(options);
}

/** The product's ledger on any EVM chain, by URL and chain id. */
class EvmChain implements PortfolioChain {
  readonly chainId: number;
  readonly network: string;
  readonly #options: EvmChainOptions;
  readonly #rpc: () => Promise<Rpc>;
  readonly #witness: (() => Promise<Rpc>) | null;
  #deployment: Promise<Deployment | null> | undefined;

  constructor(options: EvmChainOptions) {
    this.#options = options;
    this.chainId = options.chainConfig.chainId;
    this.network = options.chainConfig.network;
    this.#rpc = checkedOnce(options.rpc ?? createRpc(options.rpcUrl), this.chainId);
    this.#witness = options.witnessUrl
      ? checkedOnce(createRpc(options.witnessUrl, { retries: 1 }), this.chainId)
      : null;
  }

  async contract(): Promise<string | null> {
    return (await this.#findDeployment())?.contract ?? null;
  }

  async state(): Promise<PortfolioState> {
    const { assets } = await this.#deployed();
    return decodeState(await this.#call('state', []), assets);
  }

  async isModelApproved(modelHash: string): Promise<boolean> {
    const data = await this.#call('isModelApproved', [`0x${modelHash}`]);
    return PORTFOLIO.decodeFunctionResult('isModelApproved', data)[0];
  }

  async approveModel(modelHash: string): Promise<string | null> {
    if (await this.isModelApproved(modelHash)) return null;
    const { contract } = await this.#deployed();
    const data = PORTFOLIO.encodeFunctionData('approveModel', [`0x${modelHash}`]);
    const receipt = await sendAndWait(await this.#rpc(), this.#options.chainConfig, this.#options.signers.approver, {
      to: contract,
      data,
    });
    await this.#options.onPoll?.();
    return receipt.transactionHash;
  }

  async signRebalance(order: RebalanceOrder, attestation: NavAttestation): Promise<SignedRebalance> {
    const { contract, assets } = await this.#deployed();
    const domain = eip712Domain(this.chainId, contract);
    const { strategist, attestor } = this.#options.signers;
    const [orderSignature, attestationSignature] = await Promise.all([
      signDigestHex(strategist, orderDigest(domain, order, assets)),
      signDigestHex(attestor, attestationDigest(domain, attestation)),
    ]);
    return { order, orderSignature, attestation, attestationSignature };
  }

  async signTransaction(rebalance: SignedRebalance, nonce: number, bounds: FeeBounds = {}): Promise<SignedTransaction> {
    const { chainConfig, signers } = this.#options;
    const call = await this.#rebalanceCall(rebalance);
    return buildTransaction(await this.#rpc(), chainConfig, signers.relayer, call, nonce, {
      ...bounds,
      maxTransactionFeeWei: BigInt(chainConfig.maxTransactionFeeWei),
    });
  }

  readTransaction(raw: string): SignedTransaction & { to: string } {
    return readTransaction(raw);
  }

  async relayer(): Promise<{ address: string; nextNonce: number; finalNonce: number; balanceWei: bigint }> {
    const rpc = await this.#rpc();
    const { chainConfig, signers } = this.#options;
    const address = await signers.relayer.address();
    const [nextNonce, finalNonce, balance] = await Promise.all([
      transactionCount(rpc, address),
      finalCount(rpc, address, chainConfig.finality.tag),
      rpc.send<string>('eth_getBalance', [address, 'latest']),
    ]);
    return { address, nextNonce, finalNonce, balanceWei: BigInt(balance) };
  }

  async refusal(rebalance: SignedRebalance): Promise<ProductError | null> {
    const rpc = await this.#rpc();
    const from = await this.#options.signers.relayer.address();
    try {
      await rpc.send<string>('eth_call', [{ from, ...(await this.#rebalanceCall(rebalance)) }, 'latest']);
      return null;
    } catch (error) {
      if (isRevert(error)) return revertError(error, { from });
      throw error;
    }
  }

  async knows(transaction: string): Promise<boolean> {
    return (await (await this.#rpc()).send<unknown>('eth_getTransactionByHash', [transaction])) !== null;
  }

  async broadcast(raw: string): Promise<void> {
    await broadcastRaw(await this.#rpc(), raw);
  }

  async receipt(transaction: string): Promise<ChainReceipt | null> {
    const rpc = await this.#rpc();
    let found = await rawReceipt(rpc, transaction);
    if (!found && this.#options.onPoll && (await rpc.send<unknown>('eth_getTransactionByHash', [transaction]))) {
      await this.#options.onPoll();
      found = await rawReceipt(rpc, transaction);
    }
    if (!found) return null;
    let place = await this.#place(rpc, found);
    if (place?.finality === 'confirmed' && this.#options.onPoll) {
      await this.#options.onPoll();
      place = await this.#place(rpc, found);
    }
    return (
      place && {
        transaction: found.transactionHash,
        blockNumber: Number(found.blockNumber),
        blockHash: found.blockHash,
        status: Number(found.status) === 1 ? 'success' : 'reverted',
        gasUsed: Number(found.gasUsed),
        effectiveGasPriceWei: String(BigInt(found.effectiveGasPrice)),
        ...place,
        logs: found.logs.map(({ address, topics, data, logIndex }) => ({
          address,
          topics,
          data,
          logIndex: Number(logIndex),
        })),
      }
    );
  }

  async rebalanceEvent(transaction: string): Promise<RebalanceEvent | null> {
    const deployment = await this.#findDeployment();
    if (!deployment) return null;
    const found = await rawReceipt(await this.#rpc(), transaction);
    for (const log of found?.logs ?? []) {
      if (log.address.toLowerCase() !== deployment.contract.toLowerCase()) continue;
      const event = decodeRebalanced(log, deployment.assets);
      if (event) return event;
    }
    return null;
  }

  async rebalances(): Promise<RebalanceLog[]> {
    const { contract, startBlock } = await this.#deployed();
    const logs = await new LedgerHistory(await this.#rpc(), contract, startBlock).rebalances();
    return logs.map(({ transactionHash, blockNumber, blockHash, topics, data }) => ({
      ...{ transaction: transactionHash, blockNumber: Number(blockNumber), blockHash, topics, data },
    }));
  }

  async now(): Promise<number> {
    const block = await (await this.#rpc()).send<{ timestamp: string }>('eth_getBlockByNumber', ['latest', false]);
    return Number(block.timestamp);
  }

  async #rebalanceCall(rebalance: SignedRebalance): Promise<{ to: string; data: string }> {
    const { contract, assets } = await this.#deployed();
    return { to: contract, data: rebalanceCall(rebalance, assets) };
  }

  /** Final only where the witness, if there is one, says the same. */
  async #place(rpc: Rpc, found: RawReceipt): Promise<Place | null> {
    const rule = this.#options.chainConfig.finality;
    const place = await placeOf(rpc, found, rule);
    const witness = this.#witness;
    if (place?.finality !== 'finalized' || !witness || (await agrees(witness, found, rule))) return place;
    return { ...place, finality: 'confirmed' };
  }

  async #call(name: string, args: readonly unknown[]): Promise<string> {
    const { contract } = await this.#deployed();
    const rpc = await this.#rpc();
    try {
      return await rpc.send<string>('eth_call', [
        { to: contract, data: PORTFOLIO.encodeFunctionData(name, args) },
        'latest',
      ]);
    } catch (error) {
      if (isRevert(error)) throw revertError(error, { call: name, contract });
      throw error;
    }
  }

  async #findDeployment(): Promise<Deployment | null> {
    const { deployment } = this.#options;
    if (typeof deployment !== 'function') return deployment;
    this.#deployment ??= deployment();
    const found = await this.#deployment.catch((error) => {
      this.#deployment = undefined;
      throw error;
    });
    if (!found) this.#deployment = undefined;
    return found;
  }

  async #deployed(): Promise<Deployment> {
    const deployment = await this.#findDeployment();
    if (deployment) return deployment;
    throw refused('CHAIN_NOT_INITIALISED', 'There is no ledger of this strategy on the chain', {
      facts: { network: this.network, chainId: this.chainId },
      remedy: 'drl chain init',
    });
  }
}

/** A node without the state of the final block (a local chain that was started anew) is asked for what is mined. */
async function finalCount(rpc: Rpc, address: string, tag: string): Promise<number> {
  try {
    return await transactionCount(rpc, address, tag);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return transactionCount(rpc, address, 'latest');
  }
}

/** The node, asked for its chain at the first use, and again while that fails. */
function checkedOnce(rpc: Rpc, chainId: number): () => Promise<Rpc> {
  let checked: Promise<Rpc> | undefined;
  return () => {
    checked ??= checkChainId(rpc, chainId).catch((error) => {
      checked = undefined;
      throw error;
    });
    return checked;
  };
}

/** Refuse a node of another chain before anything is read from it or sent to it. */
export async function checkChainId(rpc: Rpc, chainId: number): Promise<Rpc> {
  const answered = Number(await rpc.send<string>('eth_chainId', []));
  if (answered !== chainId) {
    throw refused('CHAIN_MISMATCH', 'The node is of another chain', {
      facts: { configured: chainId, answered, host: new URL(rpc.url).host },
      remedy: 'Correct chain.chainId or chain.rpcUrl in the configuration.',
    });
  }
  return rpc;
}
