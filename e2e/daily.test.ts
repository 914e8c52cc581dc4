import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FilesystemObjectStore } from '../adapters/object-store/filesystem.ts';
import { getArtifactFile, getManifest, putArtifact } from '../adapters/object-store/port.ts';
import { loadSettings } from '../config/load.ts';
import { STAGES } from '../config/schema.ts';
import { openChainForReading } from '../local/chain/open.ts';
import type { DailyDocument } from '../local/daily.ts';
import { existingHome } from '../local/home.ts';
import { ROOT } from '../local/settings.ts';
import { checkEverything } from '../local/verify/all.ts';
import { AuditedChain } from '../local/verify/ledger.ts';
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
  const trust = { contracts: [deployment.contract], creators: [] };
  const store = new FilesystemObjectStore(join(home, 'store'));
  const open: Verifier = { store, chain: new AuditedChain(rpc), trust, runtimes: [] };
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
  }, 240_000); // room for a busy machine

  it('run again changes nothing, and gives the first run back', async () => {
    const { code, document } = await drl<DailyDocument>('run', 'daily', '--date', '2026-10-28');
    expect(code).toBe(0);
    expect(document.stages.every(({ status }) => status === 'unchanged')).toBe(true);
    expect({ ...document, stages: null }).toEqual({ ...first, stages: null });
  });

  it('has one history, in the ledger and on the chain', async () => {
    const { code, document } = await drl('chain', 'history');
    expect(code).toBe(0);
    expect(document).toMatchObject({ ok: true, settlements: 1, ordersOnChain: 1, differences: [] });
    expect(document).toMatchObject({ history: [{ epoch: 1, nonce: 0, status: 'finalized', transaction }] });
  });

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
  });

  it('a day before the book is refused', async () => {
    const { code, document } = await drl<{ error: { code: string; remedy: string } }>(
      'run',
      'daily',
      '--date',
      '2026-10-27',
    );
    expect(code).toBe(3);
    expect(document.error.remedy).toBeTruthy();
  });

  it('what is deployed is what this checkout compiles to', async () => {
    const { code, document } = await drl<{ ok: boolean; checks: { check: string; ok: boolean }[] }>('chain', 'check');
    expect(document.checks.filter(({ ok }) => !ok)).toEqual([]);
    expect([code, document.ok]).toEqual([0, true]);
  });

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
  });

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
        .flatMap((path) => readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name)))
        // Of the tables by years the newest decade: one partition is read like another.
        .filter((path) => statSync(path).isFile() && !/year=(1|200|201)/.test(path));
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
  });

  it('an auditor needs the URL of a node and the store, and nothing else of ours', async () => {
    const { rpcUrl, contract, close } = await auditor();
    const copy = join(folder, 'copy');
    cpSync(join(home, 'store'), copy, { recursive: true });
    const elsewhere = ['--home', join(folder, 'nowhere'), '--store', copy, '--rpc', rpcUrl];
    try {
      const proved = await drl<Verification>('verify', transaction, ...elsewhere, '--contract', contract);
      expect(proved.document).toMatchObject({ ok: true, pinned: true, chain: { contract, final: true } });
      expect(proved.code).toBe(0);
      const other = await drl<Verification>('verify', transaction, ...elsewhere, '--contract', `0x${'1'.repeat(40)}`);
      expect(other.document).toMatchObject({ ok: false, broken: 'contract' });
      expect(other.code).toBe(3);
    } finally {
      await close();
    }
  });

  it('the audit of all that is stored misses a day that was taken out, swapped or never there', async () => {
    const { open, close } = await auditor();
    try {
      const whole = await checkEverything(open, null);
      expect(whole.links.filter(({ ok }) => !ok)).toEqual([]);
      expect(whole.decisions.map(({ date, settled, ok }) => [date, settled, ok])).toEqual(
        ['2026-10-28', '2026-10-29', '2026-10-30'].map((date) => [date, true, true]),
      );
      expect((await checkEverything(open, '2026-10-30')).decisions).toHaveLength(1);

      const copy = join(folder, 'tampered');
      cpSync(join(home, 'store'), copy, { recursive: true });
      const store = new FilesystemObjectStore(copy);
      const day = (date: string) => join(copy, 'main', 'pointers', 'decisions', 'by-date', `${date}.json`);
      const found = async () =>
        (await checkEverything({ ...open, store }, null)).links.filter(({ ok }) => !ok).map(({ link }) => link);
      const [second, third] = [readFileSync(day('2026-10-29')), readFileSync(day('2026-10-30'))];
      rmSync(day('2026-10-29'));
      expect(await found()).toEqual(['order']);
      writeFileSync(day('2026-10-29'), third);
      writeFileSync(day('2026-10-30'), second);
      expect(await found()).toEqual(['pointer of a day', 'pointer of a day']);
      writeFileSync(day('2026-10-29'), 'x');
      expect(await found()).toContain('pointer of a day');
      const nothing = { ...open, store: new FilesystemObjectStore(join(folder, 'nothing')), trust: null };
      expect(await checkEverything(nothing, null)).toMatchObject({ ok: false, links: [{ link: 'history' }] });
    } finally {
      await close();
    }
  });

  it('a settlement that cannot be read is a broken link, never a crash', async () => {
    const { open, close } = await auditor();
    try {
      const { decision } = await verifyTarget(open, transaction);
      const pointer = JSON.parse(
        readFileSync(join(home, 'store', 'main', 'pointers', 'settlements', `${decision}.json`), 'utf8'),
      );
      const real = await getManifest(open.store, 'main', pointer.settlement);
      const crafted = async (order: unknown, receipt: unknown = {}) => {
        const copy = mkdtempSync(join(folder, 'crafted-'));
        cpSync(join(home, 'store'), copy, { recursive: true });
        const store = new FilesystemObjectStore(copy);
        const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
        const files = {
          ...(order === undefined ? {} : { 'order.json': encode(order) }),
          'receipt.json': encode(receipt),
        };
        const settlement = await putArtifact(store, 'main', {
          kind: 'settlements',
          files,
          inputs: real.inputs,
          facts: real.facts,
        });
        writeFileSync(
          join(copy, 'main', 'pointers', 'settlements', `${decision}.json`),
          JSON.stringify({ settlement }),
        );
        return verifyTarget({ ...open, store }, transaction);
      };
      const order = JSON.parse(
        new TextDecoder().decode(await getArtifactFile(open.store, 'main', pointer.settlement, 'order.json')),
      );
      const unknown = { ...order, order: { ...order.order, weightsBps: { NOBODY: 10_000 } } };
      const late = { ...order, order: { ...order.order, deadline: order.order.deadline + 1 } };
      for (const value of [
        undefined,
        {},
        5,
        unknown,
        late,
        { ...order, attestation: { ...order.attestation, navE18: 'x' } },
      ])
        expect(await crafted(value)).toMatchObject({ ok: false, broken: 'order' });
      expect(await crafted(order, {})).toMatchObject({ ok: false, broken: 'receipt' });
    } finally {
      await close();
    }
  });

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
  });
});
