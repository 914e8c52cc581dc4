import { PORTFOLIO } from './codec.ts';
import { type Rpc, RpcError } from './rpc.ts';

interface RawLog {
  readonly topics: string[];
  readonly data: string;
  readonly transactionHash: string;
  readonly blockNumber: string;
  readonly blockHash: string;
  readonly transactionIndex: string;
  readonly logIndex: string;
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

const hex = (value: number): string => `0x${value.toString(16)}`;

/**
 * What a ledger held at an earlier moment, from its own events: an order is judged by the keys and approvals of its day, whatever was rotated or
 * revoked since. Nodes that keep no old states keep old logs.
 */
export class LedgerHistory {
  readonly #rpc: Rpc;
  readonly #contract: string;
  readonly #startBlock: number;

  constructor(rpc: Rpc, contract: string, startBlock: number) {
    this.#rpc = rpc;
    this.#contract = contract;
    this.#startBlock = startBlock;
  }

  /** Every order that the ledger took, oldest first. */
  async rebalances(): Promise<RawLog[]> {
    const head = Number(await this.#rpc.send<string>('eth_blockNumber', []));
    return this.#logs([PORTFOLIO.getEvent('Rebalanced')?.topicHash], this.#startBlock, head);
  }

  /** The account that held a role; null: no event says so. */
  async roleAt(role: LedgerRole, moment: Moment): Promise<string | null> {
    const event = PORTFOLIO.getEvent('RoleSet')?.topicHash;
    const logs = await this.#before(moment, [event, `0x${ROLES.indexOf(role).toString(16).padStart(64, '0')}`]);
    const last = logs.at(-1);
    return last ? String(PORTFOLIO.parseLog(last)?.args.account) : null;
  }

  async modelApprovedAt(modelHash: string, moment: Moment): Promise<boolean> {
    const names = ['ModelApproved', 'ModelRevoked'].map((name) => PORTFOLIO.getEvent(name)?.topicHash);
    const last = (await this.#before(moment, [names, `0x${modelHash}`])).at(-1);
    return last !== undefined && last.topics[0] === names[0];
  }

  async #before({ block, index }: Moment, topics: readonly unknown[]): Promise<RawLog[]> {
    const logs = await this.#logs(topics, this.#startBlock, block);
    return logs.filter((log) => Number(log.blockNumber) < block || Number(log.transactionIndex) < index);
  }

  /** Nodes bound the blocks or the logs of one answer: what is refused is asked for in halves. */
  async #logs(topics: readonly unknown[], from: number, to: number): Promise<RawLog[]> {
    const filter = { address: this.#contract, topics, fromBlock: hex(from), toBlock: hex(to) };
    try {
      return await this.#rpc.send<RawLog[]>('eth_getLogs', [filter]);
    } catch (error) {
      if (!(error instanceof RpcError) || from >= to) throw error;
      const middle = Math.floor((from + to) / 2);
      return [...(await this.#logs(topics, from, middle)), ...(await this.#logs(topics, middle + 1, to))];
    }
  }
}
