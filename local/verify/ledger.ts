import { getAddress, Interface, recoverAddress } from 'ethers';
import {
  attestationDigest,
  decodeRebalanced,
  decodeSymbols,
  eip712Domain,
  orderDigest,
  PORTFOLIO,
  stateHashOf,
} from '../../adapters/chain/codec.ts';
import { type CodeCheck, checkCode } from '../../adapters/chain/genuine.ts';
import { LedgerHistory, type Moment } from '../../adapters/chain/history.ts';
import type { RebalanceEvent, SignedRebalance } from '../../adapters/chain/port.ts';
import type { Rpc } from '../../adapters/chain/rpc.ts';
import { rawReceipt } from '../../adapters/chain/transactions.ts';

/** A rebalance as the chain tells it, and nobody else. */
export interface AuditedRebalance {
  readonly transaction: string;
  readonly contract: string;
  readonly chainId: number;
  readonly block: number;
  readonly blockHash: string;
  readonly blockTime: number;
  readonly succeeded: boolean;
  /** Not after the newest block that the network calls final. */
  readonly final: boolean;
  readonly gasUsed: number;
  readonly event: RebalanceEvent | null;
  /** The event's state hash follows from what the event says. */
  readonly stateFollows: boolean;
  readonly code: CodeCheck;
}

export interface SignatureCheck {
  readonly role: 'strategist' | 'attestor';
  readonly ok: boolean;
  readonly detail: string;
}

/** The ledger that transactions name, read over JSON-RPC alone: no home, no key, no record of its deployment. */
export class AuditedLedger {
  readonly #rpc: Rpc;
  readonly #startBlock: number;
  #chainId: number | null = null;

  /** @param startBlock block of the ledger's creation, where it is known: older blocks are not searched. */
  constructor(rpc: Rpc, startBlock = 0) {
    this.#rpc = rpc;
    this.#startBlock = startBlock;
  }

  /** null: the chain does not have the transaction, or not yet in a block. */
  async rebalance(transaction: string): Promise<AuditedRebalance | null> {
    const found = await rawReceipt(this.#rpc, transaction);
    if (!found) return null;
    const sent = await this.#rpc.send<{ to: string | null }>('eth_getTransactionByHash', [transaction]);
    const contract = sent.to === null ? null : getAddress(sent.to);
    if (contract === null) return null;
    const [block, final, chainId] = await Promise.all([
      this.#rpc.send<{ timestamp: string }>('eth_getBlockByNumber', [found.blockNumber, false]),
      this.#rpc.send<{ number: string } | null>('eth_getBlockByNumber', ['finalized', false]),
      this.chainId(),
    ]);
    const code = await checkCode(this.#rpc, contract, chainId);
    const assets = code.implementation === null ? [] : await this.#assets(contract);
    const logs = found.logs.filter(({ address }) => getAddress(address) === contract);
    const event = logs.map((log) => decodeRebalanced(log, assets)).find((each) => each !== null) ?? null;
    return {
      transaction: found.transactionHash,
      contract,
      chainId,
      block: Number(found.blockNumber),
      blockHash: found.blockHash,
      blockTime: Number(block.timestamp),
      succeeded: Number(found.status) === 1,
      final: final !== null && Number(final.number) >= Number(found.blockNumber),
      gasUsed: Number(found.gasUsed),
      event,
      stateFollows: event !== null && stateHashOf(event, assets) === event.stateHash,
      code,
    };
  }

  /** Both signatures of a rebalance, against the keys that the contract knew when it was mined. */
  async signatures({ contract, transaction }: AuditedRebalance, rebalance: SignedRebalance): Promise<SignatureCheck[]> {
    const domain = eip712Domain(await this.chainId(), contract);
    const moment = await this.#moment(transaction);
    const { order, orderSignature, attestation, attestationSignature } = rebalance;
    const assets = await this.#assets(contract);
    const signed = [
      ['strategist', orderDigest(domain, order, assets), orderSignature],
      ['attestor', attestationDigest(domain, attestation), attestationSignature],
    ] as const;
    const history = this.#history(contract);
    return Promise.all(
      signed.map(async ([role, digest, signature]) => {
        const expected = await history.roleAt(role, moment);
        const found = recovered(digest, signature);
        if (expected !== null && found === expected) return { role, ok: true, detail: found };
        if (expected !== null && (await this.#acceptedByWallet(expected, digest, signature)))
          return { role, ok: true, detail: `${expected}, a contract wallet (ERC-1271)` };
        const then = expected ?? 'nobody';
        return { role, ok: false, detail: `signed by ${found ?? 'nobody'}, the contract then had ${then}` };
      }),
    );
  }

  async modelApproved({ contract, transaction }: AuditedRebalance, modelHash: string): Promise<boolean> {
    return this.#history(contract).modelApprovedAt(modelHash, await this.#moment(transaction));
  }

  async chainId(): Promise<number> {
    this.#chainId ??= Number(await this.#rpc.send<string>('eth_chainId', []));
    return this.#chainId;
  }

  #history(contract: string): LedgerHistory {
    return new LedgerHistory(this.#rpc, contract, this.#startBlock);
  }

  async #moment(transaction: string): Promise<Moment> {
    const { blockNumber, transactionIndex } = await this.#rpc.send<{ blockNumber: string; transactionIndex: string }>(
      'eth_getTransactionReceipt',
      [transaction],
    );
    return { block: Number(blockNumber), index: Number(transactionIndex) };
  }

  async #assets(contract: string): Promise<string[]> {
    const data = PORTFOLIO.encodeFunctionData('assets');
    const answer = await this.#rpc.send<string>('eth_call', [{ to: contract, data }, 'latest']);
    return decodeSymbols([...PORTFOLIO.decodeFunctionResult('assets', answer)[0]]);
  }

  async #acceptedByWallet(wallet: string, digest: string, signature: string): Promise<boolean> {
    const data = ERC1271.encodeFunctionData('isValidSignature', [digest, signature]);
    const answer = await this.#rpc.send<string>('eth_call', [{ to: wallet, data }, 'latest']).catch(() => '0x');
    return answer.startsWith(ERC1271_VALID);
  }
}

/** A contract wallet says with these four bytes that a signature is its own. */
const ERC1271_VALID = '0x1626ba7e';
const ERC1271 = new Interface(['function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)']);

/** Whom a signature recovers to; null where it is malformed. */
function recovered(digest: string, signature: string): string | null {
  try {
    return recoverAddress(digest, signature);
  } catch {
    return null;
  }
}
