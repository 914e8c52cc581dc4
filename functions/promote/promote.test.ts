import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { getPointer } from '../../adapters/object-store/port.ts';
import { exactRuntime } from '../../adapters/policy-runtime/exact.ts';
import type { Settings } from '../../config/schema.ts';
import { fitNormaliser } from '../../domain/features/normaliser.ts';
import { observationWidth } from '../../domain/features/observation.ts';
import { hashOf } from '../../domain/lineage/canonical.ts';
import type { GateReport } from '../../domain/lineage/gate-report.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import type { Trial } from '../../domain/lineage/model.ts';
import { simulateKnownOptimum } from '../../domain/simulation/known-optimum.ts';
import { ApprovalChain, KnownMarketHome } from '../../e2e/known-market.ts';
import { signalPolicy } from '../../e2e/known-policies.ts';
import { baselineModel } from '../../training-container/src/networks/portfolio.ts';
import { loadDecision, recomputeDecision } from '../artifacts/decision.ts';
import { putGateReport } from '../artifacts/gate-report.ts';
import { loadModel } from '../artifacts/model.ts';
import { decideStage } from '../decide/decide.ts';
import { registerStage } from '../register/register.ts';
import { promoteManually, rollbackChampion } from './manual.ts';
import { promoteStage } from './promote.ts';
import type { PromoteOutput } from './types.ts';

const ASSETS = 4;
const START = 300;

const STEP_DAYS = 3;
/** Steps of three sessions; how far behind the champion a challenger may fall is set by the test. */
const withPromotion = (settings: Settings, maxShortfall: number): Settings => ({
  ...settings,
  config: {
    ...settings.config,
    promotion: { stepDays: { shadow: STEP_DAYS, ten: STEP_DAYS, fifty: STEP_DAYS }, maxShortfall, maxDrawdown: 0.15 },
  },
});
let maxShortfall: number;
let shared: KnownMarketHome;
let home: KnownMarketHome;
let chain: ApprovalChain;
let count = 0;

beforeAll(async () => {
  shared = await KnownMarketHome.open(simulateKnownOptimum({ seed: 11, assets: ASSETS, sessions: 320 }));
});
afterAll(() => shared.close());
beforeEach(() => {
  count += 1;
  home = shared.as(`s${count}`);
  chain = new ApprovalChain('0xcontract');
  maxShortfall = 0.2;
});

type Day = Awaited<ReturnType<KnownMarketHome['day']>>;
type Verdict = 'accepted' | 'rejected';
const ports = () => ({
  ...home,
  settings: withPromotion(home.settings, maxShortfall),
  chain: chain.port,
  exactRuntime,
});

const trial = (kind: Trial['kind'], seed: number): Trial => ({
  kind,
  window: 0,
  seed,
  trainFrom: home.dates[255],
  trainTo: home.dates[290],
  testFrom: home.dates[292],
  testTo: home.dates[START],
});

/** A candidate and a report of the given verdict, as validate would leave them. */
async function judged(day: Day, role: 'baseline' | 'challenger', verdict: Verdict, tilt: 1 | -1 = 1) {
  const kind = role === 'baseline' ? 'baseline' : 'ppo';
  const facts = trial(kind, tilt === 1 ? 1 : 2);
  const normaliser = fitNormaliser(home.tensor, facts.trainFrom, facts.trainTo);
  const onnx =
    role === 'baseline' ? baselineModel(observationWidth(home.spec)) : signalPolicy(normaliser, ASSETS, tilt);
  const name = role === 'baseline' ? 'inverse volatility' : `signal ${tilt}`;
  const candidate = await home.candidate(day, { name, kind, trial: facts, onnx });
  const report: GateReport = {
    schema: 1,
    gatesHash: hashOf(home.settings.config.gates),
    date: day.date,
    candidate,
    name,
    kind,
    verdict,
    reasons: verdict === 'rejected' ? ['sharpe: too low'] : [],
    gates: [],
    outOfSample: {},
    outOfSampleFrom: null,
    outOfSampleTo: null,
    trials: 1,
    perTrial: [],
    notes: [],
  };
  const gateReport = await putGateReport(home.store, home.strategy, report, {
    dataset: day.ingest.dataset,
    features: day.features.features,
  });
  return { role, candidate, gateReport, verdict };
}

interface Verdicts {
  baseline: Verdict;
  challenger?: { verdict: Verdict; tilt: 1 | -1 };
}

/** Register and propose what a training of session `t` brought. */
async function propose(t: number, { baseline, challenger }: Verdicts) {
  const day = await home.day(t);
  const reports = [await judged(day, 'baseline', baseline)];
  if (challenger) reports.push(await judged(day, 'challenger', challenger.verdict, challenger.tilt));
  const register = await registerStage.run({ ...day, validate: { reports } }, ports());
  const input = { ...day, register, action: 'propose' as const };
  return { day, register, input, output: await promoteStage.run(input, ports()) };
}

/** The promotion machine of session `t`: status, then advance on the step it names. */
async function runPromotion(t: number): Promise<PromoteOutput> {
  const day = await home.day(t);
  const status = await promoteStage.run({ ...day, action: 'status' }, ports());
  if (status.step === 'none' || status.step === 'hundred') return status;
  return promoteStage.run({ ...day, action: 'advance', from: status.step }, ports());
}

const decide = async (t: number): Promise<ArtifactRef> => (await decideStage.run(await home.day(t), ports())).decision;

test('the first run installs the accepted baseline at once; the rejected challenger stays out, with its reasons', async () => {
  const { output, register, input } = await propose(START, {
    baseline: 'accepted',
    challenger: { verdict: 'rejected', tilt: 1 },
  });
  const [baseline, challenger] = register.models;
  expect(output).toMatchObject({
    champion: baseline.model,
    challenger: null,
    step: 'none',
    alpha: 0,
    outcome: 'installed',
  });
  expect(output.reason).toContain('model 0 (inverse volatility)');
  expect(output.reason).toContain('signal 1 was rejected: sharpe: too low');
  expect(chain.approved).toEqual([baseline.model.hash]);
  expect((await getPointer(home.store, home.strategy, 'champion'))?.value).toEqual({ model: baseline.model });
  expect((await getPointer(home.store, home.strategy, 'training/last'))?.value).toEqual({ date: home.dates[START] });
  expect((await getPointer(home.store, home.strategy, 'challenger/last'))?.value).toEqual({
    model: challenger.model,
    date: home.dates[START],
  });
  expect((await home.ledger.models(home.strategy)).map(({ kind, verdict }) => [kind, verdict])).toEqual([
    ['baseline', 'accepted'],
    ['ppo', 'rejected'],
  ]);
  expect((await loadModel(home.store, home.strategy, baseline.model)).gateReport?.verdict).toBe('accepted');

  // killed after the ledger and run again: the same output, no second row
  expect(await promoteStage.run(input, ports())).toEqual(output);
  expect(await home.ledger.aliasHistory(home.strategy, 'champion')).toHaveLength(1);
});

test('without a contract the first champion is installed all the same, and says that it is not approved', async () => {
  chain.address = null;
  const { output } = await propose(START, { baseline: 'accepted' });
  expect(output.reason).toContain('no contract yet: not approved on chain');
  expect(chain.approved).toEqual([]);
  chain.address = '0xcontract';
  await runPromotion(START + 1);
  expect(chain.approved).toEqual([output.champion.hash]);
});

test('when even the baseline breaks a risk gate the champion is all cash, said plainly', async () => {
  const { output } = await propose(START, { baseline: 'rejected' });
  expect(output.outcome).toBe('installed');
  expect(output.reason).toBe(
    'even the baseline (inverse volatility) breaks a risk gate: the champion is all cash; no challenger was trained',
  );
  const { model, gateReport } = await loadModel(home.store, home.strategy, output.champion);
  expect(model.kind).toBe('cash');
  expect(gateReport).toMatchObject({ verdict: 'accepted', kind: 'cash' });
  expect(gateReport?.gates.find(({ gate }) => gate === 'maxDrawdown')).toMatchObject({ value: 0, pass: true });
  const decision = await loadDecision(home.store, home.strategy, await decide(START));
  expect(decision.weightsBps.CASH).toBe(10_000);
});

test('an accepted challenger walks shadow, 10 %, 50 %, 100 %, and every decision on the way is recomputed bit for bit', async () => {
  const { register, output } = await propose(START, {
    baseline: 'accepted',
    challenger: { verdict: 'accepted', tilt: 1 },
  });
  const [baseline, challenger] = register.models.map(({ model }) => model);
  expect(output).toMatchObject({ champion: baseline, challenger, step: 'shadow', alpha: 0, outcome: 'installed' });
  const walk: string[] = [];
  for (let t = START; t <= START + 3 * STEP_DAYS + 1; t += 1) {
    const { step, alpha, outcome } = await runPromotion(t);
    walk.push(`${step} ${alpha} ${outcome}`);
    if ((t - START) % STEP_DAYS !== 0) continue;
    const ref = await decide(t);
    const decision = await loadDecision(home.store, home.strategy, ref);
    expect(decision.champion.modelHash).toBe(t < START + 3 * STEP_DAYS ? baseline.hash : challenger.hash);
    expect(decision.challenger?.alpha ?? null).toBe(t < START + 3 * STEP_DAYS ? alpha : null);
    expect(await recomputeDecision(home.store, exactRuntime, home.strategy, ref)).toMatchObject({
      differences: [],
      weightError: 0,
    });
  }
  expect(walk).toEqual([
    ...Array(STEP_DAYS).fill('shadow 0 held'),
    'ten 0.1 advanced',
    ...Array(STEP_DAYS - 1).fill('ten 0.1 held'),
    'fifty 0.5 advanced',
    ...Array(STEP_DAYS - 1).fill('fifty 0.5 held'),
    'hundred 1 promoted',
    'none 0 kept',
  ]);
  expect(chain.approved).toEqual([baseline.hash, challenger.hash]);
  expect((await getPointer(home.store, home.strategy, 'champion'))?.value).toEqual({ model: challenger });
  const history = await home.ledger.aliasHistory(home.strategy, 'champion');
  expect(history.map(({ modelHash }) => modelHash)).toEqual([baseline.hash, challenger.hash]);

  const back = await rollbackChampion(ports(), {
    strategy: home.strategy,
    date: home.dates[START + 10],
    reason: 'a drill',
  });
  expect(back).toMatchObject({ champion: baseline, outcome: 'rolledBack' });
  expect((await home.ledger.alias(home.strategy, 'champion'))?.reason).toBe('rolled back by hand: a drill');
});

test('a step cut off after its write, and run again, is the same step', async () => {
  await propose(START, { baseline: 'accepted', challenger: { verdict: 'accepted', tilt: 1 } });
  const day = await home.day(START + STEP_DAYS);
  const input = { ...day, action: 'advance' as const, from: 'shadow' as const };
  const first = await promoteStage.run(input, ports());
  expect(first.outcome).toBe('advanced');
  expect(await promoteStage.run(input, ports())).toEqual(first);
  expect((await home.ledger.promotion(home.strategy))?.version).toBe(2);
});

test('cut off between alias and promotion row, the last step is finished by the next run', async () => {
  const { register } = await propose(START, { baseline: 'accepted', challenger: { verdict: 'accepted', tilt: 1 } });
  const challenger = register.models[1].model.hash;
  await runPromotion(START + STEP_DAYS);
  await runPromotion(START + 2 * STEP_DAYS);
  const alias = {
    strategy: home.strategy,
    alias: 'champion',
    modelHash: challenger,
    date: home.dates[START + 3 * STEP_DAYS],
    reason: 'cut off',
  };
  await home.ledger.moveAlias(alias, 1);
  expect(await runPromotion(START + 3 * STEP_DAYS)).toMatchObject({ outcome: 'promoted', step: 'hundred' });
  expect(await home.ledger.aliasHistory(home.strategy, 'champion')).toHaveLength(2);
});

test('a challenger that falls behind is rolled back and the champion stays', async () => {
  maxShortfall = 0.0001;
  const { register } = await propose(START, { baseline: 'accepted', challenger: { verdict: 'accepted', tilt: -1 } });
  const [baseline] = register.models;
  const outcomes: PromoteOutput[] = [];
  for (let t = START; t <= START + 8; t += 1) outcomes.push(await runPromotion(t));
  const rolled = outcomes.find(({ outcome }) => outcome === 'rolledBack');
  expect(rolled).toMatchObject({ champion: baseline.model, challenger: null, step: 'none', alpha: 0 });
  expect(rolled?.reason).toMatch(
    /^rolled back from .+: NAV .+ of the champion: more than 0.01 % behind; the champion stays$/,
  );
  expect(outcomes.at(-1)).toMatchObject({ step: 'none', outcome: 'kept' });
  const day = await home.day(START + 9);
  expect((await decideStage.run(day, ports())).decision.kind).toBe('decisions');
});

test('a second challenger waits while one is on its way', async () => {
  await propose(START, { baseline: 'accepted', challenger: { verdict: 'accepted', tilt: 1 } });
  const { output, register } = await propose(START + 2, {
    baseline: 'accepted',
    challenger: { verdict: 'accepted', tilt: -1 },
  });
  expect(register.models.map(({ role }) => role)).toEqual(['challenger']);
  expect(output).toMatchObject({ outcome: 'kept', step: 'shadow' });
  expect(output.reason).toContain('another challenger is on its way (shadow since');
});

test('by hand: only accepted models, only with a reason, and not past another challenger', async () => {
  const { register } = await propose(START, { baseline: 'accepted', challenger: { verdict: 'rejected', tilt: 1 } });
  const [baseline, rejected] = register.models.map(({ model }) => model.hash);
  const change = { strategy: home.strategy, date: home.dates[START], reason: 'because' };
  await expect(promoteManually(ports(), { ...change, modelHash: rejected })).rejects.toMatchObject({
    code: 'MODEL_REJECTED',
    kind: 'refused',
  });
  await expect(promoteManually(ports(), { ...change, modelHash: 'f'.repeat(64) })).rejects.toMatchObject({
    code: 'MODEL_UNKNOWN',
  });
  await expect(promoteManually(ports(), { ...change, reason: ' ', modelHash: baseline })).rejects.toMatchObject({
    code: 'REASON_MISSING',
  });
  expect(await promoteManually(ports(), { ...change, modelHash: baseline })).toMatchObject({ outcome: 'kept' });
  await expect(rollbackChampion(ports(), change)).rejects.toMatchObject({ code: 'ROLLBACK_NOTHING' });

  const day = await home.day(START + 1);
  const report = await judged(day, 'challenger', 'accepted', -1);
  const { models } = await registerStage.run({ ...day, validate: { reports: [report] } }, ports());
  await promoteStage.run({ ...day, register: { models }, action: 'propose' }, ports());
  await expect(promoteManually(ports(), { ...change, modelHash: baseline })).rejects.toMatchObject({
    code: 'PROMOTE_BUSY',
  });
  expect(await rollbackChampion(ports(), change)).toMatchObject({ outcome: 'rolledBack', step: 'none' });
  expect(await promoteManually(ports(), { ...change, modelHash: models[0].model.hash })).toMatchObject({
    outcome: 'promoted',
    champion: models[0].model,
  });
});

test('a date is decided once; an earlier day, another universe and a missing champion are refused', async () => {
  await expect(decide(START)).rejects.toMatchObject({ code: 'DECIDE_NO_CHAMPION', kind: 'refused' });
  await propose(START, { baseline: 'accepted' });
  const first = await decide(START + 1);
  expect(await decide(START + 1)).toEqual(first);
  await expect(decide(START)).rejects.toMatchObject({ code: 'DECIDE_PAST', facts: { latest: home.dates[START + 1] } });
  const other = { ...(await home.day(START + 2)), universe: 'other' };
  await expect(decideStage.run(other, ports())).rejects.toMatchObject({ code: 'DECIDE_UNIVERSE' });
  const second = await decide(START + 2);
  expect((await getPointer(home.store, home.strategy, 'decisions/latest'))?.value).toEqual({
    decision: second,
    date: home.dates[START + 2],
  });
  expect((await getPointer(home.store, home.strategy, `decisions/by-date/${home.dates[START + 1]}`))?.value).toEqual({
    decision: first,
  });
  expect((await loadDecision(home.store, home.strategy, second)).previousDecision).toBe(first.hash);
});

test('a flipped byte in the champion stops the decision by its hash', async () => {
  const { output } = await propose(START, { baseline: 'accepted' });
  const key = `${home.strategy}/models/${output.champion.hash}/policy.onnx`;
  const stored = await home.store.get(key);
  const bytes = Uint8Array.from(stored?.bytes ?? []);
  bytes[bytes.length - 1] ^= 1;
  await home.store.put(key, bytes);
  await expect(decide(START)).rejects.toMatchObject({ code: 'OBJECT_HASH_MISMATCH', facts: { key } });
  expect(await home.ledger.decision(home.strategy, home.dates[START])).toBeNull();
});
