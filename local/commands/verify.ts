import { FilesystemObjectStore } from '../../adapters/object-store/filesystem.ts';
import type { PolicyRuntime } from '../../adapters/policy-runtime/port.ts';
import { badInput } from '../../domain/errors.ts';
import { existingHome } from '../home.ts';
import { readSettings } from '../settings.ts';
import { table } from '../table.ts';
import { checkEverything } from '../verify/all.ts';
import { type Verification, verifyTarget } from '../verify/verify.ts';
import { type CommonOptions, parseDate, printJson } from './args.ts';

type VerifyOptions = CommonOptions & { all?: boolean; since?: string; rpc?: string };
const REFUSED = 3;

/** Exit 0 when every link holds, 3 when one is broken. Takes no lock and changes nothing: it runs beside `drl start`. */
export async function verify(target: string | undefined, options: VerifyOptions): Promise<number> {
  if ((target === undefined) === (options.all !== true)) {
    throw badInput('USAGE', 'Name a transaction or a decision, or --all', {
      remedy: 'drl verify <transaction | decision>, or drl verify --all',
    });
  }
  const home = existingHome(options.home);
  const settings = readSettings(options, home);
  const store = new FilesystemObjectStore(home.store);
  const { openChainForReading } = await import('../chain/open.ts');
  const opened = await openChainForReading({ home, settings, rpcUrl: options.rpc ?? null });
  try {
    const verifier = { store, chain: opened?.chain ?? null, runtimes: await runtimes() };
    if (target !== undefined) {
      const result = await verifyTarget(verifier, target);
      if (options.json) printJson(result);
      else print(result);
      return result.ok ? 0 : REFUSED;
    }
    const result = await checkEverything(
      verifier,
      options.since === undefined ? null : parseDate(options.since, '--since'),
    );
    if (options.json) printJson(result);
    else {
      console.log(`${result.objects} stored objects, ${result.decisions.length} decisions checked`);
      for (const link of result.links.filter((each) => !each.ok))
        console.log(`BROKEN  ${link.link}  ${link.path}: ${link.detail}`);
      console.log(result.ok ? 'every link holds' : 'broken');
    }
    return result.ok ? 0 : REFUSED;
  } finally {
    await opened?.close();
  }
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
