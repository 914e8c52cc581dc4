import type { RebalanceOrder } from '../../adapters/chain/port.ts';
import type { LedgerLimits } from '../../local/chain/limits.ts';

/** The ledger's rules once more, in plain TypeScript, without packing: the oracle of the contract under fuzz. */
export interface ModelLedger {
  strategy: string;
  assets: string[];
  groupOf: number[];
  limits: LedgerLimits;
  groupCapsBps: number[];
  epoch: number;
  pricesEpoch: number;
  highSince: number;
  stateHash: string;
  navE18: bigint;
  highWaterMarkE18: bigint;
  weights: number[];
  approved: Set<string>;
  paused: boolean;
}

/** What cannot be read from an order: who sent and signed it, and when. */
export interface Circumstances {
  fromRelayer: boolean;
  strategistSigned: boolean;
  attestorSigned: boolean;
  blockTime: number;
}

const WHOLE = 10_000;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** `ok` and the next state, or the name of the error that the contract must give. `stateHash` of the next state is left to the event. */
export function applyOrder(
  ledger: ModelLedger,
  order: RebalanceOrder,
  navE18: bigint,
  how: Circumstances,
): { result: string; next: ModelLedger } {
  const refuse = (result: string) => ({ result, next: ledger });
  if (!how.fromRelayer) return refuse('NotPermitted');
  if (ledger.paused) return refuse('ContractPaused');
  if (order.strategy !== ledger.strategy) return refuse('WrongStrategy');
  if (order.epoch !== ledger.epoch + 1) return refuse('WrongEpoch');
  if (order.previousStateHash !== ledger.stateHash) return refuse('WrongState');
  if (how.blockTime > order.deadline) return refuse('DeadlinePassed');
  if (order.pricesEpoch <= ledger.pricesEpoch) return refuse('StalePrices');
  if (!ledger.approved.has(order.modelHash)) return refuse('UnapprovedModel');
  if (!how.strategistSigned) return refuse('InvalidOrderSignature');
  if (!how.attestorSigned) return refuse('InvalidAttestation');
  const marked = mark(ledger, navE18, order.pricesEpoch);
  if (!marked) return refuse('NavOutOfBounds');
  const weights = [...ledger.assets, 'CASH'].map((symbol) => order.weightsBps[symbol] ?? 0);
  const problem = checkWeights(ledger, marked, weights, order.pricesEpoch - ledger.pricesEpoch);
  return problem ? refuse(problem) : { result: 'ok', next: { ...marked, weights, epoch: order.epoch } };
}

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
  if (gross > limits.maxGrossBps) return 'GrossCapExceeded';
  const bought = sum(weights.slice(0, count).map((weight, a) => Math.max(0, weight - before.weights[a])));
  if (before.epoch > 0 && bought > limits.maxTurnoverBps + limits.driftBpsPerDay * days) return 'TurnoverExceeded';
  const { navE18, highWaterMarkE18 } = marked;
  const deep = (highWaterMarkE18 - navE18) * BigInt(WHOLE) > BigInt(limits.maxDrawdownBps) * highWaterMarkE18;
  if (deep && gross >= lastGross && gross > 0) return 'DrawdownLimit';
  const inGroup = (of: number[], group: number) => sum(of.slice(0, count).filter((_, a) => groupOf[a] === group));
  const over = groupCapsBps.some((cap, group) => tooMuch(inGroup(weights, group), inGroup(before.weights, group), cap));
  return over ? 'GroupCapExceeded' : null;
}
