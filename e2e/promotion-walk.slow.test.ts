import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { getPointer } from '../adapters/object-store/port.ts';
import { simulateKnownOptimum } from '../domain/simulation/known-optimum.ts';
import { loadDecision, recomputeDecision } from '../functions/artifacts/decision.ts';
import { type LineOptions, PromotionLine } from './promotion-line.ts';

const START = 1600;
const market = simulateKnownOptimum({ seed: 42, assets: 4, sessions: START + 12 });

/**
 * A sample of `promotion.slow.test.ts`: one window, one seed, few steps. Gates for this market: its best policy moves the whole book
 * a dozen times a year and holds one asset at 16 % volatility without drawdown control, so turnover and drawdown are judged by
 * that; one trial is too few for PBO, and so few steps leave the control far from the optimum. The rest is as configured.
 */
const OPTIONS: LineOptions = {
  market,
  limits: market.limits,
  gates: ({ risk, alpha }) => ({
    risk: { ...risk, maxDrawdown: 0.35, maxTurnoverAnnual: 40, liquidityStressMaxDrawdown: 0.6, stressWindows: [] },
    alpha: { ...alpha, sharpeYears: 1, pboMinTrials: null },
    learningControl: 0.3,
  }),
  plan: { windows: 1, testDays: 252, trainDays: null, purgeDays: 21, embargoDays: 5, seeds: 1 },
  totalSteps: 24_576,
  controlSteps: 24_576,
  stepDays: 1,
};
let line: PromotionLine;

beforeAll(async () => {
  line = await PromotionLine.open(OPTIONS);
}, 60_000);
afterAll(() => line?.home.close());

test('a trained challenger that found the known optimum replaces the baseline, step by step; broken on the way it is rolled back', async () => {
  const start = START;
  const { home } = line;
  const { reports, register, promote, train } = await line.train(start);
  const [baseline, challenger] = reports;
  expect(challenger.reasons).toEqual([]);
  expect([baseline.verdict, challenger.verdict]).toEqual(['accepted', 'accepted']);
  expect(challenger.gates.every(({ value, pass }) => pass && value !== null)).toBe(true);
  const sharpe = (name: string): number => challenger.outOfSample[name].sharpe ?? Number.NaN;
  expect(sharpe(challenger.name)).toBeGreaterThan(sharpe('inverseVolatility') + 1);
  expect(sharpe(challenger.name)).toBeLessThan(home.market.optimalSharpe + 2.5);
  expect(challenger.trials).toBe(1);
  expect(await home.store.list(`${home.strategy}/pointers/controls/`)).toHaveLength(1);
  expect((await home.ledger.trials(home.strategy)).map(({ status }) => status)).toEqual(['finished', 'finished']);
  expect(train.map(({ environmentSteps }) => environmentSteps)[1]).toBeGreaterThanOrEqual(OPTIONS.totalSteps);
  const [model0, rising] = register.models.map(({ model }) => model);
  expect(promote).toMatchObject({ champion: model0, challenger: rising, step: 'shadow', outcome: 'installed' });

  expect(await line.promote(start)).toMatchObject({ step: 'shadow', outcome: 'held' });
  expect(await line.promote(start + 1)).toMatchObject({ step: 'ten', alpha: 0.1, outcome: 'advanced' });
  const key = `${home.strategy}/models/${rising.hash}/policy.onnx`;
  await line.flip(key);
  const rolled = await line.promote(start + 2);
  expect(rolled).toMatchObject({ champion: model0, challenger: null, step: 'none', outcome: 'rolledBack' });
  expect(rolled.reason).toContain('OBJECT_HASH_MISMATCH');
  await line.flip(key);

  const day = await home.day(start + 3);
  const { promoteStage } = await import('../functions/promote/promote.ts');
  const again = await promoteStage.run({ ...day, register, action: 'propose' }, line.ports);
  expect(again).toMatchObject({ champion: model0, challenger: rising, step: 'shadow', outcome: 'started' });
  const steps: string[] = [];
  for (let t = start + 4; t <= start + 7; t += 1) {
    steps.push((await line.promote(t)).step);
    const ref = await line.decide(t);
    expect(await recomputeDecision(home.store, line.ports.exactRuntime, home.strategy, ref)).toMatchObject({
      differences: [],
    });
    expect((await loadDecision(home.store, home.strategy, ref)).champion.modelHash).toBe(
      t < start + 6 ? model0.hash : rising.hash,
    );
  }
  expect(steps).toEqual(['ten', 'fifty', 'hundred', 'none']);
  expect((await getPointer(home.store, home.strategy, 'champion'))?.value).toEqual({ model: rising });
  expect(line.chain.approved).toEqual([model0.hash, rising.hash]);
}, 120_000);
