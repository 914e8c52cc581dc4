import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { modelPolicy, runBacktest } from '../../domain/backtest/backtest.ts';
import { startCvar } from '../../domain/environment/cvar.ts';
import { computeFeatures } from '../../domain/features/compute.ts';
import { defaultFeatureSpec } from '../../domain/features/default-spec.ts';
import { fitNormaliser } from '../../domain/features/normaliser.ts';
import { createExactPolicy } from '../../domain/policy/exact/exact.ts';
import type { LearnJobSpec } from '../../domain/training/job.ts';
import type { PpoSettings } from '../../domain/training/settings.ts';
import { subUniverse } from '../../domain/training/sub-universe.ts';
import { buildTrainingJob } from '../../functions/train/job.ts';
import { smallMarket } from '../../functions/train/small-market.ts';
import { courseOf, drawAssets } from './course.ts';
import { PhasedEnvironments } from './phases.ts';
import { barrier, hyperparametersOf, startPopulation, withHyperparameters } from './population.ts';
import { type JobProgress, trainJob } from './train-job.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drl-course-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The small market with the product's own features, so that they can be computed on simulated prices too. */
function catalogueMarket(training: Partial<PpoSettings>) {
  const inputs = smallMarket(training);
  const { panel } = inputs;
  const tensor = computeFeatures(panel, defaultFeatureSpec({ hasVolume: false, embeddings: false }));
  const [trainFrom, trainTo] = [panel.dates[260], panel.dates[380]];
  const normaliser = fitNormaliser(tensor, trainFrom, trainTo);
  return { ...inputs, tensor, normaliser, trial: { ...inputs.trial, trainFrom, trainTo } };
}

async function lay(files: Record<string, Uint8Array>): Promise<LearnJobSpec> {
  await mkdir(join(folder, 'input'), { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, 'input', name), bytes);
  return JSON.parse(new TextDecoder().decode(files['job.json'])) as LearnJobSpec;
}

async function trained(hooks: { interrupted?(): boolean } = {}) {
  const seen: JobProgress[] = [];
  await trainJob(folder, { onProgress: (progress) => void seen.push(progress), ...hooks });
  const read = (name: string): Promise<Buffer> => readFile(join(folder, 'output', name));
  const record = JSON.parse((await read('training-record.json')).toString());
  return { seen, record, onnx: (await read('policy.onnx')).toString('base64') };
}

const dataOf = (inputs: ReturnType<typeof smallMarket>) => ({ ...inputs, groups: inputs.groups ?? null });

describe('course', () => {
  const curriculum = {
    stages: [
      { share: 0.25, assets: 2, limits: 'loose' as const },
      { share: 0.25, assets: null, limits: 'loose' as const },
    ],
  };
  const pretraining = { markets: ['bootstrap' as const, 'regimes' as const], steps: 1024, sessions: 300, paths: 2 };

  test('goes through simulated markets, the stages and history; the record says so, and every phase is on the curve', async () => {
    await lay(buildTrainingJob(catalogueMarket({ totalSteps: 2048, curriculum, pretraining })));
    const { record } = await trained();
    expect(record.course).toEqual([
      { name: 'bootstrap 1 of 2', steps: 512 },
      { name: 'regimes 2 of 2', steps: 512 },
      { name: 'curriculum 1 of 2', steps: 512 },
      { name: 'curriculum 2 of 2', steps: 512 },
      { name: 'history', steps: 1024 },
    ]);
    expect(record.environmentSteps).toBe(3072);
    const phases = record.curve.map((point: Record<string, number>) => point['charts/phase']);
    expect(phases).toEqual([1, 2, 3, 4, 4, 4]);
  });

  test('calm assets and loose limits at first: the others cannot be traded', async () => {
    const inputs = smallMarket({ curriculum });
    const spec = await lay(buildTrainingJob(inputs));
    const [first, , last] = courseOf(dataOf(inputs), spec);
    const held = (phase: typeof first): number => {
      const environments = phase.open(startCvar());
      const actions = new Float32Array(16 * 4).fill(0);
      for (let i = 0; i < 3; i++) environments.step(actions);
      const { observations } = environments;
      return Array.from({ length: 3 }, (_, a) => (observations[a * 8 + 2] > 0 ? 1 : 0)).reduce<number>(
        (x, y) => x + y,
        0,
      );
    };
    expect(held(first)).toBe(2);
    expect(held(last)).toBe(3);
  });

  test('loose limits of a long/short book are no tighter than its own', async () => {
    const inputs = smallMarket({ curriculum });
    const limits = { ...inputs.limits, mode: 'longShort' as const, maxGross: 1.6, maxNet: 1, maxTurnover: 3 };
    const spec = await lay(buildTrainingJob({ ...inputs, limits }));
    const [first] = courseOf({ ...dataOf(inputs), limits }, spec);
    const environments = first.open(startCvar());
    const leaning = (side: number): Float32Array =>
      Float32Array.from({ length: 16 * 4 }, (_, i) => (i % 4 === 3 ? 0 : i % 4 === 0 ? side : -side));
    environments.step(leaning(4));
    environments.metrics();
    environments.step(leaning(-4));
    const { 'charts/turnover': yearly } = environments.metrics();
    expect((yearly as number) / 252).toBeGreaterThan(1);
  });

  test('features that the catalogue does not know cannot be simulated, and the error names the column', async () => {
    await lay(buildTrainingJob(smallMarket({ pretraining })));
    await expect(trained()).rejects.toMatchObject({ code: 'PRETRAINING_FEATURES', facts: { column: 'signal' } });
  });

  test('a simulated market shorter than the features look back is refused by the name of the field', async () => {
    await lay(buildTrainingJob(catalogueMarket({ pretraining: { ...pretraining, sessions: 200 } })));
    await expect(trained()).rejects.toMatchObject({
      code: 'PRETRAINING_SESSIONS',
      facts: { field: 'pretraining.sessions', value: 200 },
    });
  });

  test('the end of a phase ends every episode as one whose time was up, and a restored course goes on to the same bits', async () => {
    const inputs = smallMarket({ curriculum, totalSteps: 16 * 8 });
    const spec = await lay(buildTrainingJob(inputs));
    const open = () => new PhasedEnvironments(courseOf(dataOf(inputs), spec));
    const one = open();
    const actions = Float32Array.from({ length: 16 * 4 }, (_, i) => Math.sin(i));
    const names = [one.phase];
    for (let step = 1; step <= 3; step++) {
      one.step(actions);
      names.push(one.phase);
      expect([...one.dones]).toEqual(new Array(16).fill(step === 2 ? 1 : 0));
      expect([...one.truncated]).toEqual([...one.dones]);
    }
    expect(names).toEqual(['curriculum 1 of 2', 'curriculum 1 of 2', 'curriculum 2 of 2', 'curriculum 2 of 2']);
    const other = open();
    other.restore(JSON.parse(JSON.stringify(one.state())));
    expect(other.observations).toEqual(one.observations);
    for (let step = 0; step < 4; step++) {
      one.step(actions);
      other.step(actions);
      expect(other.rewards).toEqual(one.rewards);
      expect(other.observations).toEqual(one.observations);
    }
  });
});

describe('sub-universes', () => {
  test('a larger universe trains on random parts of it, and the policy serves the whole', async () => {
    const inputs = smallMarket({ maxAssets: 2, totalSteps: 4096 });
    await lay(buildTrainingJob(inputs));
    const { record, onnx } = await trained();
    const policy = createExactPolicy(Buffer.from(onnx, 'base64'));
    const model = modelPolicy('whole', policy, inputs.tensor, inputs.normaliser);
    const whole = await runBacktest(dataOf(inputs), model, 300, 399);
    expect(whole.symbols).toHaveLength(3);
    for (let a = 0; a < 3; a++) expect(whole.weights.some((w, i) => i % 3 === a && w > 0)).toBe(true);
    expect(record.course).toHaveLength(8);
    expect(record.course[0]).toEqual({ name: 'history, 2 of 3 assets, draw 1', steps: 512 });
    expect(record.curve).toHaveLength(8);
  });

  test('every draw of every part of a course is another sub-universe, and the same one when a run is resumed', async () => {
    const spec = await lay(buildTrainingJob(smallMarket()));
    const symbols = Array.from({ length: 100 }, (_, a) => `A${a}`);
    const large = { ...spec, symbols, training: { ...spec.training, maxAssets: 20 } };
    const draws = [0, 1, 2].flatMap((place) => [0, 1, 2, 3].map((draw) => drawAssets(large, place, draw).join()));
    expect(new Set(draws).size).toBe(12);
    expect(drawAssets(large, 1, 2).join()).toBe(draws[6]);
    expect(new Set(drawAssets(large, 1, 2)).size).toBe(20);
  });

  test('a part of a market holds what the whole holds of its assets; an exit into an absent asset is one into cash', () => {
    const inputs = smallMarket();
    const exits = [
      { t: 50, asset: 1, successor: 2, finalReturn: 0.1 },
      { t: 60, asset: 2, successor: 0, finalReturn: 0 },
    ];
    const whole = { ...dataOf(inputs), panel: { ...inputs.panel, exits } };
    const { panel, tensor, groups } = subUniverse(whole, [0, 2]);
    expect(panel.symbols).toEqual([inputs.panel.symbols[0], inputs.panel.symbols[2]]);
    expect(panel.exits).toEqual([{ t: 60, asset: 1, successor: 0, finalReturn: 0 }]);
    expect(panel.returns[7 * 2 + 1]).toBe(inputs.panel.returns[7 * 3 + 2]);
    expect([...tensor.values.subarray(2, 4)]).toEqual([...inputs.tensor.values.subarray(4, 6)]);
    expect(groups?.illiquid[0]).toEqual(Uint8Array.of(0, 1));
    const only = subUniverse(whole, [0, 1]).panel.exits;
    expect(only).toEqual([{ t: 50, asset: 1, successor: -1, finalReturn: 0.1 }]);
  });
});

describe('population', () => {
  const population = { members: 3, generations: 3, exploitShare: 0.34, perturb: 1.5 };

  test('a generation ends in a barrier: the worst takes over the best, perturbed; nobody moves after the last', () => {
    const { training } = smallMarket();
    const state = startPopulation(training, population, 4);
    expect(state.members[0].hyperparameters).toEqual(hyperparametersOf(training));
    state.members.forEach((member, i) => {
      member.score = [0.5, null, 2][i];
      member.checkpoint = { iteration: i } as never;
    });
    const best = state.members[2].hyperparameters;
    barrier(state, population);
    expect(state.lineage.map(({ member, copied, score }) => [member, copied, score])).toEqual([
      [0, null, 0.5],
      [1, 2, null],
      [2, null, 2],
    ]);
    expect(state.members[1].checkpoint).toEqual({ iteration: 2 });
    for (const [name, value] of Object.entries(state.members[1].hyperparameters)) {
      if (best[name] === 0) expect([0, 0.001]).toContain(value);
      else expect([best[name] * 1.5, best[name] / 1.5]).toContainEqual(value);
    }
    state.generation = 2;
    const before = structuredClone(state.members);
    barrier(state, population);
    expect(state.members).toEqual(before);
  });

  test('hyper-parameters go into the settings and come back', () => {
    const { training } = smallMarket();
    const changed = withHyperparameters(training, { learningRate: 0.1, 'reward.lambdaTurnover': 0.2 });
    expect(changed).toMatchObject({ learningRate: 0.1, reward: { lambdaTurnover: 0.2, lambdaVolatility: 0.5 } });
    expect(hyperparametersOf(changed)['reward.lambdaTurnover']).toBe(0.2);
  });

  test('keeps no snapshots, and says so', async () => {
    await lay(buildTrainingJob(smallMarket({ totalSteps: 1536, population, snapshotEvery: 1 })));
    const warnings: string[] = [];
    await trainJob(folder, { onProgress: () => {}, onWarning: (message) => void warnings.push(message) });
    const record = JSON.parse(await readFile(join(folder, 'output', 'training-record.json'), 'utf8'));
    expect(record.snapshots).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('snapshots')]);
  });

  test('trains its members generation by generation; the record holds every one; cut off and started again it ends in the same bytes', async () => {
    await lay(buildTrainingJob(smallMarket({ totalSteps: 1536, population })));
    const whole = await trained();
    const { lineage, winner } = whole.record.population;
    expect(lineage).toHaveLength(9);
    const last = lineage.filter(({ generation }: { generation: number }) => generation === 2);
    const scores = last.map(({ score }: { score: number }) => score);
    expect(scores[winner]).toBe(Math.max(...scores));
    expect(lineage.filter(({ copied }: { copied: number | null }) => copied !== null)).toHaveLength(2);
    expect(whole.record.environmentSteps).toBe(3 * 1536);
    expect(whole.seen.at(-1)).toMatchObject({ step: 3 * 1536, total: 3 * 1536 });
    expect(whole.seen[0].message).toContain('generation 1 of 3, member 1 of 3');
    await rm(join(folder, 'output'), { recursive: true });
    await rm(join(folder, 'checkpoints'), { recursive: true });
    let steps = 0;
    await expect(trained({ interrupted: () => ++steps >= 5 })).rejects.toMatchObject({ code: 'TRAIN_INTERRUPTED' });
    const resumed = await trained();
    expect(resumed.seen.length).toBeLessThan(9);
    expect(resumed.record.population).toEqual(whole.record.population);
    expect(resumed.onnx).toBe(whole.onnx);
    expect(resumed.record).toEqual(whole.record);
  });
});
