import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createRandom } from '../../domain/simulation/random.ts';
import { compareReturns, compareShares } from './comparison.ts';
import { drawCurves } from './draw-curves.ts';
import { drawStrips } from './draw-strips.ts';
import { learningCurves } from './learning-curves.ts';
import { marketMoments } from './moments.ts';
import { population } from './population.ts';
import { measureInProcesses } from './processes.ts';
import { pairedDifference, spreadOf } from './statistics.ts';
import { STUDIES } from './studies.ts';
import { measureHere, runStudy, type Study, written } from './study.ts';
import { PPO } from './trained.ts';

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'drl-evidence-test-'));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

describe('statistics', () => {
  test('the band is the interquartile range, and the interquartile mean leaves the ends out', () => {
    expect(spreadOf([8, 1, 100, 2, 3, 4, 5, 6])).toEqual({
      mean: 16.125,
      interquartileMean: 4.5,
      lower: 2.75,
      upper: 6.5,
    });
  });

  test('a paired difference drops what the seeds share; its interval is that of the mean', () => {
    const random = createRandom(4);
    const markets = Array.from({ length: 40 }, () => 10 * random.normal());
    const own = markets.map(() => random.normal());
    const found = pairedDifference(
      markets.map((market, i) => market + 0.5 + own[i]),
      markets,
    );
    const mean = own.reduce((sum, value) => sum + value, 0) / 40;
    const deviation = Math.sqrt(own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 40);
    expect(found.difference).toBeCloseTo(0.5 + mean, 9);
    expect(Math.abs((found.upper - found.lower) / (2 * 1.645 * (deviation / Math.sqrt(40))) - 1)).toBeLessThan(0.05);
  });

  test('comparisons are the asked arm less each other arm', () => {
    const { arms } = compareShares(
      'market',
      [
        { arm: 'old', values: [0.1, 0.3] },
        { arm: 'new', values: [0.2, 0.5] },
      ],
      'new',
    );
    expect(arms[0].difference?.difference).toBeCloseTo(0.15, 12);
    expect(arms[0].difference?.lower).toBeCloseTo(0.1, 12);
    expect(arms[1].difference).toBeNull();
    const random = createRandom(2);
    const returns = Array.from({ length: 300 }, () => 0.01 * random.normal());
    const seeds = [1, 2].map((seed) => returns.map((value) => value + 0.0001 * seed));
    const compared = compareReturns(
      'history',
      [
        { arm: 'anchor', returns: [returns] },
        { arm: 'new', returns: seeds },
      ],
      'new',
      'anchor',
    );
    expect(compared.level).toBe(compared.arms[0].centre);
    expect(compared.arms[0].difference?.difference).toBeCloseTo(compared.arms[1].centre - compared.level, 12);
    expect(compared.arms[0].difference?.lower).toBeGreaterThan(0);
  });

  test('moments of a market whose moments are known', () => {
    const random = createRandom(3);
    const returns = new Float64Array(40_000);
    let scale = 1;
    for (let t = 0; t < 20_000; t++) {
      if (t % 50 === 0) scale = random.uniform() < 0.5 ? 0.5 : 1.5; // variance 1.25, fourth moment 3 x 2.5625
      const shared = random.normal();
      for (let a = 0; a < 2; a++) returns[t * 2 + a] = 0.01 * scale * (0.8 * shared + 0.6 * random.normal());
    }
    const { volatility, kurtosis, squaresAutocorrelation, correlation } = marketMoments(returns, 2);
    expect(volatility).toBeCloseTo(0.01 * Math.sqrt(1.25 * 252), 2);
    expect(Math.abs(kurtosis - (3 * 2.5625) / 1.25 ** 2)).toBeLessThan(0.3);
    expect(Math.abs(squaresAutocorrelation - 0.98 * (1 / (3 * 2.5625 - 1.5625)))).toBeLessThan(0.03);
    expect(Math.abs(correlation - 0.64)).toBeLessThan(0.03);
  });
});

describe('drawing', () => {
  const numbers = (svg: string, tag: RegExp): string[] => [...svg.matchAll(tag)].map(([, found]) => found);

  test('curves: a band and a line for each name, in the place that the axes say, names escaped', () => {
    const lines = [{ name: 'a<b', x: [1024, 4096, 16_384], mean: [0, 0.5, 1], lower: [0, 0.4, 1], upper: [0, 0.6, 1] }];
    const figure = { title: 'T', xLabel: 'x', yLabel: 'y', level: 1, floor: -1, panels: [{ title: 'P', lines }] };
    const svg = drawCurves(figure);
    const [points] = numbers(svg, /<polyline points="([^"]+)"/g);
    const places = points.split(' ').map((place) => place.split(',').map(Number));
    expect(places[1][0]).toBeCloseTo((places[0][0] + places[2][0]) / 2, 0); // 4096 is half way on a logarithmic axis
    expect(places[1][1]).toBeCloseTo((places[0][1] + places[2][1]) / 2, 0);
    expect(places[2][1]).toBeLessThan(places[0][1]);
    expect(numbers(svg, /<polygon points="([^"]+)"/g)[0].split(' ')).toHaveLength(6);
    expect(svg).toContain('a&#60;b');
    expect(svg).not.toContain('a<b');
    expect(drawCurves(figure)).toBe(svg);
  });

  test('strips: a dot a seed, all within the panel', () => {
    const row = { name: 'arm', values: [-1, 0, 3], centre: 0.5, lower: -0.5, upper: 1.5, note: 'n' };
    const svg = drawStrips({ title: 'T', key: 'k', panels: [{ title: 'P', xLabel: 'x', level: 1, rows: [row] }] });
    const dots = numbers(svg, /<circle cx="([^"]+)"/g).map(Number);
    expect(dots).toHaveLength(3);
    expect((dots[1] - dots[0]) / (dots[2] - dots[0])).toBeCloseTo(0.25, 2);
    for (const dot of dots) {
      expect(dot).toBeGreaterThanOrEqual(230);
      expect(dot).toBeLessThanOrEqual(650);
    }
  });
});

describe('studies', () => {
  const options = (study: Study, folder = cache) => ({ seeds: 2, cache: folder, measure: measureHere(study) });

  test('a study that was cut off goes on to the same JSON, and measures no run twice', async () => {
    const tiny = (): Study =>
      learningCurves({
        problems: ['cost-band'],
        steps: { ppo: 8192, direct: 4096 },
        points: 3,
        unseenSessions: 500,
      }) as Study;
    const whole = written(await runStudy(tiny(), options(tiny())));
    const elsewhere = join(cache, 'elsewhere');
    const study = tiny();
    let left = 3;
    const cut: Study = {
      ...study,
      measure: (run) => (left-- > 0 ? study.measure(run) : Promise.reject(new Error('cut'))),
    };
    await expect(runStudy(cut, options(cut, elsewhere))).rejects.toThrow('cut');
    let measured = 0;
    const going: Study = {
      ...study,
      measure: (run) => {
        measured += 1;
        return study.measure(run);
      },
    };
    expect(written(await runStudy(going, options(going, elsewhere)))).toBe(whole);
    expect(measured).toBe(1);
    const { figures } = JSON.parse(whole);
    expect(figures[0]).toMatchObject({ problem: 'cost-band', learner: 'ppo', steps: [2048, 8192] });
    expect(figures[0].shares).toHaveLength(2);
    expect(study.draw(figures)).toContain('cost-band');
  });

  test('a run that fails in its process ends the study, by its name', async () => {
    const measure = measureInProcesses('learning-curves', 2);
    const none = { problem: 'none', learner: 'ppo', seed: 1 };
    await expect(measure([none], async () => undefined)).rejects.toMatchObject({
      code: 'EVIDENCE_RUN',
      facts: { run: 'none-ppo-1' },
    });
  });

  test('results of other settings are not taken for these', async () => {
    const make = (points: number): Study =>
      learningCurves({ problems: ['cost-band'], steps: { direct: 1024 }, points, unseenSessions: 500 }) as Study;
    await runStudy(make(2), { ...options(make(2)), seeds: 1 });
    await runStudy(make(3), { ...options(make(3)), seeds: 1 });
    expect(await readdir(join(cache, 'learning-curves'))).toHaveLength(2);
  });

  test('a population, the same steps alone and the best of random members are trained by the trainer itself', async () => {
    const study = population({
      market: { assets: 3, sessions: 400, unseenSessions: 60, onMean: 0.02 },
      training: { ...PPO, environments: 8, rolloutDays: 16, minibatch: 128, totalSteps: 256 },
      population: { members: 2, generations: 2, exploitShare: 0.5, perturb: 2 },
      starts: { 'as it is': {} },
    }) as Study;
    const { figures } = await runStudy(study, { ...options(study), seeds: 1 });
    const [{ arms }] = figures as [{ arms: { arm: string; values: number[]; learningRates: number[] }[] }];
    expect(arms.map(({ arm }) => arm)).toEqual(['one run, all the steps', 'best of random members', 'population']);
    expect(new Set(arms.map(({ values }) => values[0])).size).toBe(3);
    expect(arms[0].learningRates).toEqual([0.002]);
  });
});

describe('docs/evidence', () => {
  const read = (name: string): Promise<string> =>
    readFile(new URL(`../../docs/evidence/${name}`, import.meta.url), 'utf8');

  test.each(Object.values(STUDIES).map((study) => [study.name, study] as const))(
    '%s: the figures are of the present settings, and the drawing is of the figures',
    async (name, study) => {
      const evidence = JSON.parse(await read(`${name}.json`));
      expect(evidence.settings).toEqual(JSON.parse(JSON.stringify(study.settings)));
      expect(await read(`${name}.svg`)).toBe(study.draw(evidence.figures));
      expect(await read('README.md')).toContain(evidence.command);
    },
  );
});
