import { PORTFOLIO } from '../../adapters/chain/codec.ts';
import type { PortfolioState } from '../../adapters/chain/port.ts';
import { SIGNER_ROLES, type SignerRole } from '../../adapters/signer/port.ts';
import { type LedgerLimits, type PendingLimits, readLimits } from './limits.ts';
import type { ReadableChain } from './open.ts';

export interface LedgerStatus {
  network: string;
  chainId: number;
  contract: string;
  strategy: string;
  universe: string;
  block: number;
  state: PortfolioState;
  /** Basis points, and days for `resetAfterDays`. */
  limits: LedgerLimits;
  groupCapsBps: number[];
  /** Looser limits that wait for their time. */
  pendingLimits: PendingLimits | null;
}

export interface RoleHolder {
  role: SignerRole;
  address: string;
  balanceWei: bigint;
}

/** What the ledger holds now, as the contract says it. */
export async function readStatus({ chain, rpc, deployment }: ReadableChain): Promise<LedgerStatus> {
  const [state, { inForce, pending }, block] = await Promise.all([
    chain.state(),
    readLimits(rpc, deployment.contract),
    rpc.send<string>('eth_blockNumber', []),
  ]);
  const { contract, strategy, universe } = deployment;
  return {
    ...{ network: chain.network, chainId: chain.chainId, contract, strategy, universe, block: Number(block), state },
    ...inForce,
    pendingLimits: pending,
  };
}

/** Who holds each role, and what each can still pay. */
export async function readRoles({ rpc, deployment }: ReadableChain): Promise<RoleHolder[]> {
  const data = await rpc.send<string>('eth_call', [
    { to: deployment.contract, data: PORTFOLIO.encodeFunctionData('roles') },
    'latest',
  ]);
  const [roles] = PORTFOLIO.decodeFunctionResult('roles', data);
  return Promise.all(
    SIGNER_ROLES.map(async (role) => ({
      role,
      address: String(roles[role]),
      balanceWei: BigInt(await rpc.send<string>('eth_getBalance', [roles[role], 'latest'])),
    })),
  );
}
