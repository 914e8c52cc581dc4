import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { exactRuntime } from '../../adapters/policy-runtime/exact.ts';
import { onnxRuntime } from '../../adapters/policy-runtime/onnx.ts';
import type { TrainingJob } from '../../adapters/training-job/port.ts';
import { fitNormaliser } from '../../domain/features/normaliser.ts';
import { observationWidth } from '../../domain/features/observation.ts';
import type { Trial } from '../../domain/lineage/model.ts';
import { simulateKnownOptimum } from '../../domain/simulation/known-optimum.ts';
import { KnownMarketHome } from '../../e2e/known-market.ts';
import { signalPolicy } from '../../e2e/known-policies.ts';
import { type LineOptions, settingsFor } from '../../e2e/promotion-line.ts';
import { baselineModel } from '../../training-container/src/networks/portfolio.ts';
import { loadGateReport, loadNavSeries } from '../artifacts/gate-report.ts';
import { settlePointer } from '../artifacts/pointer.ts';
import { controlPointer, type LearningControl } from './learning-control.ts';
import { validateStage } from './validate.ts';

const ASSETS = 4;
const LAST = 879;
const market = simulateKnownOptimum({ seed: 3, assets: ASSETS, sessions: LAST + 1 });
const OPTIONS: LineOptions = {
  market,
  limits: market.limits,
  gates: ({ risk, alpha, learningControl }) => ({
    risk: { ...risk, maxDrawdown: 0.35, maxTurnoverAnnual: 40, liquidityStressMaxDrawdown: 0.6 },
    alpha: { ...alpha, sharpeYears: 1, pboMinTrials: null },
    learningControl,
  }),
  plan: { windows: 2, testDays: 140, trainDays: null, purgeDays: 21, embargoDays: 5, seeds: 2 },
  totalSteps: 1,
  controlSteps: 1,
  stepDays: 1,
};

/** The control is remembered in these tests: training one again would be a fault. */
const trainingJob: TrainingJob = {
  run: () => Promise.reject(new Error('the learning control was trained again')),
};

/** A control that was run before. */
const LEARNED: LearningControl = { achieved: 4.8, optimal: 5, ratio: 0.96, closedForm: 5.6, steps: 1 };

let shared: KnownMarketHome;
let home: KnownMarketHome;
let count = 0;
beforeAll(async () => {
  shared = await KnownMarketHome.open(market, (settings) => settingsFor(settings, OPTIONS));
}, 30_000);
afterAll(() => shared.close());
beforeEach(() => {
  count += 1;
  home = shared.as(`s${count}`);
});

const ports = () => ({
  ...home,
  exactRuntime,
  onnxRuntime,
  trainingJob,
  progress: () => undefined,
  codeVersion: 'test',
});

const trialOf = (kind: Trial['kind'], window: number, seed: number): Trial => ({
  kind,
  window,
  seed,
  trainFrom: home.dates[255],
  trainTo: home.dates[573 + 140 * window],
  testFrom: home.dates[kind === 'baseline' ? 600 : 600 + 140 * window],
  testTo: home.dates[kind === 'baseline' ? LAST : 739 + 140 * window],
});

/** Validate a baseline and, by `window/seed` (of PPO) or `kind/window/seed`, policies that follow the signal (1) or do the opposite (-1). */
async function validated(tilts: Record<string, 1 | -1>, known = LEARNED) {
  await settlePointer(home.store, home.strategy, controlPointer(home.settings.profile, 'test'), known);
  const day = await home.day(LAST);
  const candidate = async (trial: Trial, tilt: 1 | -1 | null) => {
    const normaliser = fitNormaliser(home.tensor, trial.trainFrom, trial.trainTo);
    const onnx = tilt === null ? baselineModel(observationWidth(home.spec)) : signalPolicy(normaliser, ASSETS, tilt);
    const name = tilt === null ? 'model 0' : `w${trial.window} s${trial.seed}`;
    return {
      candidate: await home.candidate(day, { name, kind: trial.kind, trial, onnx }),
      trial,
      name,
      environmentSteps: 1,
    };
  };
  const train = [await candidate(trialOf('baseline', 0, 0), null)];
  for (const [key, tilt] of Object.entries(tilts)) {
    const [seed, window, kind = 'ppo'] = key.split('/').reverse();
    train.push(await candidate(trialOf(kind as Trial['kind'], Number(window), Number(seed)), tilt));
  }
  const { reports } = await validateStage.run({ ...day, train }, ports());
  const load = (role: string) => reports.find((report) => report.role === role)?.gateReport;
  const [baseline, challenger] = [load('baseline'), load('challenger')];
  if (!baseline) throw new Error('no baseline report');
  return {
    baseline: await loadGateReport(home.store, home.strategy, baseline),
    challenger: challenger ? await loadGateReport(home.store, home.strategy, challenger) : null,
    refs: { baseline, challenger },
  };
}

test('a challenger that follows the optimum passes; its figures stand beside model 0 and every baseline', async () => {
  const { baseline, challenger, refs } = await validated({ '0/1': 1, '0/2': 1, '1/1': 1, '1/2': 1 });
  expect(baseline).toMatchObject({ verdict: 'accepted', reasons: [], trials: 0, perTrial: [] });
  expect(baseline.gates.every(({ group }) => group === 'risk')).toBe(true);
  expect(challenger).toMatchObject({ verdict: 'accepted', reasons: [], name: 'w1 s1', trials: 4 });
  expect([challenger?.outOfSampleFrom, challenger?.outOfSampleTo]).toEqual([home.dates[600], home.dates[LAST]]);
  expect(Object.keys(challenger?.outOfSample ?? {}).sort()).toEqual(
    [
      'buyAndHold',
      'equalWeight',
      'hrp',
      'inverseVolatility',
      'maxSharpe',
      'minVariance',
      'model 0 (as champion)',
      'volTargetEqualWeight',
      'w1 s1',
    ].sort(),
  );
  const value = (gate: string) => challenger?.gates.find((each) => each.gate === gate)?.value;
  expect(value('sharpe')).toBeGreaterThan(3);
  expect(value('learningControl')).toBe(LEARNED.ratio);
  expect(value('reproducible')).toBe(1);
  // a stress window outside the history is null with a reason, and excused
  expect(challenger?.gates.find(({ gate }) => gate === 'stress 2020')).toMatchObject({
    value: null,
    pass: false,
    reason: expect.stringContaining('does not cover'),
  });
  expect(challenger?.perTrial.map(({ window, seed, sharpe }) => [window, seed, Number(sharpe) > 3])).toEqual([
    [0, 1, true],
    [0, 2, true],
    [1, 1, true],
    [1, 2, true],
  ]);
  const series = refs.challenger && (await loadNavSeries(home.store, home.strategy, refs.challenger));
  expect(series?.dates).toHaveLength(280);
  expect(Object.keys(series?.nav ?? {})).toContain('w1 s1');
});

test('the challenger is the first seed of the last window, however good the others are; every logged trial counts', async () => {
  const row = {
    strategy: home.strategy,
    date: home.dates[LAST],
    trial: trialOf('ppo', 0, 1),
    configHash: 'c',
    status: 'failed',
    candidate: null,
    metrics: {},
  } as const;
  for (let i = 0; i < 7; i += 1) await home.ledger.appendTrial({ ...row, id: `${home.strategy} ${i}` });
  const { challenger } = await validated({ '0/1': -1, '0/2': 1, '1/1': -1, '1/2': 1 });
  expect(challenger).toMatchObject({ verdict: 'rejected', name: 'w1 s1', trials: 7 });
  expect(challenger?.reasons.map((reason) => reason.split(':')[0])).toEqual(
    expect.arrayContaining(['sharpe', 'deflatedSharpe']),
  );
  expect(challenger?.notes.join(' ')).toContain('never the best seed');
});

test('the peer is never a challenger; its walk-forward stands beside it, with what the challenger adds and the interval', async () => {
  const ppo = { '0/1': 1, '0/2': 1, '1/1': 1, '1/2': 1 } as const;
  const { challenger } = await validated({ ...ppo, 'direct/0/1': -1, 'direct/1/1': -1 });
  expect(challenger).toMatchObject({ verdict: 'accepted', kind: 'ppo', name: 'w1 s1', trials: 6 });
  expect(Number(challenger?.outOfSample.directGradients.sharpe)).toBeLessThan(0);
  expect(challenger?.perTrial.map(({ kind, window, seed }) => `${kind} ${window} ${seed}`)).toEqual([
    'ppo 0 1',
    'ppo 0 2',
    'ppo 1 1',
    'ppo 1 2',
    'direct 0 1',
    'direct 1 1',
  ]);
  expect(challenger?.notes.join(' ')).toMatch(/What w1 s1 adds to its peer, directGradients.*: it is better\./);
});

test('with too little history there is only the baseline, and it is said that no alpha gate could be assessed', async () => {
  const { baseline, challenger } = await validated({});
  expect(challenger).toBeNull();
  expect(baseline.verdict).toBe('accepted');
  expect(baseline.notes.join(' ')).toContain('too little history');
});

test('a learner that cannot find a known optimum rejects its challenger: a null on real data would say nothing', async () => {
  const { challenger } = await validated({ '0/1': 1, '1/1': 1 }, { ...LEARNED, ratio: 0.5 });
  expect(challenger?.reasons).toEqual([expect.stringContaining('learningControl: the learner reaches 50.0 %')]);
});
