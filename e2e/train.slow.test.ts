import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LiveTraining } from '../local/live-trainings.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'drl-train-home-'));
  const universe = JSON.parse(readFileSync(join(root, 'config/universes/promotion-sim.json'), 'utf8'));
  Object.assign(universe, { id: 'tiny', provider: { ...universe.provider, assets: 3, sessions: 1700 } });
  mkdirSync(join(home, 'universes'));
  writeFileSync(join(home, 'universes', 'tiny.json'), JSON.stringify(universe));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const SMALL = ['hidden=16', 'environments=16', 'rolloutDays=32', 'minibatch=256', 'totalSteps=8192'];

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** `drl train` in the home; `onError` sees what it says on the way. */
function train(args: string[], onError: (text: string, child: ChildProcess) => void = () => {}): Promise<Ended> {
  const command = [join(root, 'local/main.ts'), 'train', '--home', home, '--universe', 'tiny', '--json', ...args];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...command]);
  const ended = { code: -1, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    ended.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    ended.stderr += chunk;
    onError(ended.stderr, child);
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ended, code: code ?? -1 })));
}

interface Trial {
  name: string;
  window: number;
  seed: number;
  step: number | null;
  sharpe: number;
  environmentSteps: number;
  seconds: number | null;
  candidate: string;
}
const trialsOf = ({ stdout }: Ended): Trial[] => JSON.parse(stdout).trials;

test.each([
  [
    'a setting that no learner has',
    ['--set', 'learningRte=0.1'],
    'CONFIG_UNKNOWN_KEY',
    { field: 'training.learningRte' },
  ],
  ['a setting without a value', ['--set', 'gamma'], 'USAGE_SET', { value: 'gamma' }],
  ['a value out of range', ['--set', 'gamma=1.5'], 'CONFIG_VALUE', { field: 'training.gamma', value: 1.5 }],
  ['a learner that is none', ['--algorithm', 'dqn'], 'USAGE_ALGORITHM', { known: ['ppo', 'sac', 'direct'] }],
  ['no seeds', ['--seeds', '0'], 'USAGE_COUNT', { option: '--seeds', value: '0' }],
  ['a window that is no number', ['--windows', 'last'], 'USAGE_NUMBERS', { option: '--windows', value: 'last' }],
  [
    'more workers than cores',
    ['--set', 'workers=512'],
    'WORKERS_EXCEED_CORES',
    { value: 512, cores: availableParallelism() },
  ],
])('%s is bad usage, said before anything is trained', async (_, args, code, facts) => {
  const ended = await train(args);
  expect(ended.code).toBe(2);
  const { error } = JSON.parse(ended.stdout);
  expect(error).toMatchObject({ code, facts, remedy: expect.any(String) });
});

/** Polls the page's data until the process is gone; what was seen at each look. */
async function watch(url: string, over: () => boolean): Promise<LiveTraining[][]> {
  const looks: LiveTraining[][] = [];
  while (!over()) {
    const response = await fetch(`${url}training.json`).catch(() => null);
    if (response) {
      expect(response.headers.get('content-type')).toContain('application/json');
      looks.push(((await response.json()) as { trainings: LiveTraining[] }).trainings);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return looks;
}

test('from an empty home: data first, then windows x seeds side by side, watched by HTTP; again, all is remembered', async () => {
  const unknown = await train(['--windows', '7']);
  expect(unknown.code).toBe(2);
  expect(JSON.parse(unknown.stdout).error).toMatchObject({
    code: 'TRAIN_WINDOW_UNKNOWN',
    facts: { value: 7, known: [0, 1] },
  });
  const args = ['--seeds', '2', '--windows', '1', '--set', ...SMALL, 'snapshotEvery=8'];
  let watching: Promise<LiveTraining[][]> | undefined;
  let over = false;
  const first = await train([...args, '--port', '0'], (text) => {
    const url = /learning curves +(http:\S+)/.exec(text)?.[1];
    if (url) watching ??= watch(url, () => over);
  }).finally(() => {
    over = true;
  });
  expect(first.code).toBe(0);
  const looks = (await watching) ?? [];
  const counts = looks.map((trainings) => trainings.reduce((sum, { points }) => sum + points.length, 0));
  expect(new Set(counts).size).toBeGreaterThan(4); // the curves grow while it trains
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  const last = looks.at(-1) ?? [];
  expect(last.map(({ name }) => name).sort()).toEqual(['ppo w1 s1', 'ppo w1 s2']);
  for (const { points } of last) {
    expect(points.at(-1)?.step).toBeGreaterThan(points[0].step);
    expect(points.at(-1)).toMatchObject({ meanReward: expect.any(Number), netGrowth: expect.any(Number) });
  }
  const together = looks.some((look) => look.filter(({ step, total }) => step > 0 && step < total).length === 2);
  expect(together).toBe(availableParallelism() > 1);

  const trials = trialsOf(first);
  expect(trials.map(({ name, step }) => [name, step])).toEqual([
    ['ppo w1 s1', 4096],
    ['ppo w1 s1', null],
    ['ppo w1 s2', 4096],
    ['ppo w1 s2', null],
  ]);
  for (const { sharpe, seconds } of trials) expect([sharpe, seconds]).toEqual([expect.any(Number), expect.any(Number)]);
  const again = trialsOf(await train(args));
  expect(again).toEqual(trials.map((trial) => ({ ...trial, seconds: null })));
}, 120_000);

test('told to end it keeps what it has learned, and the same command goes on to the candidate of an undisturbed run', async () => {
  const args = ['--seeds', '1', '--windows', '1', '--set', ...SMALL, 'totalSteps=65536'];
  let steps = 0;
  const stopped = await train([...args, '--port', '0'], (text, child) => {
    const url = /learning curves +(http:\S+)/.exec(text)?.[1];
    if (!url || steps > 0) return;
    steps = 1;
    void watchUntil(url, 16_384).then((step) => {
      steps = step;
      child.kill('SIGTERM');
    });
  });
  expect(JSON.parse(stopped.stdout).error).toMatchObject({ code: 'TRAIN_INTERRUPTED', remedy: expect.any(String) });
  expect(stopped.code).toBe(1);
  let first = 0;
  const resumed = await train([...args, '--port', '0'], (text) => {
    const url = /learning curves +(http:\S+)/.exec(text)?.[1];
    if (url && first === 0) {
      first = 1;
      void watchUntil(url, 1).then((step) => {
        first = step;
      });
    }
  });
  expect(resumed.code).toBe(0);
  expect(first).toBeGreaterThan(steps);
  rmSync(join(home, 'store'), { recursive: true });
  rmSync(join(home, 'runs'), { recursive: true });
  const undisturbed = await train(args);
  expect(trialsOf(undisturbed).map(({ candidate }) => candidate)).toEqual(
    trialsOf(resumed).map(({ candidate }) => candidate),
  );
}, 120_000);

/** The first step that is seen at or after `step`. */
async function watchUntil(url: string, step: number): Promise<number> {
  for (;;) {
    const response = await fetch(`${url}training.json`).catch(() => null);
    const trainings = response ? ((await response.json()) as { trainings: LiveTraining[] }).trainings : [];
    const found = trainings.find((training) => training.step >= step);
    if (found) return found.step;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
