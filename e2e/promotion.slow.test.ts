import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fitNormaliser } from '../domain/features/normaliser.ts';
import { interquartileMean } from '../domain/metrics/interquartile-mean.ts';
import { promotionMarket } from '../domain/simulation/promotion-market.ts';
import { recomputeDecision } from '../functions/artifacts/decision.ts';
import { putGateReport } from '../functions/artifacts/gate-report.ts';
import { rollbackChampion } from '../functions/promote/manual.ts';
import { promoteStage } from '../functions/promote/promote.ts';
import { registerStage } from '../functions/register/register.ts';
import { signalPolicy } from './known-policies.ts';
import { type LineOptions, PromotionLine } from './promotion-line.ts';

const START = 4700;
const market = promotionMarket({ seed: 5, sessions: START + 90 });

/** The product's own gates, thresholds and drawdown control, all but PBO: four trials are too few for it. */
const OPTIONS: LineOptions = {
  market,
  limits: { ...market.limits, drawdown: { budget: 0.12, hardLimit: 0.15, resetAfterDays: null } },
  gates: (gates) => ({ ...gates, alpha: { ...gates.alpha, pboMinTrials: null } }),
  plan: { windows: 2, testDays: 252, trainDays: null, purgeDays: 21, embargoDays: 5, seeds: 2 },
  totalSteps: 65_536,
  controlSteps: 131_072,
  stepDays: 5,
};
let line: PromotionLine;

beforeAll(async () => {
  line = await PromotionLine.open(OPTIONS);
}, 60_000);
afterAll(() => line?.home.close());

test('the whole way: two windows, two seeds, shadow, 10 %, 50 %, 100 %, and an unhealthy successor rolled back', async () => {
  const start = START;
  const { stepDays } = OPTIONS;
  const { home } = line;
  const { reports, register, promote } = await line.train(start);
  const [, challenger] = reports;
  expect(challenger.reasons).toEqual([]);
  expect(challenger.verdict).toBe('accepted');
  expect(challenger.trials).toBe(4);
  expect(challenger.perTrial.map(({ window, seed }) => [window, seed])).toEqual([
    [0, 1],
    [0, 2],
    [1, 1],
    [1, 2],
  ]);
  expect(interquartileMean(challenger.perTrial.map(({ sharpe }) => sharpe ?? 0))).toBeGreaterThan(1);
  const [model0, rising] = register.models.map(({ model }) => model);
  expect(promote).toMatchObject({ champion: model0, challenger: rising, step: 'shadow' });

  const outcomes: string[] = [];
  for (let t = start; t <= start + 3 * stepDays; t += 1) {
    const { step, outcome } = await line.promote(t);
    outcomes.push(`${step} ${outcome}`);
    const ref = await line.decide(t);
    expect(await recomputeDecision(home.store, line.ports.exactRuntime, home.strategy, ref)).toMatchObject({
      differences: [],
    });
  }
  const held = (step: string, count: number): string[] => Array(count).fill(`${step} held`);
  expect(outcomes).toEqual([
    ...held('shadow', stepDays),
    'ten advanced',
    ...held('ten', stepDays - 1),
    'fifty advanced',
    ...held('fifty', stepDays - 1),
    'hundred promoted',
  ]);

  // a successor that does the opposite of what pays, with a report that says otherwise
  const at = start + 3 * stepDays + 1;
  const day = await home.day(at);
  const trial = {
    kind: 'ppo',
    window: 0,
    seed: 9,
    trainFrom: home.dates[300],
    trainTo: home.dates[2000],
    testFrom: home.dates[2100],
    testTo: home.dates[start],
  } as const;
  const onnx = signalPolicy(
    fitNormaliser(home.tensor, trial.trainFrom, trial.trainTo),
    market.panel.symbols.length,
    -1,
  );
  const candidate = await home.candidate(day, { name: 'opposite', kind: 'ppo', trial, onnx });
  const report = { ...challenger, candidate, name: 'opposite', date: day.date };
  const gateReport = await putGateReport(home.store, home.strategy, report, {
    dataset: day.ingest.dataset,
    features: day.features.features,
  });
  const { models } = await registerStage.run(
    { ...day, validate: { reports: [{ role: 'challenger', candidate, gateReport, verdict: 'accepted' }] } },
    line.ports,
  );
  expect(await promoteStage.run({ ...day, register: { models }, action: 'propose' }, line.ports)).toMatchObject({
    outcome: 'started',
    champion: rising,
  });
  line.options.stepDays = 60;
  let rolled = null;
  for (let t = at; rolled === null && t < at + 60; t += 1) {
    const output = await line.promote(t);
    if (output.outcome === 'rolledBack' || output.step === 'none') rolled = output;
  }
  expect(rolled).toMatchObject({ champion: rising, challenger: null, outcome: 'rolledBack' });
  expect(rolled?.reason).toMatch(/more than 10.00 % behind/);

  const back = await rollbackChampion(line.ports, {
    strategy: home.strategy,
    date: home.dates[at + 60],
    reason: 'drill',
  });
  expect(back).toMatchObject({ champion: model0, outcome: 'rolledBack' });
});
