import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { STAGES } from '../config/schema.ts';
import type { DailyDocument } from '../local/daily.ts';
import type { Verification } from '../local/verify/verify.ts';

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
    const child = spawn(process.execPath, [DRL, ...args, '--json', '--home', home, '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
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
