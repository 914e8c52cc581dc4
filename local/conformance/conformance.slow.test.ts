import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { checkConformance, GROUPS, type Group } from './conformance.ts';
import { Trainer } from './trainer.ts';

const OURS = fileURLToPath(new URL('../../training-container/src/main.ts', import.meta.url));
const BROKEN = fileURLToPath(new URL('./broken-trainer.fixture.mjs', import.meta.url));
const node = (...args: string[]): Trainer =>
  new Trainer([process.execPath, '--disable-warning=ExperimentalWarning', ...args], 60_000);

test('our trainer keeps the folder contract', async () => {
  const results = await checkConformance(node(OURS));
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  expect([...new Set(results.map(({ group }) => group))]).toEqual([...GROUPS]);
  expect(results.length).toBeGreaterThanOrEqual(45);
});

test.each<[way: string, group: Group, broken: (string | RegExp)[], seen: RegExp]>([
  ['time-in-record', 'bytes', ['same job'], /other bytes: training-record\.json$/],
  ['wrong-job-hash', 'baseline', ['record'], /jobHash is/],
  ['talks', 'baseline', ['standard output'], /epoch 1 of 1/],
  ['learns-nothing', 'learn', ['learns', 'snapshots', 'warm start'], /holds 0\.\d\d of the best asset/],
  ['writes-on-refusal', 'bad input', [/./], /wrote output\/training-record\.json/],
  ['exit-1-on-bad-input', 'bad input', [/./], /^exit code 1/],
  ['forgets', 'ending', [/./], /is lost/],
  ['deaf', 'checkpoint', [/./], /exit code 0/],
])('a trainer that %s is found out in group %s', async (way, group, broken, seen) => {
  const results = await checkConformance(node(BROKEN, way), { groups: [group] });
  const found = results.filter(({ ok }) => !ok);
  expect(found[0].detail).toMatch(seen);
  if (typeof broken[0] === 'string') expect(found.map(({ check }) => check)).toEqual(broken);
  else expect(found.length).toBeGreaterThanOrEqual(1);
});

test('a command that does not exist is said to be one', async () => {
  const results = await checkConformance(new Trainer(['/nowhere/trainer'], 1000), { groups: ['baseline'] });
  expect(results).toEqual([
    { group: 'baseline', check: 'can be run', ok: false, detail: expect.stringContaining('ENOENT') },
  ]);
});
