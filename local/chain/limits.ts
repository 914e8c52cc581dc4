import { PORTFOLIO } from '../../adapters/chain/codec.ts';
import type { Rpc } from '../../adapters/chain/rpc.ts';

export const LIMIT_NAMES = [
  'maxWeightBps',
  'maxGrossBps',
  'maxTurnoverBps',
  'driftBpsPerDay',
  'passiveBandBps',
  'maxDrawdownBps',
  'maxNavChangeBpsPerDay',
  'resetAfterDays',
] as const;

/** Basis points, and days for `resetAfterDays`: as the contract keeps them. */
export type LedgerLimits = Record<(typeof LIMIT_NAMES)[number], number>;

export interface LimitSet {
  limits: LedgerLimits;
  groupCapsBps: number[];
}

/** Looser limits that the ledger has taken note of; from `dueAt` (Unix seconds) on, the admin may apply them. */
export type PendingLimits = LimitSet & { dueAt: number };

export interface LimitsOnChain {
  inForce: LimitSet;
  pending: PendingLimits | null;
  /** Of the newest block, Unix seconds. */
  blockTime: number;
}

export async function readLimits(rpc: Rpc, contract: string): Promise<LimitsOnChain> {
  const read = async (name: string) =>
    PORTFOLIO.decodeFunctionResult(
      name,
      await rpc.send<string>('eth_call', [{ to: contract, data: PORTFOLIO.encodeFunctionData(name) }, 'latest']),
    );
  const [[limits], [caps], [waiting, waitingCaps, dueAt], block] = await Promise.all([
    read('limits'),
    read('groupCapsBps'),
    read('pendingLimits'),
    rpc.send<{ timestamp: string }>('eth_getBlockByNumber', ['latest', false]),
  ]);
  return {
    inForce: limitSet(limits, caps),
    pending: dueAt === 0n ? null : { ...limitSet(waiting, waitingCaps), dueAt: Number(dueAt) },
    blockTime: Number(block.timestamp),
  };
}

/** The call that brings the ledger nearer to the wanted limits; null: there is nothing to do, or to do yet. */
export function nextLimitsCall({ inForce, pending, blockTime }: LimitsOnChain, wanted: LimitSet): string | null {
  if (pending && same(pending, wanted))
    return blockTime < pending.dueAt ? null : PORTFOLIO.encodeFunctionData('applyLimits');
  if (!same(inForce, wanted)) return PORTFOLIO.encodeFunctionData('setLimits', [wanted.limits, wanted.groupCapsBps]);
  return pending ? PORTFOLIO.encodeFunctionData('cancelLimits') : null;
}

/** What waits, field by field, for a person: `maxWeightBps 2500 -> 3000`. */
export const loosenings = ({ inForce, pending }: Pick<LimitsOnChain, 'inForce' | 'pending'>): string[] =>
  pending === null
    ? []
    : [
        ...LIMIT_NAMES.map((name) => [name, inForce.limits[name], pending.limits[name]] as const),
        ...inForce.groupCapsBps.map((cap, group) => [`group ${group}`, cap, pending.groupCapsBps[group]] as const),
      ].flatMap(([name, now, then]) => (now === then ? [] : [`${name} ${now} -> ${then}`]));

const limitSet = (limits: Record<string, bigint>, caps: Iterable<bigint>): LimitSet => ({
  limits: Object.fromEntries(LIMIT_NAMES.map((name) => [name, Number(limits[name])])) as LedgerLimits,
  groupCapsBps: [...caps].map(Number),
});

const same = (a: LimitSet, b: LimitSet): boolean =>
  LIMIT_NAMES.every((name) => a.limits[name] === b.limits[name]) &&
  a.groupCapsBps.length === b.groupCapsBps.length &&
  a.groupCapsBps.every((cap, group) => cap === b.groupCapsBps[group]);
