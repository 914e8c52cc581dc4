import { AbiCoder, keccak256 } from 'ethers';
import { nameHash } from '../../adapters/chain/codec.ts';
import type { RebalanceOrder } from '../../adapters/chain/port.ts';
import { type LedgerLimits, LIMIT_NAMES, type LimitSet, type PendingLimits } from '../../local/chain/limits.ts';
import { keccak, packedWords, word } from './words.ts';

/** The ledger's rules once more, in plain TypeScript, without packing: the oracle of the contract under fuzz. */
export interface ModelLedger {
  readonly strategy: string;
  readonly assets: readonly string[];
  readonly groupOf: readonly number[];
  roles: ModelRoles;
  pendingAdmin: string;
  limits: LedgerLimits;
  groupCapsBps: number[];
  /** `dueAt` 0: nothing waits, and the rest is what waited last. */
  pending: PendingLimits;
  epoch: number;
  pricesEpoch: number;
  highSince: number;
  stateHash: string;
  navE18: bigint;
  highWaterMarkE18: bigint;
  weights: number[];
  approved: ReadonlySet<string>;
  paused: boolean;
}

/** In the order of the contract's `Role`; the admin is apart. */
export const MODEL_ROLES = ['strategist', 'relayer', 'attestor', 'approver', 'guardian'] as const;
export type ModelRoles = Record<(typeof MODEL_ROLES)[number] | 'admin', string>;

export interface Rebalance {
  name: 'rebalance';
  order: RebalanceOrder;
  navE18: bigint;
  /** Who signed each; an address that is nobody's for a signature that is none. */
  orderSigner: string;
  navSigner: string;
}

export type Call =
  | Rebalance
  | ({ name: 'setLimits' } & LimitSet)
  | { name: 'applyLimits' | 'cancelLimits' | 'pause' | 'unpause' | 'acceptAdmin' }
  | { name: 'approveModel' | 'revokeModel'; modelHash: string }
  | { name: 'setRole'; role: number; account: string }
  | { name: 'proposeAdmin'; account: string };

/** `ok` and the next state, or the name of the error that the contract must give and the same state. */
export interface Outcome {
  result: string;
  next: ModelLedger;
}

export const ZERO = `0x${'0'.repeat(40)}`;
export const LOOSENING_DELAY = 24 * 60 * 60;
const WHOLE = 10_000;
const E18 = 10n ** 18n;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** What the factory makes: all cash, value 1, epoch 0. */
export function createModel(made: {
  chainId: number;
  contract: string;
  strategy: string;
  universe: string;
  assets: readonly string[];
  groupOf: readonly number[];
  roles: ModelRoles;
  limits: LedgerLimits;
  groupCapsBps: number[];
}): ModelLedger {
  const { strategy, assets, groupOf, roles, limits, groupCapsBps } = made;
  const genesis = AbiCoder.defaultAbiCoder().encode(
    ['string', 'uint256', 'address', 'bytes32', 'bytes32'],
    ['Portfolio genesis', made.chainId, made.contract, nameHash(strategy), nameHash(made.universe)],
  );
  const nothing = Object.fromEntries(LIMIT_NAMES.map((name) => [name, 0])) as LedgerLimits;
  return {
    ...{ strategy, assets, groupOf, roles, limits, groupCapsBps },
    ...{ pendingAdmin: ZERO, approved: new Set(), paused: false },
    pending: { limits: nothing, groupCapsBps: groupCapsBps.map(() => 0), dueAt: 0 },
    ...{ epoch: 0, pricesEpoch: 0, highSince: 0, navE18: E18, highWaterMarkE18: E18 },
    stateHash: keccak256(genesis).slice(2),
    weights: [...assets.map(() => 0), WHOLE],
  };
}

/** What a call by `from` in a block of this time does. */
export function applyCall(ledger: ModelLedger, from: string, call: Call, blockTime: number): Outcome {
  const { roles, pending } = ledger;
  const refuse = (result: string): Outcome => ({ result, next: ledger });
  const done = (change: Partial<ModelLedger>): Outcome => ({ result: 'ok', next: { ...ledger, ...change } });
  if (!mayCall(ledger, from, call))
    return refuse(call.name === 'acceptAdmin' && ledger.pendingAdmin === ZERO ? 'ZeroAddress' : 'NotPermitted');
  switch (call.name) {
    case 'rebalance':
      return applyOrder(ledger, call, blockTime);
    case 'setLimits':
      return setLimits(ledger, call, blockTime);
    case 'applyLimits':
      if (pending.dueAt === 0) return refuse('NoPendingLimits');
      if (blockTime < pending.dueAt) return refuse('LimitsNotDue');
      return done({ ...inForce(pending), pending: { ...pending, dueAt: 0 } });
    case 'cancelLimits':
      return pending.dueAt === 0 ? refuse('NoPendingLimits') : done({ pending: { ...pending, dueAt: 0 } });
    case 'pause':
    case 'unpause':
      return done({ paused: call.name === 'pause' });
    case 'approveModel':
      return done({ approved: new Set([...ledger.approved, call.modelHash]) });
    case 'revokeModel':
      return done({ approved: new Set([...ledger.approved].filter((hash) => hash !== call.modelHash)) });
    case 'setRole':
      if (call.account === ZERO) return refuse('ZeroAddress');
      return done({ roles: { ...roles, [MODEL_ROLES[call.role]]: call.account } });
    case 'proposeAdmin':
      return done({ pendingAdmin: call.account });
    case 'acceptAdmin':
      return done({ roles: { ...roles, admin: from }, pendingAdmin: ZERO });
  }
}

function mayCall({ roles, pendingAdmin }: ModelLedger, from: string, { name }: Call): boolean {
  if (name === 'rebalance') return from === roles.relayer;
  if (name === 'approveModel' || name === 'revokeModel') return from === roles.approver;
  if (name === 'pause' || name === 'cancelLimits') return from === roles.guardian || from === roles.admin;
  if (name === 'acceptAdmin') return from === pendingAdmin;
  return from === roles.admin;
}

const inForce = ({ limits, groupCapsBps }: LimitSet): LimitSet => ({ limits, groupCapsBps });

/** By how much a figure of the limits allows: days without a new high count backwards, and 0 of them is never. */
export const looseness = (name: keyof LedgerLimits, value: number): number =>
  name === 'resetAfterDays' ? (value === 0 ? -Infinity : -value) : value;

function setLimits(ledger: ModelLedger, wanted: LimitSet, blockTime: number): Outcome {
  const { limits, groupCapsBps } = wanted;
  const refuse = (result: string): Outcome => ({ result, next: ledger });
  const tooLarge = (bps: number) => bps > WHOLE;
  if (LIMIT_NAMES.some((name) => name !== 'resetAfterDays' && tooLarge(limits[name]))) return refuse('InvalidLimit');
  if (groupCapsBps.length !== ledger.groupCapsBps.length) return refuse('WrongGroupCount');
  if (groupCapsBps.some(tooLarge)) return refuse('InvalidLimit');
  const tighter = (name: keyof LedgerLimits) =>
    looseness(name, limits[name]) < looseness(name, ledger.limits[name]) ? limits[name] : ledger.limits[name];
  const tight: LimitSet = {
    limits: Object.fromEntries(LIMIT_NAMES.map((name) => [name, tighter(name)])) as LedgerLimits,
    groupCapsBps: groupCapsBps.map((cap, group) => Math.min(cap, ledger.groupCapsBps[group])),
  };
  const waits =
    LIMIT_NAMES.some((name) => tight.limits[name] !== limits[name]) ||
    groupCapsBps.some((cap, group) => tight.groupCapsBps[group] !== cap);
  const pending = waits ? { ...inForce(wanted), dueAt: blockTime + LOOSENING_DELAY } : { ...ledger.pending, dueAt: 0 };
  return { result: 'ok', next: { ...ledger, ...tight, pending } };
}

function applyOrder(ledger: ModelLedger, call: Rebalance, blockTime: number): Outcome {
  const { order, navE18 } = call;
  const refuse = (result: string): Outcome => ({ result, next: ledger });
  if (ledger.paused) return refuse('ContractPaused');
  if (order.strategy !== ledger.strategy) return refuse('WrongStrategy');
  if (order.epoch !== ledger.epoch + 1) return refuse('WrongEpoch');
  if (order.previousStateHash !== ledger.stateHash) return refuse('WrongState');
  if (blockTime > order.deadline) return refuse('DeadlinePassed');
  if (order.pricesEpoch <= ledger.pricesEpoch) return refuse('StalePrices');
  if (!ledger.approved.has(order.modelHash)) return refuse('UnapprovedModel');
  if (call.orderSigner !== ledger.roles.strategist) return refuse('InvalidOrderSignature');
  if (call.navSigner !== ledger.roles.attestor) return refuse('InvalidAttestation');
  const marked = mark(ledger, navE18, order.pricesEpoch);
  if (!marked) return refuse('NavOutOfBounds');
  const weights = [...ledger.assets, 'CASH'].map((symbol) => order.weightsBps[symbol] ?? 0);
  const problem = checkWeights(ledger, marked, weights, order.pricesEpoch - ledger.pricesEpoch);
  if (problem) return refuse(problem);
  const stateHash = nextStateHash(ledger.stateHash, order, weights, marked);
  return { result: 'ok', next: { ...marked, weights, epoch: order.epoch, stateHash } };
}

/** Ties a state to the one before it and to all that the order named. */
const nextStateHash = (previous: string, order: RebalanceOrder, weights: number[], marked: ModelLedger): string =>
  keccak(
    [
      previous,
      ...[word(order.epoch), word(order.pricesEpoch), keccak(packedWords(weights).join(''))],
      ...[order.modelHash, order.decisionHash, order.datasetHash],
      ...[word(marked.navE18), word(marked.highWaterMarkE18)],
    ].join(''),
  );

function mark(ledger: ModelLedger, navE18: bigint, pricesEpoch: number): ModelLedger | null {
  const { limits, epoch, highSince } = ledger;
  const change = navE18 > ledger.navE18 ? navE18 - ledger.navE18 : ledger.navE18 - navE18;
  const bound = BigInt(limits.maxNavChangeBpsPerDay * (pricesEpoch - ledger.pricesEpoch));
  if (navE18 <= 0n || (epoch > 0 && change * BigInt(WHOLE) > bound * ledger.navE18)) return null;
  const restart = limits.resetAfterDays > 0 && pricesEpoch - highSince >= limits.resetAfterDays;
  const high = epoch === 0 || restart || navE18 > ledger.highWaterMarkE18;
  return {
    ...ledger,
    navE18,
    pricesEpoch,
    highWaterMarkE18: high ? navE18 : ledger.highWaterMarkE18,
    highSince: high ? pricesEpoch : highSince,
  };
}

function checkWeights(before: ModelLedger, marked: ModelLedger, weights: number[], days: number): string | null {
  const { limits, groupCapsBps, groupOf } = before;
  const count = before.assets.length;
  const band = limits.passiveBandBps;
  const tooMuch = (weight: number, last: number, cap: number) =>
    weight > cap && weight > last && weight > Math.min(last, cap) + band;
  if (weights.slice(0, count).some((weight, a) => tooMuch(weight, before.weights[a], limits.maxWeightBps)))
    return 'AssetCapExceeded';
  if (sum(weights) !== WHOLE) return 'WeightsDoNotSum';
  const gross = WHOLE - weights[count];
  const lastGross = WHOLE - before.weights[count];
  if (tooMuch(gross, lastGross, limits.maxGrossBps)) return 'GrossCapExceeded';
  const bought = sum(weights.slice(0, count).map((weight, a) => Math.max(0, weight - before.weights[a])));
  if (before.epoch > 0 && bought > limits.maxTurnoverBps + limits.driftBpsPerDay * days) return 'TurnoverExceeded';
  const { navE18, highWaterMarkE18 } = marked;
  const deep = (highWaterMarkE18 - navE18) * BigInt(WHOLE) > BigInt(limits.maxDrawdownBps) * highWaterMarkE18;
  if (deep && gross >= lastGross && gross > 0) return 'DrawdownLimit';
  const inGroup = (of: number[], group: number) => sum(of.slice(0, count).filter((_, a) => groupOf[a] === group));
  const over = groupCapsBps.some((cap, group) => tooMuch(inGroup(weights, group), inGroup(before.weights, group), cap));
  return over ? 'GroupCapExceeded' : null;
}
