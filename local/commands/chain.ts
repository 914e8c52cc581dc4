import { createRpc } from '../../adapters/chain/rpc.ts';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import { getPointer } from '../../adapters/object-store/port.ts';
import { SIGNER_ROLES, type SignerRole } from '../../adapters/signer/port.ts';
import { loadSettings } from '../../config/load.ts';
import type { Settings } from '../../config/schema.ts';
import { badInput, ProductError, refused } from '../../domain/errors.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { rotateRole, setPaused } from '../chain/administer.ts';
import { ledgerAssets } from '../chain/assets.ts';
import { publishDeployment } from '../chain/aws-roles.ts';
import {
  checkDeployments,
  type DeploymentCheck,
  deploymentsFile,
  deploymentsOf,
  readDeployments,
} from '../chain/deployments.ts';
import type { MissingFunds } from '../chain/funds.ts';
import { type LimitsOnChain, loosenings, readLimits } from '../chain/limits.ts';
import { type OpenedChain, openChain, openChainForReading, type ReadableChain } from '../chain/open.ts';
import { type LedgerStatus, type RoleHolder, readRoles, readStatus } from '../chain/read.ts';
import { existingHome, type Home, type HomeLock, lockHome, openHome } from '../home.ts';
import { ROOT, readSettings } from '../settings.ts';
import { table } from '../table.ts';
import { type CommonOptions, printJson } from './args.ts';

const REFUSED = 3;

/** The ledger on the chain. Looking takes no lock; what sends takes the home's, but for pause and unpause, which must always work. */
export async function chain(verb: string, words: readonly string[], options: CommonOptions): Promise<number> {
  if (verb === 'status') await read(options, readStatus, printStatus);
  else if (verb === 'roles') await read(options, readRoles, printRoles);
  else if (verb === 'check') return check(options);
  else if (verb === 'init') await send(options, 'chain init', init);
  else if (verb === 'rotate') await send(options, 'chain rotate', rotate(words[0]));
  else await send(options, `chain ${verb}`, pause(verb === 'pause'), true);
  return 0;
}

/** Compares what was deployed with what this checkout compiles to, byte for byte: 3 when anything differs. */
async function check(options: CommonOptions): Promise<number> {
  const checks = await checked(options);
  const broken = checks.filter(({ ok }) => !ok).length;
  if (options.json) printJson({ ok: broken === 0, checks });
  else
    console.log(
      table(
        ['what', 'result', 'what was found'],
        checks.map(({ check, ok, detail }) => [check, ok ? 'ok' : 'DIFFERS', detail]),
        3,
      ),
    );
  return broken === 0 ? 0 : REFUSED;
}

/** A public network by the file in the repository; the local chain by the home's own record. */
async function checked(options: CommonOptions): Promise<DeploymentCheck[]> {
  const { network, rpcUrl } = loadSettings({ root: ROOT, configFile: options.config }).config.chain;
  if (rpcUrl !== null) {
    const file = deploymentsFile(ROOT, network);
    const known = readDeployments(file);
    if (known) return checkDeployments(createRpc(rpcUrl), known);
    throw refused('CHAIN_NOT_INITIALISED', 'Nothing was deployed on this network from this checkout', {
      facts: { network, file },
      remedy: 'drl chain init',
    });
  }
  return ask(options, ({ rpc, deployment, assets }, settings) =>
    checkDeployments(rpc, deploymentsOf(network, deployment, ledgerAssets(assets, settings.universe.limits).groups)),
  );
}

interface Context {
  opened: OpenedChain;
  settings: Settings;
  home: Home;
}

async function read<T>(
  options: CommonOptions,
  question: (chain: ReadableChain) => Promise<T>,
  print: (answer: T) => void,
): Promise<void> {
  const answer = await ask(options, question);
  if (options.json) printJson(answer);
  else print(answer);
}

/** Ask the home's chain something; nothing is locked. */
async function ask<T>(
  options: CommonOptions,
  question: (chain: ReadableChain, settings: Settings) => Promise<T>,
): Promise<T> {
  const home = existingHome(options.home);
  const settings = readSettings(options, home);
  const opened = await openChainForReading({ home, settings, rpcUrl: null });
  if (!opened) {
    throw refused('CHAIN_NOT_INITIALISED', 'This home has no ledger on the chain yet', {
      facts: { home: home.path, strategy: settings.config.strategy, network: settings.config.chain.network },
      remedy: 'drl chain init, or npm start on the local chain.',
    });
  }
  try {
    return await question(opened, settings);
  } finally {
    await opened.close();
  }
}

async function send(
  options: CommonOptions,
  command: string,
  act: (context: Context) => Promise<{ json: unknown; text: string }>,
  besideOwner = false,
): Promise<void> {
  const home = openHome(options.home);
  const settings = readSettings(options, home);
  const lock = tryLock(home, command, besideOwner);
  try {
    const opened = await openChain({ home, settings });
    try {
      const { json, text } = await act({ opened, settings, home });
      if (options.json) printJson(json);
      else console.log(text);
    } finally {
      await opened.close();
    }
  } finally {
    lock?.release();
  }
}

function tryLock(home: Home, command: string, besideOwner: boolean): HomeLock | null {
  try {
    return lockHome(home, command);
  } catch (error) {
    if (besideOwner && error instanceof ProductError && error.code === 'HOME_BUSY') return null;
    throw error;
  }
}

/** Whoever sits before it sends what is missing; it goes on by itself. */
const sayMissing = (missing: MissingFunds): void => {
  const lines = Object.entries(missing).map(([account, amount]) => `  ${account}: ${amount}`);
  process.stderr.write(`${['waiting for funds (Ctrl-C ends it; what is done stays done):', ...lines].join('\n')}\n`);
};

/** Deploys what is missing, and approves the champion, which may have been installed before there was a contract. */
async function init({ opened, settings, home }: Context) {
  const deployment = await opened.init(sayMissing);
  const published = await publishDeployment(deployment);
  const pointer = await getPointer<{ model: ArtifactRef }>(
    new FilesystemObjectStore(home.store),
    settings.config.strategy,
    'champion',
  );
  const approved = pointer ? await opened.chain.approveModel(pointer.value.model.hash) : null;
  await opened.settle();
  const { contract, chainId, assets } = deployment;
  const limits = await readLimits(createRpc(opened.rpcUrl), contract);
  const ledger = `ledger ${contract} on chain ${chainId}, ${assets.length} assets${approved ? `, champion approved by ${approved}` : ''}${published ? ', published to its installation on AWS' : ''}`;
  return {
    json: { ...deployment, championApproval: approved, pendingLimits: limits.pending },
    text: [ledger, ...pendingLines(limits)].join('\n'),
  };
}

/** What is looser and not yet in force, until when, and what to do then. */
function pendingLines({ inForce, pending }: Pick<LimitsOnChain, 'inForce' | 'pending'>): string[] {
  if (!pending) return [];
  const until = new Date(pending.dueAt * 1000).toISOString();
  return [
    `looser limits wait until ${until}: ${loosenings({ inForce, pending }).join(', ')}`,
    'then drl chain init applies them; until then the ledger keeps the tighter ones',
  ];
}

const pause =
  (paused: boolean) =>
  async ({ opened, settings }: Context) => {
    const transaction = await setPaused(opened, settings, paused);
    const state = paused ? 'paused' : 'taking orders';
    return {
      json: { paused, transaction },
      text: transaction ? `the ledger is ${state} (${transaction})` : `the ledger was ${state} already`,
    };
  };

const rotate =
  (word: string | undefined) =>
  async ({ opened, settings, home }: Context) => {
    const role = SIGNER_ROLES.find((each) => each === word);
    if (!role)
      throw badInput('USAGE_ROLE', 'There is no such role', {
        facts: { role: word ?? null, roles: SIGNER_ROLES },
        remedy: 'drl chain rotate strategist',
      });
    const done = await rotateRole(opened, settings, home, role satisfies SignerRole);
    return { json: { role, ...done }, text: `${role} is now ${done.address} (${done.transaction})` };
  };

function printStatus(status: LedgerStatus): void {
  const { state } = status;
  console.log(
    [
      `ledger    ${status.contract} on ${status.network} (chain ${status.chainId}), block ${status.block}`,
      `strategy  ${status.strategy} on ${status.universe}${state.paused ? ', PAUSED' : ''}`,
      `epoch     ${state.epoch}, state ${state.stateHash}`,
      `NAV       ${ratio(state.navE18)}, high-water mark ${ratio(state.highWaterMarkE18)}`,
      '',
      table(
        ['weight', 'bps'],
        Object.entries(state.weightsBps)
          .filter(([, bps]) => bps > 0)
          .map(([symbol, bps]) => [symbol, String(bps)]),
      ),
      '',
      table(
        ['limit', 'value'],
        Object.entries(status.limits).map(([name, value]) => [name, String(value)]),
      ),
      ...pendingLines({ inForce: status, pending: status.pendingLimits }),
      ...(status.pendingAdmin ? [`${status.pendingAdmin} is proposed as admin, and becomes it when it accepts`] : []),
    ].join('\n'),
  );
}

const printRoles = (roles: RoleHolder[]): void =>
  console.log(
    table(
      ['role', 'address', 'ETH'],
      roles.map(({ role, address, balanceWei }) => [role, address, ratio(balanceWei)]),
      2,
    ),
  );

const ratio = (e18: bigint): string => (Number(e18) / 1e18).toFixed(6);
