import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { PROVIDER_KEYS, providersOf, type SingleProvider } from '../../domain/market/provider-config.ts';
import { existingHome, homeOwner } from '../home.ts';
import { readSettings } from '../settings.ts';
import { table } from '../table.ts';
import { type CommonOptions, printJson } from './args.ts';

interface Check {
  what: string;
  need: 'required' | 'optional';
  ok: boolean;
  found: string;
  remedy: string;
}

/** What this machine has and lacks. Exit 0 when everything required is there, else 1. */
export async function doctor(options: CommonOptions): Promise<number> {
  const checks = [
    nodeVersion(),
    machine(),
    ...(await engines()),
    homeState(options.home),
    ...providerKeys(options),
    ...optionalTools(),
  ];
  const ok = checks.every((check) => check.ok || check.need === 'optional');
  if (options.json) printJson({ ok, checks });
  else {
    console.log(
      table(
        ['check', 'need', 'result', 'found'],
        checks.map((check) => [
          check.what,
          check.need,
          check.ok ? 'ok' : check.need === 'required' ? 'MISSING' : 'absent',
          check.found,
        ]),
        4,
      ),
    );
    for (const check of checks.filter((each) => !each.ok))
      console.log(`${check.need === 'required' ? 'fix' : 'if wanted'}: ${check.what}: ${check.remedy}`);
  }
  return ok ? 0 : 1;
}

const nodeVersion = (): Check => ({
  what: 'Node.js',
  need: 'required',
  ok: Number(process.versions.node.split('.')[0]) >= 24,
  found: process.version,
  remedy: 'Run "npm ci": it brings Node 24 for Linux and Windows; on macOS install Node 24.',
});

function machine(): Check {
  const memory = totalmem() / 2 ** 30;
  return {
    what: 'cores, memory',
    need: 'required',
    ok: memory > 3,
    found: `${cpus().length} cores, ${memory.toFixed(0)} GiB`,
    remedy: 'Training and the tests want at least 4 GiB.',
  };
}

async function engines(): Promise<Check[]> {
  const tries: [string, () => Promise<unknown>][] = [
    ['ONNX Runtime', () => import('onnxruntime-node')],
    ['PGlite (embedded PostgreSQL)', () => import('@electric-sql/pglite')],
    ['Ladybug (embedded graph)', () => import('@ladybugdb/core')],
    [
      'anvil (local chain)',
      async () => {
        const { anvilBinary } = await import('../chain/anvil.ts');
        accessSync(anvilBinary(), constants.X_OK);
      },
    ],
  ];
  return Promise.all(
    tries.map(async ([what, load]): Promise<Check> => {
      const error = await load().then(
        () => null,
        (cause: Error) => cause.message.split('\n')[0],
      );
      return {
        what,
        need: 'required',
        ok: error === null,
        found: error ?? 'loads',
        remedy: 'Run "npm ci" again on this machine.',
      };
    }),
  );
}

function homeState(folder: string): Check {
  const path = resolve(folder);
  const base = { what: 'home folder', need: 'required' as const, remedy: 'Name a writable folder with --home.' };
  if (!existsSync(path)) return { ...base, ok: true, found: 'not made yet' };
  try {
    const owner = homeOwner(existingHome(folder));
    accessSync(path, constants.W_OK);
    const free = statfsSync(path);
    return {
      ...base,
      ok: true,
      found: `${path}, ${((free.bavail * free.bsize) / 2 ** 30).toFixed(0)} GiB free${owner ? `, owned by pid ${owner.pid}` : ''}`,
    };
  } catch (error) {
    return { ...base, ok: false, found: (error as Error).message };
  }
}

/** What the market data of the universe needs and the environment lacks. */
function providerKeys(options: CommonOptions): Check[] {
  let kinds: string[];
  try {
    kinds = providersOf(readSettings(options, existingHome(options.home)).universe.provider).map(({ kind }) => kind);
  } catch (error) {
    const found = (error as Error).message;
    return [{ what: 'configuration', need: 'required', ok: false, found, remedy: 'Correct the configuration.' }];
  }
  return [...new Set(kinds)].flatMap((kind) =>
    (PROVIDER_KEYS[kind as SingleProvider['kind']] ?? []).map((name) => ({
      what: `${name} (market data: ${kind})`,
      need: 'required' as const,
      ok: Boolean(process.env[name]?.trim()),
      found: process.env[name]?.trim() ? 'set' : 'not set',
      remedy: `Set the variable ${name} in the environment.`,
    })),
  );
}

function optionalTools(): Check[] {
  const tools: [string, string, string[], string][] = [
    ['Java (a real Neo4j in the slow tests)', 'java', ['-version'], 'Install a JDK 17 or newer.'],
    ['Python 3 (peer comparisons)', 'python3', ['--version'], 'Install Python 3.11 or newer.'],
    [
      'PostgreSQL server (ledger races in the slow tests)',
      'pg_config',
      ['--version'],
      'Install the postgresql package of your system.',
    ],
    ['Chromium (screenshots)', 'chromium', ['--version'], 'Install the chromium package of your system.'],
  ];
  return tools.map(([what, command, args, remedy]) => {
    const result = spawnSync(command, args, { encoding: 'utf8' });
    const line = `${result.stdout ?? ''}${result.stderr ?? ''}`.split('\n').find((text) => text.trim() !== '') ?? '';
    return {
      what,
      need: 'optional',
      ok: result.status === 0,
      found: result.status === 0 ? line.trim() : 'not found',
      remedy,
    };
  });
}
