import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FilesystemObjectStore } from '../adapters/object-store/filesystem.ts';
import { loadSettings } from '../config/load.ts';
import { STAGES } from '../config/schema.ts';
import { openChainForReading } from '../local/chain/open.ts';
import type { DailyDocument } from '../local/daily.ts';
import { existingHome } from '../local/home.ts';
import { ROOT } from '../local/settings.ts';
import { AuditedLedger } from '../local/verify/ledger.ts';
import { type Verification, type Verifier, verifyTarget } from '../local/verify/verify.ts';

const DRL = fileURLToPath(new URL('../local/bin/drl.mjs', import.meta.url));
/** The whole line with the least training: what is tested here is that the parts meet, not that a policy learns. */
const SMALL = { training: { totalSteps: 4096 }, learningControl: { totalSteps: 4096 } };

let folder: string;
let home: string;
let config: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'drl-daily-'));
  home = join(folder, 'home');
  config = join(folder, 'config.json');
  writeFileSync(config, JSON.stringify(SMALL));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function drl<T>(...args: string[]): Promise<{ code: number; document: T; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [DRL, ...args, ...(args.includes('--home') ? [] : ['--home', home]), '--json', '--config', config],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (code) => {
      try {
        resolve({ code: code ?? -1, document: JSON.parse(stdout) as T, stderr });
      } catch {
        reject(new Error(`no JSON on stdout (exit ${code}): ${stdout.slice(0, 500)}\n${stderr.slice(-2000)}`));
      }
    });
  });
}

/** The chain of the home for a reader, and what verifies with it in this process; decisions are not computed again. */
async function auditor() {
  const opened = await openChainForReading({
    home: existingHome(home),
    settings: loadSettings({ root: ROOT }),
    rpcUrl: null,
  });
  if (!opened) throw new Error('the home has no chain');
  const { rpc, deployment, close } = opened;
  const ledger = new AuditedLedger(rpc, deployment.startBlock);
  const open: Verifier = {
    store: new FilesystemObjectStore(join(home, 'store')),
    ledger,
    contract: null,
    runtimes: [],
  };
  return { open, rpcUrl: rpc.url, contract: deployment.contract, close };
}

const total = (weights: Record<string, number>): number => Object.values(weights).reduce((sum, bps) => sum + bps, 0);

describe('the line, from the bundled data to the chain and back', () => {
  let first: DailyDocument;
  let transaction: string;
  const day = ['run', 'daily', '--date', '2026-10-28'];

  it('decides, settles and reports a day once, of two runs at once; the champion decides, and it says why the challenger did not', async () => {
    const both = await Promise.all([drl<DailyDocument>(...day), drl<DailyDocument>(...day)]);
    expect(both.map(({ code }) => code).sort()).toEqual([0, 3]);
    expect(both.find(({ code }) => code === 3)?.document).toMatchObject({
      error: { code: 'HOME_BUSY', facts: { command: 'run daily' } },
    });
    const document = both.find(({ code }) => code === 0)?.document as DailyDocument;
    first = document;
    expect(document.stages.map(({ stage }) => stage).sort()).toEqual([...STAGES].sort());
    expect(document.stages.every(({ status }) => status === 'done')).toBe(true);
    expect(document.champion).toMatchObject({ kind: 'baseline' });
    expect(document.challenger).toMatchObject({ verdict: 'rejected' });
    expect(
      document.challenger?.gates.filter(({ group }) => group === 'alpha').some(({ pass, reason }) => !pass && reason),
    ).toBe(true);
    expect(document.challenger?.gates.find(({ gate }) => gate === 'pbo')).toMatchObject({
      value: null,
      pass: false,
      reason: expect.stringContaining('too little evidence'),
    });
    expect(Object.keys(document.outOfSample)).toEqual(
      expect.arrayContaining([
        'equalWeight',
        'inverseVolatility',
        'volTargetEqualWeight',
        'minVariance',
        'hrp',
        'maxSharpe',
        'buyAndHold',
      ]),
    );
    expect(total(document.decision?.weightsBps ?? {})).toBe(10_000);
    expect(document.decision?.previousBps).toMatchObject({ CASH: 10_000 });
    expect(document.settlement).toMatchObject({ status: 'finalized', epoch: 1 });
    expect(document.reconcile).toEqual({ differences: [] });
    expect(readFileSync(document.paths.report ?? '', 'utf8')).toContain('Source: ECB statistics');
    expect(readdirSync(document.paths.model ?? '')).toEqual(
      expect.arrayContaining(['gate-report.json', 'manifest.json', 'model.json', 'policy.onnx']),
    );
    transaction = document.settlement?.transaction ?? '';
  }, 120_000);

  it('run again changes nothing, and gives the first run back', async () => {
    const { code, document } = await drl<DailyDocument>('run', 'daily', '--date', '2026-10-28');
    expect(code).toBe(0);
    expect(document.stages.every(({ status }) => status === 'unchanged')).toBe(true);
    expect({ ...document, stages: null }).toEqual({ ...first, stages: null });
  }, 60_000);

  it('the next day continues from the book that it holds', async () => {
    const { code, document } = await drl<{ days: DailyDocument[] }>(
      'run',
      'daily',
      '--from',
      '2026-10-29',
      '--to',
      '2026-10-31',
    );
    const [next, friday, saturday] = document.days;
    expect(code).toBe(0);
    expect(next.decision?.previousBps.CASH).toBeLessThan(10_000);
    expect(next.settlement).toMatchObject({ status: 'finalized', epoch: 2 });
    expect(friday.settlement).toMatchObject({ status: 'finalized', epoch: 3 });
    expect(friday.stages.map(({ stage }) => stage)).not.toContain('train');
    expect(saturday).toMatchObject({
      decision: null,
      settlement: null,
      stages: [{ stage: 'ingest', status: 'closed' }],
    });
  }, 120_000);

  it('a day before the book is refused', async () => {
    const { code, document } = await drl<{ error: { code: string; remedy: string } }>(
      'run',
      'daily',
      '--date',
      '2026-10-27',
    );
    expect(code).toBe(3);
    expect(document.error.remedy).toBeTruthy();
  }, 120_000);

  it('every link from the transaction to the raw bytes holds', async () => {
    const { code, document } = await drl<Verification>('verify', transaction);
    expect(document.links.filter(({ ok }) => !ok)).toEqual([]);
    expect(code).toBe(0);
    expect(document).toMatchObject({ ok: true, transaction });
    const names = document.links.map(({ link }) => link);
    for (const link of [
      'transaction',
      'event',
      'order',
      'decision',
      'model',
      'training record',
      'gate report',
      'features',
      'embeddings',
      'graph snapshot',
      'dataset',
      'file',
      'replay (exact)',
      'replay (onnx)',
    ])
      expect(names).toContain(link);
  }, 60_000);

  it('one byte flipped anywhere is found, in every file that the decision rests on', async () => {
    const { open, close } = await auditor();
    try {
      const whole = await verifyTarget(open, transaction);
      expect(whole).toMatchObject({ ok: true, broken: null, ordered: { epoch: 1 } });
      const store = join(home, 'store');
      const folders = [...new Set(whole.links.map(({ path }) => join(store, path)))].filter(existsSync);
      const pointer = join(store, 'main', 'pointers', 'settlements', `${whole.decision}.json`);
      const files = folders
        .filter((path) => statSync(path).isDirectory())
        .flatMap((path) => readdirSync(path).map((name) => join(path, name)));
      expect(files.length).toBeGreaterThan(25);
      for (const file of [...files, pointer]) {
        const bytes = readFileSync(file);
        const flipped = Uint8Array.from(bytes);
        flipped[((bytes.length * 2) / 3) | 0] ^= 1;
        writeFileSync(file, flipped);
        const { ok, links } = await verifyTarget(open, transaction);
        writeFileSync(file, bytes);
        expect([file, ok, links.some((link) => !link.ok)]).toEqual([file, false, true]);
      }
      expect((await verifyTarget(open, transaction)).ok).toBe(true);
    } finally {
      await close();
    }
  }, 60_000);

  it('an auditor needs the URL of a node and the store, and nothing else of ours', async () => {
    const { rpcUrl, contract, close } = await auditor();
    const copy = join(folder, 'copy');
    cpSync(join(home, 'store'), copy, { recursive: true });
    const verify = (...args: string[]) =>
      drl<Verification>(
        'verify',
        transaction,
        '--home',
        join(folder, 'nowhere'),
        '--store',
        copy,
        '--rpc',
        rpcUrl,
        ...args,
      );
    try {
      const proved = await verify('--contract', contract);
      expect(proved.document).toMatchObject({ ok: true, chain: { contract, final: true } });
      expect(proved.code).toBe(0);
      const pinned = await verify('--contract', `0x${'1'.repeat(40)}`);
      expect(pinned.document).toMatchObject({ ok: false, broken: 'contract' });
      expect(pinned.code).toBe(3);
    } finally {
      await close();
    }
  }, 60_000);

  it('one flipped byte of the model is found and named, and nothing decides with it', async () => {
    const policy = join(first.paths.model ?? '', 'policy.onnx');
    const bytes = readFileSync(policy);
    const flipped = Uint8Array.from(bytes);
    flipped[flipped.length >> 1] ^= 1;
    writeFileSync(policy, flipped);
    const { code, document } = await drl<Verification>('verify', transaction);
    expect(code).toBe(3);
    expect(document.links.find(({ ok }) => !ok)).toMatchObject({
      link: 'model',
      detail: expect.stringContaining('policy.onnx'),
    });
    writeFileSync(policy, bytes);
    expect((await drl<Verification>('verify', transaction)).code).toBe(0);
  }, 60_000);
});
