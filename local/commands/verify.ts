import { existsSync } from 'node:fs';
import { getAddress, isAddress } from 'ethers';
import { createRpc } from '../../adapters/chain/rpc.ts';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import type { ObjectStore } from '../../adapters/object-store/port.ts';
import type { PolicyRuntime } from '../../adapters/policy-runtime/port.ts';
import { badInput } from '../../domain/errors.ts';
import { deployedOn } from '../chain/deployments.ts';
import { existingHome } from '../home.ts';
import { ROOT, readSettings } from '../settings.ts';
import { table } from '../table.ts';
import { checkEverything } from '../verify/all.ts';
import { AuditedChain } from '../verify/ledger.ts';
import type { Trust } from '../verify/settlement-links.ts';
import { type Verification, type Verifier, verifyTarget } from '../verify/verify.ts';
import { type CommonOptions, parseDate, printJson } from './args.ts';

type VerifyOptions = CommonOptions & { all?: boolean; since?: string; rpc?: string; store?: string; contract?: string };
const REFUSED = 3;

/** Exit 0 when every link holds, 3 when one is broken. Takes no lock and changes nothing: it runs beside `drl start`. */
export async function verify(target: string | undefined, options: VerifyOptions): Promise<number> {
  if ((target === undefined) === (options.all !== true)) {
    throw badInput('USAGE', 'Name a transaction or a decision, or --all', {
      remedy: 'drl verify <transaction | decision>, or drl verify --all',
    });
  }
  const since = options.since === undefined ? null : parseDate(options.since, '--since');
  const { verifier, close } =
    options.store === undefined ? await ofHome(options) : await ofStore(options.store, options);
  try {
    if (target !== undefined) {
      const result = await verifyTarget(verifier, target);
      if (options.json) printJson(result);
      else print(result);
      return result.ok ? 0 : REFUSED;
    }
    const result = await checkEverything(verifier, since);
    if (options.json) printJson(result);
    else {
      const unsettled = result.decisions.filter(({ settled }) => !settled).length;
      const waiting = unsettled === 0 ? '' : `, ${unsettled} of them not settled`;
      console.log(`${result.objects} stored objects, ${result.decisions.length} decisions checked${waiting}`);
      for (const link of result.links.filter((each) => !each.ok))
        console.log(`BROKEN  ${link.link}  ${link.path}: ${link.detail}`);
      console.log(result.ok ? 'every link holds' : 'broken');
    }
    return result.ok ? 0 : REFUSED;
  } finally {
    await close();
  }
}

interface Opened {
  verifier: Verifier;
  close(): Promise<void>;
}

/** The auditor's machine: an object store and the URL of a node, nothing of ours. */
async function ofStore(place: string, { rpc, contract }: VerifyOptions): Promise<Opened> {
  if (rpc === undefined)
    throw badInput('USAGE', 'A store alone is no proof: the chain is read too', {
      facts: { option: '--rpc' },
      remedy: 'drl verify <transaction> --store <folder | s3://bucket> --rpc <url> [--contract <address>]',
    });
  const chain = new AuditedChain(createRpc(rpc));
  const trust = contract === undefined ? await ofDeployments(chain) : ofOption(contract);
  return {
    verifier: { store: await openStore(place), chain, trust, runtimes: await runtimes() },
    close: async () => {},
  };
}

function ofOption(contract: string): Trust {
  if (isAddress(contract)) return { contracts: [getAddress(contract)], creators: [] };
  throw badInput('USAGE', 'A contract is named by its address', {
    facts: { option: '--contract', value: contract },
    remedy: 'For example --contract 0x333265B01b0CDf05A2FFb2a5828B967826BBDd9A (drl chain status shows it).',
  });
}

/** The ledgers that this checkout says were deployed on the chain; null: it says nothing. */
async function ofDeployments(chain: AuditedChain): Promise<Trust | null> {
  const contracts = deployedOn(ROOT, await chain.chainId());
  return contracts.length === 0 ? null : { contracts, creators: [] };
}

async function openStore(place: string): Promise<ObjectStore> {
  const bucket = /^s3:\/\/([^/]+)\/?$/.exec(place)?.[1];
  if (bucket === undefined) {
    if (existsSync(place)) return new FilesystemObjectStore(place);
    throw badInput('STORE_MISSING', 'There is no such folder', {
      facts: { option: '--store', value: place },
      remedy: 'Name the folder of an object store (<home>/store, or a copy of it), or s3://bucket.',
    });
  }
  const { S3ObjectStore } = await import('../../adapters/object-store/s3.ts');
  return new S3ObjectStore(bucket);
}

/** A home: its store, its chain, and the ledgers that its own account made. */
async function ofHome(options: VerifyOptions): Promise<Opened> {
  const home = existingHome(options.home);
  const { openChainForReading } = await import('../chain/open.ts');
  const settings = readSettings(options, home);
  const opened = await openChainForReading({ home, settings, rpcUrl: options.rpc ?? null });
  const chain = opened && new AuditedChain(opened.rpc);
  const verifier = {
    store: new FilesystemObjectStore(home.store),
    chain,
    trust:
      options.contract === undefined ? await ofRecord(chain, opened?.deployment.contract) : ofOption(options.contract),
    runtimes: await runtimes(),
  };
  return { verifier, close: async () => opened?.close() };
}

/** The ledger of the home's record, and those that the same account made before it for other lists of assets. */
async function ofRecord(chain: AuditedChain | null, contract: string | undefined): Promise<Trust | null> {
  if (!chain || contract === undefined) return null;
  const ledger = await chain.ledger(contract);
  return { contracts: [contract], creators: ledger.ok ? [ledger.origin.creator] : [] };
}

async function runtimes(): Promise<PolicyRuntime[]> {
  const [{ exactRuntime }, { onnxRuntime }] = await Promise.all([
    import('../../adapters/policy-runtime/exact.ts'),
    import('../../adapters/policy-runtime/onnx.ts'),
  ]);
  return [exactRuntime, onnxRuntime];
}

function print(result: Verification): void {
  console.log(
    table(
      ['link', 'result', 'what was checked', 'where'],
      result.links.map((link) => [link.link, link.ok ? 'ok' : 'BROKEN', link.detail, link.path]),
      4,
    ),
  );
  console.log(`\n${verdict(result)}`);
}

function verdict({ links, decision, chain, pinned }: Verification): string {
  const first = links.find((link) => !link.ok);
  if (first) return `broken: the first broken link is ${first.link}: ${first.detail}`;
  const proved = `proved: decision ${decision} rests on what it says it rests on`;
  const notes = [
    ...(chain?.final ? [] : ['the transaction is not final yet']),
    ...(pinned ? [] : [`nobody said that ${chain?.contract} is the strategy's ledger: name it with --contract`]),
  ];
  return [proved, ...notes].join('\nbut ');
}
