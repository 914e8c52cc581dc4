import { existsSync } from 'node:fs';
import { createRpc } from '../../adapters/chain/rpc.ts';
import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import type { ObjectStore } from '../../adapters/object-store/port.ts';
import type { PolicyRuntime } from '../../adapters/policy-runtime/port.ts';
import { badInput } from '../../domain/errors.ts';
import { existingHome } from '../home.ts';
import { readSettings } from '../settings.ts';
import { table } from '../table.ts';
import { checkEverything } from '../verify/all.ts';
import { AuditedLedger } from '../verify/ledger.ts';
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
      console.log(`${result.objects} stored objects, ${result.decisions.length} decisions checked`);
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
  const verifier = {
    store: await openStore(place),
    ledger: new AuditedLedger(createRpc(rpc)),
    contract: contract ?? null,
    runtimes: await runtimes(),
  };
  return { verifier, close: async () => {} };
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

/** A home: its store, its chain, and the ledger that it deployed. */
async function ofHome(options: VerifyOptions): Promise<Opened> {
  const home = existingHome(options.home);
  const { openChainForReading } = await import('../chain/open.ts');
  const opened = await openChainForReading({
    home,
    settings: readSettings(options, home),
    rpcUrl: options.rpc ?? null,
  });
  const verifier = {
    store: new FilesystemObjectStore(home.store),
    ledger: opened && new AuditedLedger(opened.rpc, opened.deployment.startBlock),
    // a ledger that was replaced (another list of assets) keeps its history: only who names one pins it
    contract: options.contract ?? null,
    runtimes: await runtimes(),
  };
  return { verifier, close: async () => opened?.close() };
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
  const first = result.links.find((link) => !link.ok);
  console.log(
    first
      ? `\nbroken: the first broken link is ${first.link}: ${first.detail}`
      : `\nproved: decision ${result.decision} rests on what it says it rests on`,
  );
}
