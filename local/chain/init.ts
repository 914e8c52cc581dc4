import { getAddress } from 'ethers';
import { encodeSymbols, FACTORY, nameHash, PORTFOLIO } from '../../adapters/chain/codec.ts';
import { checkChainId, type Deployment } from '../../adapters/chain/evm.ts';
import { checkCode, checkFactory } from '../../adapters/chain/genuine.ts';
import { createRpc, type Rpc } from '../../adapters/chain/rpc.ts';
import { sendAndWait } from '../../adapters/chain/transactions.ts';
import { SIGNER_ROLES, type SignerRole, type Signers } from '../../adapters/signer/port.ts';
import type { ChainConfig } from '../../config/schema.ts';
import { PORTFOLIO_FACTORY_BYTECODE } from '../../contracts/generated/portfolio.ts';
import { refused } from '../../domain/errors.ts';
import type { Limits } from '../../domain/risk/limits.ts';
import { passTimeTo } from './anvil.ts';
import { type Asset, bps, ledgerAssets } from './assets.ts';
import { type MissingFunds, requireFunds } from './funds.ts';
import { type LedgerLimits, type LimitSet, nextLimitsCall, readLimits } from './limits.ts';

/** What the ledger tolerates beyond the limits of the configuration, because it sees targets and not the drift between them. */
const TOLERANCES = {
  /** A day's drift of the whole book, on top of the turnover limit. */
  driftBpsPerDay: 500,
  /** A position that cannot be traded may have drifted this far over its cap. */
  passiveBandBps: 500,
  /** No diversified book moves more in a day: a larger attested change is a fault in the prices. */
  maxNavChangeBpsPerDay: 2_000,
} as const;

const LOCAL_FUNDS_WEI = 10n ** 21n;

/** The roles that the admin gives, in the order of the contract's `Role`. */
export const CONTRACT_ROLES = ['strategist', 'relayer', 'attestor', 'approver', 'guardian'] as const;

export interface InitOptions {
  chain: ChainConfig;
  rpcUrl: string;
  signers: Signers;
  strategy: string;
  universe: string;
  assets: readonly Asset[];
  limits: Limits;
  /** What an earlier call returned, of this ledger or of another one on the same chain. */
  known?: Deployment | null;
  /** One that others deployed on this chain: it is used where it is of this code. */
  factory?: string | null;
  rpc?: Rpc;
  /** Told what is missing, whenever that changes: it is then waited for. Without it nothing is waited for. */
  onMissingFunds?: ((missing: MissingFunds) => void) | undefined;
}

/** The limits of the configuration as the contract keeps them. */
export const ledgerLimits = (limits: Limits): LedgerLimits => ({
  maxWeightBps: bps(limits.maxWeight),
  maxGrossBps: bps(limits.maxGross),
  maxTurnoverBps: bps(limits.maxTurnover),
  maxDrawdownBps: bps(limits.drawdown.hardLimit),
  ...TOLERANCES,
  // Sessions are never more than days: the contract restarts the mark no later than the book does.
  resetAfterDays: limits.drawdown.resetAfterDays ?? 0,
});

/**
 * Bring the ledger of a strategy and universe onto the chain: fund (local) or check the funds (elsewhere), deploy what is not
 * there, and bring limits and roles to what is configured. Looser limits wait a day in the ledger: a call after it applies them.
 * Done again it sends nothing.
 *
 * A ledger is one list of assets: its address follows from the admin, strategy, universe, symbols and groups. Another list of
 * assets is another ledger, and the old one stays readable where it is.
 *
 * @throws CHAIN_UNFUNDED naming each address and what it lacks, where nobody waits for it; CHAIN_MISMATCH; CHAIN_NOT_ADMIN.
 */
export async function initChain(options: InitOptions): Promise<Deployment> {
  const { chain, signers, strategy, universe, limits, known } = options;
  const rpc = await checkChainId(options.rpc ?? createRpc(options.rpcUrl), chain.chainId);
  const roles = await roleAddresses(signers);
  if (chain.rpcUrl === null) await fundLocally(rpc, roles);
  const { symbols, groups, groupCapsBps } = ledgerAssets(options.assets, limits);
  const args = [nameHash(strategy), nameHash(universe), encodeSymbols(symbols), groups];
  const send = (to: string | null, data: string) => sendAndWait(rpc, chain, signers.admin, { to, data });

  let factory = await usableFactory(rpc, options);
  if (factory === null) {
    if (chain.rpcUrl !== null) await requireFunds({ rpc, chain, roles, onMissing: options.onMissingFunds });
    factory = addressIn(await send(null, PORTFOLIO_FACTORY_BYTECODE));
  }
  const contract = await predictAddress(rpc, factory, [roles.admin, ...args]);
  let startBlock = known?.contract === contract ? known.startBlock : 0;
  if (!(await hasCode(rpc, contract))) {
    const receipt = await send(
      factory,
      FACTORY.encodeFunctionData('create', [...args, roles, ledgerLimits(limits), groupCapsBps]),
    );
    startBlock = Number(receipt.blockNumber);
  }
  for (const data of await roleCorrections(rpc, contract, roles)) await send(contract, data);
  const act = (data: string) => send(contract, data);
  await bringLimits(
    { rpc, contract, act, local: chain.rpcUrl === null },
    { limits: ledgerLimits(limits), groupCapsBps },
  );
  return { chainId: chain.chainId, contract, startBlock, strategy, universe, assets: symbols, factory };
}

/** A factory of this code that is there already. A ledger of older code stays readable where it is; this code gets a factory of its own. */
async function usableFactory(rpc: Rpc, { chain: { chainId }, known, factory }: InitOptions): Promise<string | null> {
  if (known?.chainId === chainId && (await checkCode(rpc, known.contract, chainId)).ok) return known.factory;
  return factory && (await checkFactory(rpc, factory, chainId)).ok ? factory : null;
}

export async function roleAddresses(signers: Signers): Promise<Record<SignerRole, string>> {
  const entries = await Promise.all(SIGNER_ROLES.map(async (role) => [role, await signers[role].address()] as const));
  return Object.fromEntries(entries) as Record<SignerRole, string>;
}

async function fundLocally(rpc: Rpc, roles: Record<SignerRole, string>): Promise<void> {
  for (const address of Object.values(roles)) {
    const balance = BigInt(await rpc.send<string>('eth_getBalance', [address, 'latest']));
    if (balance < LOCAL_FUNDS_WEI / 2n)
      await rpc.send('anvil_setBalance', [address, `0x${LOCAL_FUNDS_WEI.toString(16)}`]);
  }
}

/** Calls that bring the roles of an existing ledger to the configured ones. */
async function roleCorrections(rpc: Rpc, contract: string, roles: Record<SignerRole, string>): Promise<string[]> {
  const data = await rpc.send<string>('eth_call', [
    { to: contract, data: PORTFOLIO.encodeFunctionData('roles') },
    'latest',
  ]);
  const [onChain] = PORTFOLIO.decodeFunctionResult('roles', data);
  if (onChain.admin !== roles.admin) {
    throw refused('CHAIN_NOT_ADMIN', 'The ledger has another admin', {
      facts: { contract, admin: onChain.admin, ours: roles.admin },
      remedy: 'Use the keys that the ledger was made with.',
    });
  }
  return CONTRACT_ROLES.flatMap((role, index) =>
    onChain[role] === roles[role] ? [] : [PORTFOLIO.encodeFunctionData('setRole', [index, roles[role]])],
  );
}

interface LedgerCalls {
  rpc: Rpc;
  contract: string;
  act(data: string): Promise<unknown>;
  local: boolean;
}

async function bringLimits({ rpc, contract, act, local }: LedgerCalls, wanted: LimitSet): Promise<void> {
  const call = nextLimitsCall(await readLimits(rpc, contract), wanted);
  if (call === null) return;
  await act(call);
  const { pending } = await readLimits(rpc, contract);
  if (!pending || !local) return;
  // The local chain has its own time and nobody who watches it: the wait is over at once.
  await passTimeTo(rpc, pending.dueAt);
  await act(PORTFOLIO.encodeFunctionData('applyLimits'));
}

async function predictAddress(rpc: Rpc, factory: string, args: unknown[]): Promise<string> {
  const data = await rpc.send<string>('eth_call', [
    { to: factory, data: FACTORY.encodeFunctionData('addressOf', args) },
    'latest',
  ]);
  return FACTORY.decodeFunctionResult('addressOf', data)[0];
}

const hasCode = async (rpc: Rpc, address: string): Promise<boolean> =>
  (await rpc.send<string>('eth_getCode', [address, 'latest'])) !== '0x';

function addressIn(receipt: { contractAddress: string | null; transactionHash: string }): string {
  if (receipt.contractAddress) return getAddress(receipt.contractAddress);
  throw refused('CHAIN_DEPLOYMENT', 'The deployment made no contract', {
    facts: { transaction: receipt.transactionHash },
  });
}
