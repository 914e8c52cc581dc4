import type { RebalanceOrder } from '../../../adapters/chain/port.ts';
import type { Random } from '../../../domain/simulation/random.ts';
import { type LedgerLimits, LIMIT_NAMES, type LimitSet } from '../../../local/chain/limits.ts';
import { type Call, MODEL_ROLES, type ModelLedger, ZERO } from '../reference-model.ts';

/** What there is to draw from. */
export interface Cast {
  /** Accounts that make calls. They sign too, as wallets. */
  actors: readonly string[];
  /** Accounts with a key; they sign and call nothing. */
  keys: readonly string[];
  models: readonly string[];
}

export const NOBODY = `0x${'de'.repeat(20)}`;
const FAR = 4_000_000_000;
const MOST_E18 = 2n ** 80n - 1n;
const HASH = 'da'.repeat(32);

const pick = <T>(random: Random, values: readonly T[]): T => values[random.integer(values.length)];
const chance = (random: Random, probability: number): boolean => random.uniform() < probability;

/** A call and its sender: mostly what the ledger's life consists of, by whom it may be done; at times anything by anyone. */
export function drawCall(random: Random, ledger: ModelLedger, cast: Cast, now: number): { from: string; call: Call } {
  const call =
    needed(random, ledger, cast, now) ??
    (chance(random, 0.72) ? drawRebalance(random, ledger, cast, now) : drawOther(random, ledger, cast));
  const entitled = senderOf(ledger, call, random);
  const able = cast.actors.includes(entitled) && !chance(random, 0.03);
  return { from: able ? entitled : pick(random, cast.actors), call };
}

/** What brings a ledger back to work, so that most draws do not meet a closed door. */
function needed(random: Random, ledger: ModelLedger, { actors, models }: Cast, now: number): Call | null {
  if (!chance(random, 0.4)) return null;
  const { paused, approved, roles, pending } = ledger;
  if (paused) return { name: 'unpause' };
  if (approved.size === 0) return { name: 'approveModel', modelHash: pick(random, models) };
  if (pending.dueAt !== 0 && now >= pending.dueAt) return { name: 'applyLimits' };
  const lost = (['relayer', 'approver', 'guardian'] as const).find((role) => !actors.includes(roles[role]));
  return lost ? { name: 'setRole', role: MODEL_ROLES.indexOf(lost), account: pick(random, actors) } : null;
}

function senderOf({ roles, pendingAdmin }: ModelLedger, { name }: Call, random: Random): string {
  if (name === 'rebalance') return roles.relayer;
  if (name === 'approveModel' || name === 'revokeModel') return roles.approver;
  if (name === 'pause' || name === 'cancelLimits') return chance(random, 0.5) ? roles.guardian : roles.admin;
  return name === 'acceptAdmin' ? pendingAdmin : roles.admin;
}

function drawOther(random: Random, ledger: ModelLedger, { actors, keys, models }: Cast): Call {
  const name = pick(random, [
    ...(['setLimits', 'setLimits', 'setLimits', 'applyLimits', 'cancelLimits', 'pause', 'unpause'] as const),
    ...(['approveModel', 'approveModel', 'revokeModel', 'setRole', 'setRole', 'proposeAdmin', 'acceptAdmin'] as const),
  ]);
  switch (name) {
    case 'setLimits':
      return { name, ...drawLimits(random, ledger) };
    case 'approveModel':
    case 'revokeModel':
      return { name, modelHash: pick(random, models) };
    case 'setRole': {
      const role = random.integer(MODEL_ROLES.length);
      const signs = role === 0 || role === 2;
      const accounts = chance(random, 0.05) ? [ZERO, ...keys] : signs ? [...keys, ...keys, ...actors] : actors;
      return { name, role, account: pick(random, accounts) };
    }
    case 'proposeAdmin':
      return { name, account: chance(random, 0.1) ? ZERO : pick(random, actors) };
    default:
      return { name };
  }
}

/** Near the present limits, so that both directions and no change at all are common; seldom beyond what is valid. */
function drawLimits(random: Random, { limits, groupCapsBps, pending }: ModelLedger): LimitSet {
  if (pending.dueAt !== 0 && chance(random, 0.1)) return { limits: pending.limits, groupCapsBps: pending.groupCapsBps };
  const near = (value: number, most: number): number => {
    const kind = random.uniform();
    if (kind < 0.55) return value;
    if (kind < 0.98) return Math.min(most, Math.max(0, value + random.integer(2001) - 900));
    return pick(random, [0, most, Math.min(65_535, most + 1), random.integer(most + 1)]);
  };
  const days = (value: number) => (chance(random, 0.6) ? value : pick(random, [0, 1, 3, 9, 30, 65_535]));
  const drawn = LIMIT_NAMES.map((name) => [
    name,
    name === 'resetAfterDays' ? days(limits[name]) : near(limits[name], 10_000),
  ]);
  const caps = groupCapsBps.map((cap) => near(cap, 10_000));
  return {
    limits: Object.fromEntries(drawn) as LedgerLimits,
    groupCapsBps: chance(random, 0.98) ? caps : caps.slice(1),
  };
}

function drawRebalance(random: Random, ledger: ModelLedger, cast: Cast, now: number): Call {
  const signer = (role: 'strategist' | 'attestor') =>
    chance(random, 0.03) ? pick(random, [...cast.keys, ...cast.actors, NOBODY]) : ledger.roles[role];
  return {
    name: 'rebalance',
    order: drawOrder(random, ledger, cast, now),
    navE18: drawNav(random, ledger),
    orderSigner: signer('strategist'),
    navSigner: signer('attestor'),
  };
}

function drawOrder(random: Random, ledger: ModelLedger, { models }: Cast, now: number): RebalanceOrder {
  const approved = [...ledger.approved];
  const order: RebalanceOrder = {
    strategy: ledger.strategy,
    epoch: ledger.epoch + 1,
    previousStateHash: ledger.stateHash,
    weightsBps: drawWeights(random, ledger),
    modelHash: approved.length > 0 ? pick(random, approved) : models[0],
    decisionHash: random
      .integer(2 ** 31)
      .toString(16)
      .padStart(64, '0'),
    datasetHash: HASH,
    pricesEpoch: (ledger.pricesEpoch || 20_000) + 1 + random.integer(4),
    deadline: chance(random, 0.9) ? FAR : now,
  };
  if (!chance(random, 0.1)) return order;
  const spoilt: Partial<RebalanceOrder>[] = [
    { strategy: 'other' },
    { epoch: random.integer(5) },
    { previousStateHash: '11'.repeat(32) },
    { deadline: now - 1 },
    { pricesEpoch: ledger.pricesEpoch },
    { pricesEpoch: ledger.pricesEpoch + 1 + random.integer(400) },
    { modelHash: pick(random, [...models, 'b2'.repeat(32)]) },
  ];
  return { ...order, ...pick(random, spoilt) };
}

/** Mostly portfolios near the last one and near the limits; at times nonsense. */
function drawWeights(random: Random, { assets, weights, limits }: ModelLedger): Record<string, number> {
  const calm = chance(random, 0.5);
  const drawn = weights.slice(0, assets.length).map((last) => {
    const kind = random.integer(10);
    if (kind < 4) return last;
    if (kind < 7) return Math.max(0, last + (calm ? random.integer(121) - 60 : random.integer(801) - 400));
    if (kind < 9 || calm) return Math.floor(last / 2);
    return pick(random, [
      limits.maxWeightBps,
      limits.maxWeightBps + 1,
      limits.maxWeightBps + limits.passiveBandBps,
      random.integer(3000),
      random.integer(65_536),
    ]);
  });
  let gross = drawn.reduce((total, bps) => total + bps, 0);
  const wanted = pick(random, [limits.maxGrossBps, limits.maxGrossBps + 1, 10_000, 5_000]);
  if (gross > wanted && chance(random, 0.9)) {
    for (const [a, bps] of drawn.entries()) drawn[a] = Math.floor((bps * wanted) / gross);
    gross = drawn.reduce((total, bps) => total + bps, 0);
  }
  const cash = chance(random, 0.97) ? 10_000 - gross : random.integer(10_001);
  return { ...Object.fromEntries(assets.map((symbol, a) => [symbol, drawn[a]])), CASH: Math.max(0, cash) };
}

function drawNav(random: Random, { navE18, highWaterMarkE18 }: ModelLedger): bigint {
  if (chance(random, 0.1)) return (highWaterMarkE18 * 85n) / 100n - BigInt(random.integer(2));
  const wild = chance(random, 0.15);
  const factor = BigInt(
    Math.round(pick(random, wild ? [0.9, 1.15, 0.8, 1.2, 0.5, 3, 0] : [1, 0.995, 1.01, 1.003, 0.99]) * 10_000),
  );
  const nav = (navE18 * factor) / 10_000n;
  return nav > MOST_E18 ? MOST_E18 : nav;
}
