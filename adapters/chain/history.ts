import { getAddress, zeroPadValue } from 'ethers';
import { FACTORY, PORTFOLIO } from './codec.ts';
import { checkFactory, wasMadeBy } from './genuine.ts';
import { type Rpc, RpcError } from './rpc.ts';

export interface RawLog {
  readonly address: string;
  readonly topics: string[];
  readonly data: string;
  readonly transactionHash: string;
  readonly blockNumber: string;
  readonly blockHash: string;
  readonly transactionIndex: string;
}

/** A place in the chain: what is asked for is what held just before it. */
export interface Moment {
  readonly block: number;
  /** Index of the transaction in its block. */
  readonly index: number;
}

/** The role's place in the contract's enum. */
const ROLES = ['strategist', 'relayer', 'attestor', 'approver', 'guardian'] as const;
export type LedgerRole = (typeof ROLES)[number];

/** Where a ledger comes from. */
export interface Origin {
  readonly factory: string;
  readonly creator: string;
  readonly block: number;
}

const hex = (value: number): string => `0x${value.toString(16)}`;
const word = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`;
const topicOf = (name: string): string => String(PORTFOLIO.getEvent(name)?.topicHash);

/**
 * What a ledger held at an earlier moment, from its own events: an order is judged by the keys and approvals of its day, whatever was rotated or
 * revoked since. Nodes that keep no old states keep old logs.
 */
export class LedgerHistory {
  readonly #rpc: Rpc;
  readonly #contract: string;
  readonly #startBlock: number;

  /** @param startBlock no event of the contract is older */
  constructor(rpc: Rpc, contract: string, startBlock: number) {
    this.#rpc = rpc;
    this.#contract = contract;
    this.#startBlock = startBlock;
  }

  /** The account that held a role; null: no event says so. */
  async roleAt(role: LedgerRole, moment: Moment): Promise<string | null> {
    const last = (await this.#before(moment, [topicOf('RoleSet'), word(ROLES.indexOf(role))])).at(-1);
    return last ? String(PORTFOLIO.parseLog(last)?.args.account) : null;
  }

  async modelApprovedAt(modelHash: string, moment: Moment): Promise<boolean> {
    const names = ['ModelApproved', 'ModelRevoked'].map(topicOf);
    const last = (await this.#before(moment, [names, `0x${modelHash}`])).at(-1);
    return last !== undefined && last.topics[0] === names[0];
  }

  /** The rebalance of an epoch; null: none until `block`. */
  async rebalanceOf(epoch: number, block: number): Promise<RawLog | null> {
    const topics = [topicOf('Rebalanced'), word(epoch)];
    return (await logsOf(this.#rpc, this.#contract, topics, this.#startBlock, block)).at(-1) ?? null;
  }

  /** Every rebalance, oldest first. */
  async rebalances(): Promise<RawLog[]> {
    const head = Number(await this.#rpc.send<string>('eth_blockNumber', []));
    return logsOf(this.#rpc, this.#contract, [topicOf('Rebalanced')], this.#startBlock, head);
  }

  async #before({ block, index }: Moment, topics: readonly unknown[]): Promise<RawLog[]> {
    const logs = await logsOf(this.#rpc, this.#contract, topics, this.#startBlock, block);
    return logs.filter((log) => Number(log.blockNumber) < block || Number(log.transactionIndex) < index);
  }
}

/**
 * Who made a ledger, and when: what a factory's event says is only where to look; that a genuine factory made it is computed. null: none did.
 * @param until a block in which the ledger was there
 */
export async function originOf(rpc: Rpc, contract: string, chainId: number, until: number): Promise<Origin | null> {
  const created = [String(FACTORY.getEvent('PortfolioCreated')?.topicHash), zeroPadValue(contract, 32)];
  const first = await firstBlockWithCode(rpc, contract, until);
  const near = await logsOf(rpc, null, created, first, first);
  const logs = near.length > 0 ? near : await logsOf(rpc, null, created, 0, until);
  for (const log of logs) {
    const [factory, creator] = [getAddress(log.address), String(FACTORY.parseLog(log)?.args.creator)];
    const { ok } = await checkFactory(rpc, factory, chainId);
    if (ok && (await wasMadeBy(rpc, contract, factory, creator)))
      return { factory, creator, block: Number(log.blockNumber) };
  }
  return null;
}

/** By halving; 0 where the node keeps no old states, or does not say so and is wrong: then all blocks are searched. */
async function firstBlockWithCode(rpc: Rpc, contract: string, until: number): Promise<number> {
  const there = async (block: number): Promise<boolean> =>
    (await rpc.send<string>('eth_getCode', [contract, hex(block)])) !== '0x';
  try {
    if (await there(0)) return 0;
    let [without, withCode] = [0, until];
    while (withCode - without > 1) {
      const middle = Math.floor((without + withCode) / 2);
      if (await there(middle)) withCode = middle;
      else without = middle;
    }
    return withCode;
  } catch (error) {
    if (error instanceof RpcError) return 0;
    throw error;
  }
}

/** Nodes bound the blocks or the logs of one answer: what is refused is asked for in halves. */
async function logsOf(
  rpc: Rpc,
  address: string | null,
  topics: readonly unknown[],
  from: number,
  to: number,
): Promise<RawLog[]> {
  const filter = { ...(address === null ? {} : { address }), topics, fromBlock: hex(from), toBlock: hex(to) };
  try {
    return await rpc.send<RawLog[]>('eth_getLogs', [filter]);
  } catch (error) {
    if (!(error instanceof RpcError) || from >= to) throw error;
    const middle = Math.floor((from + to) / 2);
    return [
      ...(await logsOf(rpc, address, topics, from, middle)),
      ...(await logsOf(rpc, address, topics, middle + 1, to)),
    ];
  }
}
