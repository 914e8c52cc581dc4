import { createEvmChain, type Deployment } from '../../adapters/chain/evm.ts';
import type { PortfolioChain } from '../../adapters/chain/port.ts';
import { createRpc, type Rpc } from '../../adapters/chain/rpc.ts';
import { createMarketData } from '../../adapters/market-data/create.ts';
import { localSigners } from '../../adapters/signer/local-key.ts';
import { SIGNER_ROLES, type Signers } from '../../adapters/signer/port.ts';
import type { Settings } from '../../config/schema.ts';
import { refused } from '../../domain/errors.ts';
import { hashOf } from '../../domain/lineage/canonical.ts';
import type { Home } from '../home.ts';
import { ROOT } from '../settings.ts';
import { type LocalChain, startLocalChain } from './anvil.ts';
import { carryApprovals } from './approvals.ts';
import { type Asset, ledgerAssets } from './assets.ts';
import { withAwsRoles } from './aws-roles.ts';
import { deploymentsFile, deploymentsOf, readDeployments, recordDeployment } from './deployments.ts';
import type { MissingFunds } from './funds.ts';
import { initChain } from './init.ts';
import { type DeploymentRecord, readRecord, recordFile, writeRecord } from './records.ts';
import { universeAssets } from './universe-assets.ts';

/** Blocks after which a mined transaction of the local chain is final. */
const BLOCKS_TO_FINAL = 2;

export interface OpenedChain {
  chain: PortfolioChain;
  rpcUrl: string;
  signers: Signers;
  /**
   * Deploys what is missing and brings limits and roles to the configuration, for the assets that the source has now; the record is kept in the home. Waits for funds where
   * `onMissingFunds` is given.
   */
  init(onMissingFunds?: (missing: MissingFunds) => void): Promise<Deployment>;
  /** On the local chain: make what was sent final and save it. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenChainOptions {
  home: Home;
  settings: Settings;
}

/**
 * The chain of a home. The local one is started, and its ledger made at the first use; a chain by URL is used as it is, and its
 * ledger made by `drl chain init`.
 */
export async function openChain({ home, settings }: OpenChainOptions): Promise<OpenedChain> {
  const { chain: chainConfig } = settings.config;
  const signers = await withAwsRoles(localSigners(home.keys));
  const local = chainConfig.rpcUrl === null ? await startLocalChain({ home: home.path }) : null;
  const rpcUrl = local?.rpcUrl ?? String(chainConfig.rpcUrl);
  const ledger = { home, settings, signers, rpcUrl };
  return {
    chain: createEvmChain({
      rpcUrl,
      witnessUrl: chainConfig.witnessRpcUrl,
      chainConfig,
      signers,
      deployment: local
        ? () => initLedger(ledger)
        : async () => readRecord(recordFileOf(home, settings))?.deployment ?? null,
      onPoll: local ? pollOf(local) : undefined,
    }),
    rpcUrl,
    signers,
    init: (onMissingFunds) => initLedger({ ...ledger, reread: true, onMissingFunds }),
    settle: async () => local?.mine(BLOCKS_TO_FINAL),
    close: async () => local?.stop(),
  };
}

export interface ReadableChain {
  chain: PortfolioChain;
  rpc: Rpc;
  deployment: Deployment;
  /** Assets with their groups, as the ledger was made for them. */
  assets: readonly Asset[];
  close(): Promise<void>;
}

/**
 * The chain for a reader (`drl verify`): beside the process that owns the home, or alone after it has ended. Nothing is sent,
 * deployed or saved. null: this home has no ledger, and so no chain to read.
 */
export async function openChainForReading({
  home,
  settings,
  rpcUrl,
}: OpenChainOptions & { rpcUrl: string | null }): Promise<ReadableChain | null> {
  const record = readRecord(recordFileOf(home, settings));
  if (!record) return null;
  const { chain: chainConfig } = settings.config;
  const given = rpcUrl ?? chainConfig.rpcUrl;
  const local = given === null ? await startLocalChain({ home: home.path, readOnly: true }) : null;
  const rpc = createRpc(local?.rpcUrl ?? String(given));
  const { deployment, assets } = record;
  const chain = createEvmChain({ rpcUrl: rpc.url, chainConfig, signers: NO_SIGNERS, deployment, rpc });
  return { chain, rpc, deployment, assets, close: async () => local?.stop() };
}

const noKey = async (): Promise<never> => {
  throw refused('CHAIN_READ_ONLY', 'The chain was opened for reading: nothing is signed');
};

/** A reader needs no key of the home. */
const NO_SIGNERS = Object.fromEntries(
  SIGNER_ROLES.map((role) => [role, { address: noKey, signDigest: noKey }]),
) as unknown as Signers;

const pollOf = (local: LocalChain) => () => local.mine(BLOCKS_TO_FINAL);

const recordFileOf = (home: Home, { config, universe }: Settings): string =>
  recordFile(home.chain, config.chain.chainId, config.strategy, universe.id);

async function initLedger({
  home,
  settings,
  signers,
  rpcUrl,
  reread = false,
  onMissingFunds,
}: OpenChainOptions & {
  signers: Signers;
  rpcUrl: string;
  /** Whether the list of assets is read from the source although it is known. */
  reread?: boolean;
  onMissingFunds?: ((missing: MissingFunds) => void) | undefined;
}): Promise<Deployment> {
  const { config, universe } = settings;
  const file = recordFileOf(home, settings);
  const known = readRecord(file);
  // what lies on a network that others see is written down where they look
  const published = config.chain.rpcUrl === null ? null : deploymentsFile(ROOT, config.chain.network);
  const assets = await assetsOf(home, settings, reread ? null : known);
  const deployment = await initChain({
    chain: config.chain,
    rpcUrl,
    signers,
    strategy: config.strategy,
    universe: universe.id,
    assets: assets.list,
    limits: universe.limits,
    known: known?.deployment ?? null,
    factory: published ? (readDeployments(published)?.factory ?? null) : null,
    onMissingFunds,
  });
  if (known && known.deployment.contract !== deployment.contract) {
    await carryApprovals({
      rpc: createRpc(rpcUrl),
      chain: config.chain,
      approver: signers.approver,
      from: known.deployment,
      to: deployment,
    });
  }
  writeRecord(file, { deployment, assets: assets.list, source: assets.source });
  if (published)
    recordDeployment(
      published,
      deploymentsOf(config.chain.network, deployment, ledgerAssets(assets.list, universe.limits).groups),
    );
  return deployment;
}

/** The list of assets, read from the source again only when the universe names another one. */
async function assetsOf(
  home: Home,
  { universe }: Settings,
  known: DeploymentRecord | null,
): Promise<{ list: DeploymentRecord['assets']; source: string }> {
  const source = hashOf({ provider: universe.provider, members: universe.members });
  if (known?.source === source && universe.provider.kind !== 'ecb-http') return { list: known.assets, source };
  return {
    list: await universeAssets(createMarketData(universe.provider, { root: ROOT, home: home.path }), universe),
    source,
  };
}
