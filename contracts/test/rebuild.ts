import { AbiCoder, keccak256 } from 'ethers';
import { decodeRebalanced, decodeSymbols, FACTORY, PORTFOLIO, stateHashOf } from '../../adapters/chain/codec.ts';
import { type LedgerLimits, LIMIT_NAMES } from '../../local/chain/limits.ts';
import { MODEL_ROLES, type ModelLedger, type ModelRoles, ZERO } from './reference-model.ts';

export interface RawLog {
  address: string;
  topics: string[];
  data: string;
}

/** What the views of a ledger answer. */
export type Viewed = Omit<ModelLedger, 'highSince' | 'strategy'>;
export type Rebuilt = Viewed & { contract: string; strategyHash: string; universeHash: string };

/** The whole state of a ledger from nothing but the logs of its factory and its own, in the order of the chain. */
export function rebuild(logs: readonly RawLog[], factory: string, chainId: number): Rebuilt {
  const created = logs
    .filter(({ address }) => address.toLowerCase() === factory.toLowerCase())
    .map((log) => FACTORY.parseLog(log))
    .find((parsed) => parsed?.name === 'PortfolioCreated');
  if (!created) throw new Error('no log of its making');
  const { portfolio, strategy, universe, symbols, groups } = created.args;
  const ledger: Rebuilt = {
    ...{ contract: portfolio, strategyHash: strategy, universeHash: universe },
    ...{ assets: decodeSymbols([...symbols]), groupOf: [...groups].map(Number) },
    ...{ roles: {} as ModelRoles, pendingAdmin: ZERO, approved: new Set(), paused: false },
    ...{ limits: {} as LedgerLimits, groupCapsBps: [] },
    pending: { limits: limitsOf({}), groupCapsBps: [], dueAt: 0 },
    ...{ epoch: 0, pricesEpoch: 0, navE18: 10n ** 18n, highWaterMarkE18: 10n ** 18n },
    stateHash: genesis(chainId, portfolio, strategy, universe),
    weights: [...symbols].map(() => 0).concat(10_000),
  };
  for (const log of logs) if (log.address.toLowerCase() === portfolio.toLowerCase()) follow(ledger, log);
  // What never waited is as long as the list of groups.
  if (ledger.pending.groupCapsBps.length === 0) ledger.pending.groupCapsBps = ledger.groupCapsBps.map(() => 0);
  return ledger;
}

function follow(ledger: Rebuilt, log: RawLog): void {
  const event = PORTFOLIO.parseLog(log);
  if (!event) throw new Error(`a log that is no event of a ledger: ${log.topics[0]}`);
  const { name, args } = event;
  if (name === 'Rebalanced') settle(ledger, log);
  else if (name === 'RoleSet') ledger.roles[MODEL_ROLES[Number(args.role)]] = lower(args.account);
  else if (name === 'AdminProposed') ledger.pendingAdmin = lower(args.account);
  else if (name === 'AdminSet') {
    ledger.roles.admin = lower(args.account);
    ledger.pendingAdmin = ZERO;
  } else if (name === 'LimitsSet') {
    ledger.limits = limitsOf(args.limits);
    ledger.groupCapsBps = [...args.groupCapsBps].map(Number);
    ledger.pending = { ...ledger.pending, dueAt: 0 };
  } else if (name === 'LimitsProposed') {
    const groupCapsBps = [...args.groupCapsBps].map(Number);
    ledger.pending = { limits: limitsOf(args.limits), groupCapsBps, dueAt: Number(args.dueAt) };
  } else if (name === 'LimitsCancelled') ledger.pending = { ...ledger.pending, dueAt: 0 };
  else if (name === 'ModelApproved') ledger.approved = new Set([...ledger.approved, args.modelHash.slice(2)]);
  else if (name === 'ModelRevoked')
    ledger.approved = new Set([...ledger.approved].filter((hash) => hash !== args.modelHash.slice(2)));
  else if (name === 'Paused' || name === 'Unpaused') ledger.paused = name === 'Paused';
  else if (name !== 'Initialized') throw new Error(`an event that says something new: ${name}`);
}

function settle(ledger: Rebuilt, log: RawLog): void {
  const event = decodeRebalanced(log as never, ledger.assets);
  if (!event || event.previousStateHash !== ledger.stateHash || stateHashOf(event, ledger.assets) !== event.stateHash)
    throw new Error(`the line of states breaks at epoch ${event?.epoch}`);
  const { epoch, pricesEpoch, navE18, highWaterMarkE18, stateHash, weightsBps } = event;
  const weights = [...ledger.assets, 'CASH'].map((symbol) => weightsBps[symbol]);
  Object.assign(ledger, { epoch, pricesEpoch, navE18, highWaterMarkE18, stateHash, weights });
}

const genesis = (chainId: number, contract: string, strategy: string, universe: string): string =>
  keccak256(
    AbiCoder.defaultAbiCoder().encode(
      ['string', 'uint256', 'address', 'bytes32', 'bytes32'],
      ['Portfolio genesis', chainId, contract, strategy, universe],
    ),
  ).slice(2);

const lower = (address: string): string => address.toLowerCase();
const limitsOf = (limits: Record<string, bigint>): LedgerLimits =>
  Object.fromEntries(LIMIT_NAMES.map((name) => [name, Number(limits[name] ?? 0)])) as LedgerLimits;
