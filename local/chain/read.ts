import { PORTFOLIO } from '../../adapters/chain/codec.ts';
import type { Deployment } from '../../adapters/chain/evm.ts';
import type { PortfolioState } from '../../adapters/chain/port.ts';
import type { Rpc } from '../../adapters/chain/rpc.ts';
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
  /** Who becomes admin by one call, and was proposed by the present one. */
  pendingAdmin: string | null;
}

export interface RoleHolder {
  role: SignerRole;
  address: string;
  balanceWei: bigint;
}

async function call(rpc: Rpc, { contract }: Deployment, name: string) {
  const data = await rpc.send<string>('eth_call', [
    { to: contract, data: PORTFOLIO.encodeFunctionData(name) },
    'latest',
  ]);
  return PORTFOLIO.decodeFunctionResult(name, data)[0];
}

/** What the ledger holds now, as the contract says it. */
export async function readStatus({ chain, rpc, deployment }: ReadableChain): Promise<LedgerStatus> {
  const [state, { inForce, pending }, pendingAdmin, block] = await Promise.all([
    chain.state(),
    readLimits(rpc, deployment.contract),
    call(rpc, deployment, 'pendingAdmin'),
    rpc.send<string>('eth_blockNumber', []),
  ]);
  const { contract, strategy, universe } = deployment;
  return {
    ...{ network: chain.network, chainId: chain.chainId, contract, strategy, universe, block: Number(block), state },
    ...inForce,
    pendingLimits: pending,
    pendingAdmin: BigInt(pendingAdmin) === 0n ? null : pendingAdmin,
  };
}

/** Who holds each role, and what each can still pay. */
export async function readRoles({ rpc, deployment }: ReadableChain): Promise<RoleHolder[]> {
  const roles = await call(rpc, deployment, 'roles');
  return Promise.all(
    SIGNER_ROLES.map(async (role) => ({
      role,
      address: String(roles[role]),
      balanceWei: BigInt(await rpc.send<string>('eth_getBalance', [roles[role], 'latest'])),
    })),
  );
}
