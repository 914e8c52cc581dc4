import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createRandom } from '../../domain/simulation/random.ts';
import { loadRiskGroups } from '../../functions/artifacts/features.ts';
import { type Installation, openInstallation } from '../installation.ts';
import { ROOT } from '../settings.ts';
import { type TrainingDay, trainingDay } from '../training.ts';
import { type AblationOptions, ablationStudy, meanDifference, publishAblation } from './ablation.ts';
import { dayWithout } from './ablation-day.ts';

/** The least that a learner trains with: what is tested is the study, not that a policy learns. */
const SMALL = ['direct.hidden=4', 'direct.environments=2', 'direct.totalSteps=64'];
let folder: string;
let installation: Installation;
let date: string;
let options: AblationOptions;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drl-ablation-'));
  const home = join(folder, 'home');
  const sim = JSON.parse(readFileSync(join(ROOT, 'config/universes/promotion-sim.json'), 'utf8'));
  const universe = { ...sim, id: 'tiny-sim', provider: { ...sim.provider, assets: 4, sessions: 1100 } };
  mkdirSync(join(home, 'universes'), { recursive: true });
  writeFileSync(join(home, 'universes', 'tiny-sim.json'), JSON.stringify(universe));
  options = { home, universe: 'tiny-sim', profile: 'quick', algorithms: 'direct', set: SMALL, seeds: '2' };
  installation = await openInstallation(options, 'test');
  date = await installation.newestDate();
});
afterAll(async () => {
  await installation.close();
  rmSync(folder, { recursive: true, force: true });
});

test('with and without the graph: the same seeds, windows and sessions, a difference with its interval, twice the same', async () => {
  const found = await ablationStudy(installation, date, { ...options, without: 'graph' });
  expect(found.leftOut).toMatchObject({ words: ['graph'], constraints: true });
  expect(found.leftOut.features).toEqual(['peerMomentum63', 'peerSpread63']);
  const [{ difference, with: whole, without, says }] = found.learners;
  expect(whole.seeds.map(({ seed }) => seed)).toEqual([1, 2]);
  expect(without.seeds.map(({ seed }) => seed)).toEqual([1, 2]);
  expect(difference.annualReturn.lower).toBeLessThanOrEqual(difference.annualReturn.difference);
  expect(difference.annualReturn.upper).toBeGreaterThanOrEqual(difference.annualReturn.difference);
  const expected = whole.seeds.reduce((sum, one, i) => sum + (one.sharpe ?? 0) - (without.seeds[i].sharpe ?? 0), 0) / 2;
  expect(difference.sharpe?.difference).toBeCloseTo(expected, 10);
  expect(says).toContain('graph');
  expect(await ablationStudy(installation, date, { ...options, without: 'graph' })).toEqual(found);
  publishAblation(found, { json: false, out: join(folder, 'evidence') });
  const file = (ending: string) => readFileSync(join(folder, 'evidence', `tiny-sim-ablation-graph.${ending}`), 'utf8');
  expect(JSON.parse(file('json'))).toEqual(found);
  expect(file('md')).toContain(`- direct: Sharpe`);
  expect(
    file('md')
      .split('\n')
      .filter((line) => line.startsWith('| direct |')),
  ).toHaveLength(2);
}, 600_000);

test('caps on groups of the graph go with the graph alone', async () => {
  const day = await trainingDay(installation, date);
  const { store } = await installation.ports(['store']);
  const { strategy } = installation.settings.config;
  const groupsOf = async (of: TrainingDay) => loadRiskGroups(store, strategy, of.features);
  const whole = await groupsOf(day);
  expect(Object.keys(whole.communities ?? {})).not.toEqual([]);
  expect(await groupsOf((await dayWithout(installation, day, ['momentum'])).day)).toEqual(whole);
  expect(await groupsOf((await dayWithout(installation, day, ['graph'])).day)).toEqual({ hubs: {}, illiquid: {} });
}, 600_000);

test('what is not there cannot be left out, and an unknown word is refused', async () => {
  const without = (word?: string) => ablationStudy(installation, date, { ...options, without: word });
  await expect(without('fundamentals')).rejects.toMatchObject({ code: 'USAGE_WITHOUT' });
  await expect(without('momentum,macro')).rejects.toMatchObject({ code: 'USAGE_WITHOUT', facts: { value: ['macro'] } });
  await expect(without('grph')).rejects.toMatchObject({ code: 'USAGE_WITHOUT', facts: { nearest: 'graph' } });
  await expect(without()).rejects.toMatchObject({ code: 'USAGE_WITHOUT' });
  await expect(without('momentum,volatility,trend,ranks,regime')).rejects.toMatchObject({
    code: 'USAGE_WITHOUT',
    facts: { least: 12, left: expect.arrayContaining(['reversal1']) },
  });
}, 600_000);

test('the interval of a mean difference covers the truth in nine of ten histories', () => {
  let covered = 0;
  for (let history = 0; history < 200; history++) {
    const random = createRandom(history);
    const first = Float64Array.from({ length: 500 }, () => 0.01 * random.normal() + 0.0002);
    const second = Float64Array.from({ length: 500 }, () => 0.01 * random.normal());
    const found = meanDifference(first, second, { samples: 200, blockDays: 5, random });
    if (found.lower <= 252 * 0.0002 && found.upper >= 252 * 0.0002) covered++;
  }
  expect(covered / 200).toBeGreaterThan(0.83);
  expect(covered / 200).toBeLessThan(0.97);
});
