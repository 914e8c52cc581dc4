import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TrainingJob } from '../../adapters/training-job/port.ts';
import type { Ports } from '../../functions/ports.ts';
import { type Installation, openInstallation } from '../installation.ts';
import { ROOT } from '../settings.ts';
import { runStageOf } from '../stage.ts';
import type { LearnerOptions } from './learner-plan.ts';
import { publish } from './learner-report.ts';
import type { LearnerDocument } from './learner-summary.ts';
import { learnerStudy } from './learners.ts';

const UNIVERSE = 'tiny-sim';
/** The least that both learners train with: what is tested is the study, not that a policy learns. */
const SMALL = [
  ...['ppo', 'direct'].flatMap((learner) => [
    `${learner}.hidden=4`,
    `${learner}.environments=2`,
    `${learner}.totalSteps=64`,
  ]),
  'ppo.rolloutDays=16',
  'ppo.minibatch=32',
];

let folder: string;
let installation: Installation;
let date: string;
let options: LearnerOptions;
/** Jobs that the trainer has run to their end. */
let trained = 0;
/** Jobs after which the study is cut off. */
let cutOffAfter = Number.POSITIVE_INFINITY;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drl-learners-'));
  const home = join(folder, 'home');
  const sim = JSON.parse(readFileSync(join(ROOT, 'config/universes/promotion-sim.json'), 'utf8'));
  const universe = {
    ...sim,
    id: UNIVERSE,
    provider: { ...sim.provider, assets: 4, sessions: 1100 },
    redistribution: false,
  };
  mkdirSync(join(home, 'universes'), { recursive: true });
  writeFileSync(join(home, 'universes', `${UNIVERSE}.json`), JSON.stringify(universe));
  options = { home, universe: UNIVERSE, profile: 'quick', algorithms: 'ppo,direct', set: SMALL };
  const opened = await openInstallation(options, 'test');
  const { trainingJob } = await opened.ports(['trainingJob']);
  const counting: TrainingJob = {
    async run(job) {
      if (trained >= cutOffAfter) throw new Error('cut off');
      const result = await trainingJob.run(job);
      trained += 1;
      return result;
    },
  };
  const ports: Installation['ports'] = async (needs) => {
    const taken = await opened.ports(needs);
    return 'trainingJob' in taken
      ? ({ ...taken, trainingJob: counting } as Pick<Ports, (typeof needs)[number]>)
      : taken;
  };
  installation = { ...opened, ports };
  date = await installation.newestDate();
  for (const stage of ['ingest', 'graph', 'embeddings', 'features'] as const) await runStageOf(opened, stage, date);
});
afterAll(async () => {
  await installation.close();
  rmSync(folder, { recursive: true, force: true });
});

const study = async (change: Partial<LearnerOptions> = {}): Promise<LearnerDocument> =>
  (await learnerStudy(installation, date, { ...options, ...change })).document;
/** The baseline and 2 learners x 2 windows x 2 seeds. */
const JOBS = 9;

describe('a study of learners', () => {
  let whole: LearnerDocument;

  test('that is cut off goes on: nothing is trained twice, and run again it trains nothing and says the same', async () => {
    cutOffAfter = 4;
    await expect(study({ parallel: '1' })).rejects.toThrow('cut off');
    expect(trained).toBe(4);
    cutOffAfter = Number.POSITIVE_INFINITY;
    whole = await study();
    expect(trained).toBe(JOBS);
    expect(JSON.stringify(await study())).toBe(JSON.stringify(whole));
    expect(trained).toBe(JOBS);
  });

  test('names every policy on the same sessions, each learner with its seeds, intervals and differences', () => {
    expect(whole).toMatchObject({
      universe: UNIVERSE,
      windows: [0, 1],
      sessions: 504,
      notes: [expect.stringContaining('3 seeds')],
    });
    expect(whole.policies.map(({ policy }) => policy)).toEqual([
      ...['ppo', 'direct', 'model-0 inverse volatility', 'equalWeight', 'inverseVolatility', 'volTargetEqualWeight'],
      ...['minVariance', 'hrp', 'maxSharpe', 'buyAndHold'],
    ]);
    const [ppo, direct] = whole.policies;
    expect(ppo.seeds.map(({ seed }) => seed)).toEqual([1, 2]);
    expect(ppo.sharpe?.lower).toBeLessThan(ppo.sharpe?.estimate as number);
    const [a, b] = ppo.seeds.map(({ sharpe }) => sharpe as number);
    expect(ppo.sharpe?.estimate).toBeCloseTo((a + b) / 2, 12);
    expect(ppo.lessDirect?.difference).toBeCloseTo(
      (ppo.sharpe?.estimate as number) - (direct.sharpe?.estimate as number),
      12,
    );
    expect(direct.lessDirect).toBeNull();
    expect(whole.policies.find(({ policy }) => policy === 'volTargetEqualWeight')?.lessVolTarget).toBeNull();
    expect(whole.learners).toMatchObject([
      { algorithm: 'ppo', environmentSteps: 4 * 64, training: { hidden: 4, rolloutDays: 16 } },
      { algorithm: 'direct', environmentSteps: 4 * 64 },
    ]);
  });

  test('trains anew what has another setting, and only that', async () => {
    const before = trained;
    const changed = await study({ windows: '1', seeds: '1', set: [...SMALL, 'direct.learningRate=0.02'] });
    expect(trained).toBe(before + 1);
    expect(changed).toMatchObject({ windows: [1], sessions: 252 });
  });

  test('begins each window with the one before, when asked to', async () => {
    const before = trained;
    const warm = await study({
      algorithms: 'direct',
      seeds: '1',
      warmStart: true,
      set: SMALL.filter((s) => s.startsWith('direct')),
    });
    expect(trained).toBe(before + 2);
    expect(warm.learners[0].warmStart).toBe(true);
  });

  test('begins no seed that would not end in the time given, and says how many there are', async () => {
    expect((await study({ hours: '0.0000001' })).notes[0]).toContain('1 of 2 seeds');
  });

  test('leaves JSON, a table and a figure, without a price or a symbol where prices may not be passed on', async () => {
    const out = join(folder, 'out');
    const { document, runs } = await learnerStudy(installation, date, options);
    const [log, lines] = [console.log, [] as string[]];
    console.log = (line: string) => lines.push(line);
    publish(document, runs, { out });
    console.log = log;
    const [json, markdown, svg] = ['json', 'md', 'svg'].map((kind) =>
      readFileSync(join(out, `${UNIVERSE}-learners.${kind}`), 'utf8'),
    );
    expect(JSON.parse(json)).toEqual(document);
    for (const { policy } of document.policies) {
      expect(markdown).toContain(`| ${policy} |`);
      expect(svg).toContain(`<title>${policy}</title>`);
      expect(lines.join('\n')).toContain(policy);
    }
    const { symbols } = runs.baselines[0];
    expect(symbols.filter((symbol) => `${json}${markdown}${svg}${lines}`.includes(symbol))).toEqual([]);
    expect(markdown).toContain('may not be passed on');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    mkdirSync(join(out, 'file.json'), { recursive: true });
    writeFileSync(join(out, 'no-folder'), '');
    expect(() => publish(document, runs, { out: join(out, 'no-folder') })).toThrow(
      expect.objectContaining({ code: 'RESEARCH_OUT' }),
    );
  });

  test.each([
    [{ algorithms: 'astrology' }, 'USAGE_ALGORITHM'],
    [{ set: ['learningRate=1'] }, 'USAGE_SET'],
    [{ set: ['sac.learningRate=1'] }, 'USAGE_SET'],
    [{ set: ['ppo.learningRte=1'] }, 'CONFIG_UNKNOWN_KEY'],
    [{ windows: '7' }, 'TRAIN_WINDOW_UNKNOWN'],
    [{ seeds: '0' }, 'USAGE_COUNT'],
    [{ hours: '0' }, 'USAGE_HOURS'],
  ])('%j is refused before anything is trained', async (change, code) => {
    const before = trained;
    await expect(study(change)).rejects.toMatchObject({ code, kind: 'badInput' });
    expect(trained).toBe(before);
  });
});
