import { PORTFOLIO } from '../../adapters/chain/codec.ts';
import { createRpc } from '../../adapters/chain/rpc.ts';
import { sendAndWait } from '../../adapters/chain/transactions.ts';
import { nextLocalSigner } from '../../adapters/signer/local-key.ts';
import type { SignerRole } from '../../adapters/signer/port.ts';
import type { Settings } from '../../config/schema.ts';
import { refused } from '../../domain/errors.ts';
import type { Home } from '../home.ts';
import { CONTRACT_ROLES } from './init.ts';
import type { OpenedChain } from './open.ts';

/** Stop the ledger (guardian) or start it again (admin). Returns the transaction; null: it is so already. */
export async function setPaused(opened: OpenedChain, settings: Settings, paused: boolean): Promise<string | null> {
  const contract = await requireContract(opened);
  if ((await opened.chain.state()).paused === paused) return null;
  const signer = paused ? opened.signers.guardian : opened.signers.admin;
  const data = PORTFOLIO.encodeFunctionData(paused ? 'pause' : 'unpause');
  const receipt = await sendAndWait(createRpc(opened.rpcUrl), settings.config.chain, signer, { to: contract, data });
  await opened.settle();
  return receipt.transactionHash;
}

/** Give a role to the next local key: first on the chain, then in the key file, so that a cut in between leaves the old key in force. */
export async function rotateRole(
  opened: OpenedChain,
  settings: Settings,
  home: Home,
  role: SignerRole,
): Promise<{ transaction: string; address: string }> {
  const index = CONTRACT_ROLES.indexOf(role as (typeof CONTRACT_ROLES)[number]);
  if (index < 0) {
    throw refused('CHAIN_ROTATE_ADMIN', 'The admin changes in two steps, which one key alone cannot take', {
      facts: { role },
      remedy: 'Call proposeAdmin with the present key and acceptAdmin with the new one.',
    });
  }
  const contract = await requireContract(opened);
  const { signer, keep } = nextLocalSigner(home.keys, role);
  const address = await signer.address();
  const data = PORTFOLIO.encodeFunctionData('setRole', [index, address]);
  const rpc = createRpc(opened.rpcUrl);
  const receipt = await sendAndWait(rpc, settings.config.chain, opened.signers.admin, { to: contract, data });
  keep();
  await opened.settle();
  return { transaction: receipt.transactionHash, address };
}

async function requireContract({ chain }: OpenedChain): Promise<string> {
  const contract = await chain.contract();
  if (contract) return contract;
  throw refused('CHAIN_NOT_INITIALISED', 'There is no ledger of this strategy on the chain', {
    facts: { network: chain.network, chainId: chain.chainId },
    remedy: 'drl chain init',
  });
}
