import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { checkConformance, GROUPS, type Group } from './conformance.ts';
import { Trainer } from './trainer.ts';

const OURS = fileURLToPath(new URL('../../training-container/src/main.ts', import.meta.url));
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const BROKEN = fileURLToPath(new URL('./broken-trainer.fixture.mjs', import.meta.url));
const node = (...args: string[]): Trainer =>
  new Trainer([process.execPath, '--disable-warning=ExperimentalWarning', ...args], 60_000);

test('our trainer keeps the folder contract', async () => {
  const results = await checkConformance(node(OURS));
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  expect([...new Set(results.map(({ group }) => group))]).toEqual([...GROUPS]);
  expect(results.length).toBeGreaterThanOrEqual(50);
});

test.each<[way: string, group: Group, broken: (string | RegExp)[], seen: RegExp]>([
  ['time-in-record', 'bytes', ['same job'], /other bytes: training-record\.json$/],
  ['wrong-job-hash', 'baseline', ['record'], /jobHash is/],
  ['talks', 'baseline', ['standard output'], /epoch 1 of 1/],
  [
    'learns-nothing',
    'learn',
    ['learns', 'snapshots', 'warm start', 'a column that lapses'],
    /holds 0\.\d\d of the best asset/,
  ],
  ['knows-no-lapsing', 'learn', ['a column that lapses'], /FEATURES_NOT_FINITE/],
  ['writes-on-refusal', 'bad input', [/./], /wrote output\/training-record\.json/],
  ['exit-1-on-bad-input', 'bad input', [/./], /^exit code 1/],
  ['forgets', 'ending', [/./], /is lost/],
  ['deaf', 'checkpoint', [/./], /exit code 0/],
  ['keeps-one-checkpoint', 'checkpoint', ['damaged: passed over with a warning for the one before'], /is lost/],
  ['copies-its-snapshots', 'learn', ['snapshots'], /1 different ones among 4/],
  ['leaves-out', 'learn', ['record'], /cpu is undefined/],
  ['leaves-out', 'course', ['record'], /the course is undefined/],
  ['leaves-out', 'population', ['record'], /no population/],
  ['caches', 'learn', ['writes to its folder alone'], /compiled/],
  ['writes-nothing', 'baseline', ['files', 'policy', 'record'], /missing: policy\.onnx/],
])('a trainer that %s is found out in group %s', async (way, group, broken, seen) => {
  const results = await checkConformance(node(BROKEN, way), { groups: [group] });
  const found = results.filter(({ ok }) => !ok);
  expect(found[0].detail).toMatch(seen);
  if (typeof broken[0] === 'string') expect(found.map(({ check }) => check)).toEqual(broken);
  else expect(found.length).toBeGreaterThanOrEqual(1);
});

const broken = (way: string, algorithms: ('sac' | 'direct')[]) =>
  checkConformance(node(BROKEN, way), { groups: ['learners'], algorithms });

test('one learner that cannot be run does not keep the next from being checked', async () => {
  const results = await broken('has-no-sac', ['sac', 'direct']);
  expect(results.map(({ check, ok }) => [check.split(':')[0], ok])).toEqual([
    ['sac', false],
    ['direct', true],
    ['direct', true],
    ['direct', true],
  ]);
});

test('a trainer that does not flush its output is told so', async () => {
  const found = (await broken('buffers', ['direct'])).filter(({ ok }) => !ok);
  expect(found).toEqual([
    expect.objectContaining({ detail: expect.stringMatching(/^finished before it could be cut off; .*flushed/) }),
  ]);
});

const onUnix = process.platform === 'win32' ? test.skip : test;

onUnix('the patience holds for a trainer behind a shell too', async () => {
  const startedMs = performance.now();
  const sleeper = new Trainer(['/bin/sh', '-c', 'sleep 60; true'], 1000);
  const { hung, signal } = await sleeper.run('/', { cwd: tmpdir() });
  expect({ hung, signal }).toEqual({ hung: true, signal: 'SIGKILL' });
  expect(performance.now() - startedMs).toBeLessThan(20_000);
});

test("drl trainer check finds a trainer in the caller's folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'drl-own-trainer-'));
  try {
    await writeFile(join(folder, 'my-trainer.mjs'), `await import(${JSON.stringify(pathToFileURL(OURS).href)});`);
    const words = ['trainer', 'check', '--only', 'baseline', '--json', '--', process.execPath, 'my-trainer.mjs'];
    const { status, stdout } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...words], {
      encoding: 'utf8',
      cwd: folder,
      env: { ...process.env, INIT_CWD: folder },
    });
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, command: [process.execPath, join(folder, 'my-trainer.mjs')] });
    expect(status).toBe(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a command that does not exist is said to be one', async () => {
  const results = await checkConformance(new Trainer(['/nowhere/trainer'], 1000), { groups: ['baseline'] });
  expect(results).toEqual([
    { group: 'baseline', check: 'can be run', ok: false, detail: expect.stringContaining('ENOENT') },
  ]);
});
