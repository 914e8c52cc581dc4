import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sha256 } from '../../domain/lineage/canonical.ts';
import type { PpoSettings } from '../../domain/training/settings.ts';
import { buildTrainingJob } from '../../functions/train/job.ts';
import { smallMarket } from '../../functions/train/small-market.ts';

const TRAINER = fileURLToPath(new URL('./main.ts', import.meta.url));
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drl-trainer-process-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Line {
  type: string;
  step?: number;
  code?: string;
  facts?: Record<string, unknown>;
  [name: string]: unknown;
}

/** The trainer as a process of its own; `onLine` sees each line as it comes. */
function trainer(
  onLine: (line: Line, child: ChildProcess) => void = () => {},
  wrap: string[] = [],
  flags: string[] = [],
) {
  const command = [...wrap, process.execPath, '--disable-warning=ExperimentalWarning', ...flags, TRAINER, folder];
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: Line[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (text) => {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    onLine(line, child);
  });
  return new Promise<{ code: number | null; lines: Line[] }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, lines }));
  });
}

async function lay(files: Record<string, Uint8Array>): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'input'), { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, 'input', name), bytes);
}

const job = (training: Partial<PpoSettings> = {}) =>
  buildTrainingJob(smallMarket({ totalSteps: 512 * 40, snapshotEvery: 10, ...training }));

async function outputs(): Promise<Record<string, string>> {
  const output = join(folder, 'output');
  const entries = await readdir(output, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(
      files.map(async (file) => [file.slice(output.length + 1), sha256(await readFile(file))] as const),
    ),
  );
}

test('killed at any moment and told to end, it goes on from its checkpoint to the same bytes', async () => {
  await lay(job());
  const undisturbed = await trainer();
  expect(undisturbed.code).toBe(0);
  const whole = await outputs();
  expect(Object.keys(whole).sort()).toEqual([
    'parameters.npy',
    'policy.onnx',
    ...[10, 20, 30, 40].map((iteration) => `snapshots/${512 * iteration}.onnx`).sort(),
    'training-record.json',
  ]);
  await lay(job());
  const kills = [7, 19, 34];
  for (const at of kills) {
    const { code } = await trainer(({ step = 0 }, child) => step >= 512 * at && child.kill('SIGKILL'));
    expect(code).toBeNull();
    await expect(readFile(join(folder, 'output', 'policy.onnx'))).rejects.toMatchObject({ code: 'ENOENT' });
  }
  const told = await trainer(({ step = 0 }, child) => step >= 512 * 35 && child.kill('SIGTERM'));
  expect(told.code).toBe(75);
  expect(told.lines.at(-1)).toMatchObject({ type: 'error', code: 'TRAIN_INTERRUPTED' });
  // it was killed after a checkpoint of iteration 32, so it lost no more than what came after that one
  expect(told.lines[0].step).toBeGreaterThan(512 * 32);
  const last = await trainer();
  expect(last.code).toBe(0);
  expect(last.lines[0].step).toBeGreaterThan(512 * 35);
  expect(await outputs()).toEqual(whole);
}, 60_000);

test('it writes to its folder and nowhere else: Node holds it to that', async () => {
  await lay(job({ totalSteps: 512 * 2, snapshotEvery: 1 }));
  const allowed = ['--allow-fs-read=*', `--allow-fs-write=${folder}`, '--allow-worker', '--allow-addons'];
  const { code, lines } = await trainer(
    undefined,
    [],
    ['--permission', ...allowed, '--disable-warning=SecurityWarning'],
  );
  expect(lines.at(-1)).toMatchObject({ type: 'done' });
  expect(code).toBe(0);
});

test('a damaged checkpoint is passed over for the one before, with a warning; both damaged, it starts anew', async () => {
  await lay(job());
  await trainer();
  const whole = await outputs();
  const damage = async (name: string, part: number): Promise<void> => {
    const file = join(folder, 'checkpoints', name);
    const bytes = await readFile(file);
    bytes[Math.floor(bytes.length * part)] ^= 1;
    await writeFile(file, bytes);
  };
  await damage('latest.ckpt', 0.5);
  const first = await trainer();
  expect(first.lines[0]).toMatchObject({ type: 'warning', facts: { file: expect.stringContaining('latest.ckpt') } });
  expect(first.lines[1].step).toBe(512 * 17);
  await damage('latest.ckpt', 0.3);
  await damage('previous.ckpt', 0.3);
  const second = await trainer();
  expect(second.lines.filter(({ type }) => type === 'warning')).toHaveLength(2);
  expect(second.lines[2].step).toBe(512);
  expect(await outputs()).toEqual(whole);
}, 60_000);

test('a full disk is said to be one; the checkpoint before stays, nothing is half written, and with room it goes on', async () => {
  await lay(job({ hidden: 48, totalSteps: 512 * 20 }));
  await trainer();
  const whole = await outputs();
  await lay(job({ hidden: 48, totalSteps: 512 * 20 }));
  await trainer(({ step = 0 }, child) => step >= 512 * 17 && child.kill('SIGKILL'));
  const before = sha256(await readFile(join(folder, 'checkpoints', 'latest.ckpt')));
  // no file may grow beyond 16 KiB: a checkpoint cannot be written
  const full = await trainer(
    ({ step = 0 }, child) => step >= 512 * 18 && child.kill('SIGTERM'),
    ['bash', '-c', 'trap "" XFSZ; ulimit -f 16; exec "$@"', 'trainer'],
  );
  expect(full.code).toBe(1);
  expect(full.lines.at(-1)).toMatchObject({ type: 'error', code: 'DISK_FULL', facts: { system: 'EFBIG' } });
  const files = await readdir(join(folder, 'checkpoints'));
  expect(files.some((name) => name.endsWith('.part'))).toBe(false);
  const kept = await Promise.all(files.map(async (name) => sha256(await readFile(join(folder, 'checkpoints', name)))));
  expect(kept).toContain(before);
  expect((await trainer()).code).toBe(0);
  expect(await outputs()).toEqual(whole);
}, 60_000);

test.each([
  ['another network', { hidden: 24 }, undefined, 'network'],
  ['another list of features', {}, ['a', 'b'], 'features'],
])('a checkpoint of %s is refused, and nothing is written', async (_, changes, columns, field) => {
  await lay(job({ totalSteps: 512 * 16 }));
  await trainer();
  await rm(join(folder, 'output'), { recursive: true });
  const other = job({ totalSteps: 512 * 16, ...changes });
  const spec = JSON.parse(new TextDecoder().decode(other['job.json']));
  await writeFile(join(folder, 'input', 'job.json'), JSON.stringify({ ...spec, columns: columns ?? spec.columns }));
  const { code, lines } = await trainer();
  expect(code).toBe(2);
  expect(lines.at(-1)).toMatchObject({ code: 'CHECKPOINT_FOREIGN', facts: { field } });
  await expect(readdir(join(folder, 'output'))).rejects.toMatchObject({ code: 'ENOENT' });
});
