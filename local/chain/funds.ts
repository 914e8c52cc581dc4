import type { Rpc } from '../../adapters/chain/rpc.ts';
import type { SignerRole } from '../../adapters/signer/port.ts';
import type { ChainConfig } from '../../config/schema.ts';
import { refused } from '../../domain/errors.ts';

/** Gas that each role needs before it must be funded again: deployment, a month of orders, approvals. */
const GAS_NEEDS: Partial<Record<SignerRole, bigint>> = {
  admin: 8_000_000n,
  relayer: 6_000_000n,
  approver: 1_000_000n,
  guardian: 200_000n,
};
const GWEI = 1_000_000_000n;
/** Pause between two looks at the balances. */
const LOOK_AGAIN_MS = 5_000;

/** `<role> <address>` -> `0.012345 ETH missing`. */
export type MissingFunds = Readonly<Record<string, string>>;

export interface FundsOptions {
  rpc: Rpc;
  chain: ChainConfig;
  roles: Readonly<Record<SignerRole, string>>;
  /** Told what is missing, whenever that changes; null or absent: nothing is waited for. */
  onMissing?: ((missing: MissingFunds) => void) | undefined;
  pauseMs?: number;
}

/**
 * Until every account that pays for gas can. All that lack are named at once, so that they are funded in one go.
 * @throws CHAIN_UNFUNDED where nobody waits.
 */
export async function requireFunds(options: FundsOptions): Promise<void> {
  const { chain, onMissing, pauseMs = LOOK_AGAIN_MS } = options;
  for (let told = ''; ; await new Promise((resolve) => setTimeout(resolve, pauseMs))) {
    const missing = await missingFunds(options);
    if (Object.keys(missing).length === 0) return;
    if (!onMissing)
      throw refused('CHAIN_UNFUNDED', `Accounts on ${chain.network} need ETH first`, {
        facts: missing,
        remedy: 'Send at least this much to each address, then run drl chain init again.',
      });
    const accounts = Object.keys(missing).join();
    if (accounts !== told) onMissing(missing);
    told = accounts;
  }
}

async function missingFunds({ rpc, chain, roles }: FundsOptions): Promise<MissingFunds> {
  const block = await rpc.send<{ baseFeePerGas?: string }>('eth_getBlockByNumber', ['latest', false]);
  const ceiling = BigInt(chain.maxFeePerGasWei);
  const twice = 2n * BigInt(block.baseFeePerGas ?? 0) + (3n * GWEI) / 2n;
  const price = twice < ceiling ? twice : ceiling;
  const missing: Record<string, string> = {};
  for (const [role, gas] of Object.entries(GAS_NEEDS) as [SignerRole, bigint][]) {
    const wei = gas * price - BigInt(await rpc.send<string>('eth_getBalance', [roles[role], 'latest']));
    if (wei > 0n) missing[`${role} ${roles[role]}`] = `${ether(wei)} ETH missing`;
  }
  return missing;
}

const ether = (wei: bigint): string => {
  const rounded = (wei + 10n ** 12n - 1n) / 10n ** 12n; // up to a millionth
  return `${rounded / 1_000_000n}.${String(rounded % 1_000_000n).padStart(6, '0')}`;
};
