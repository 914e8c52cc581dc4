import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Alert } from '../../adapters/alerts/port.ts';
import {
  getArtifactFile,
  getArtifactJson,
  getManifest,
  getPointer,
  putArtifact,
} from '../../adapters/object-store/port.ts';
import { exactRuntime } from '../../adapters/policy-runtime/exact.ts';
import { fitNormaliser } from '../../domain/features/normaliser.ts';
import { observationWidth } from '../../domain/features/observation.ts';
import { hashOf } from '../../domain/lineage/canonical.ts';
import type { GateReport } from '../../domain/lineage/gate-report.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import type { Trial } from '../../domain/lineage/model.ts';
import { type Monitor, monitorSchema } from '../../domain/monitoring/monitor.ts';
import type { Limits } from '../../domain/risk/limits.ts';
import { simulateKnownOptimum } from '../../domain/simulation/known-optimum.ts';
import { ApprovalChain, KnownMarketHome } from '../../e2e/known-market.ts';
import { signalPolicy } from '../../e2e/known-policies.ts';
import { baselineModel } from '../../training-container/src/networks/portfolio.ts';
import { loadDecision } from '../artifacts/decision.ts';
import { loadFeatures, writeFeatures } from '../artifacts/features.ts';
import { putGateReport } from '../artifacts/gate-report.ts';
import { loadModel } from '../artifacts/model.ts';
import { decideStage } from '../decide/decide.ts';
import { monitorStage } from '../monitor/monitor.ts';
import { promoteStage } from '../promote/promote.ts';
import { registerStage } from '../register/register.ts';
import { loadMaterial, reportInput } from './load.ts';
import { reportStage } from './report.ts';
import { dailySummarySchema } from './summary.ts';
import { limitRemarks } from './tables.ts';

const ASSETS = 4;
const START = 640;
const DAYS = 4;
const DIFFERENCE = 'epoch: chain 3, ledger 2';

let home: KnownMarketHome;
const raised: Alert[] = [];
const metrics = { emit: () => undefined };
interface DayResult {
  date: string;
  event: object;
  monitor: ArtifactRef;
  report: ArtifactRef;
}
const days: DayResult[] = [];

const figures = { sharpe: 0.4, annualReturn: 0.02, volatility: 0.05, maxDrawdown: -0.06, turnover: 0.8, costBps: 2 };

function gateReport(candidate: ArtifactRef, name: string, kind: 'baseline' | 'ppo'): GateReport {
  const rejected = kind === 'ppo';
  return {
    schema: 1,
    gatesHash: hashOf(home.settings.config.gates),
    date: home.dates[START],
    candidate,
    name,
    kind,
    verdict: rejected ? 'rejected' : 'accepted',
    reasons: rejected ? ['sharpe: 0.40, 1.00 is asked for'] : [],
    gates: [
      { gate: 'maxDrawdown', group: 'risk', value: 0.06, threshold: 0.15, pass: true },
      ...(rejected
        ? [
            {
              gate: 'sharpe',
              group: 'alpha' as const,
              value: 0.4,
              threshold: 1,
              pass: false,
              reason: 'it is <0.40> & less than asked',
            },
            {
              gate: 'pbo',
              group: 'alpha' as const,
              value: null,
              threshold: 0.2,
              pass: false,
              reason: 'too few trials',
            },
          ]
        : []),
    ],
    outOfSample: rejected
      ? {
          [name]: figures,
          'model 0 (as champion)': { ...figures, sharpe: 0.3 },
          equalWeight: { ...figures, sharpe: null },
        }
      : { [name]: figures },
    outOfSampleFrom: home.dates[START - 20],
    outOfSampleTo: home.dates[START],
    trials: 4,
    perTrial: rejected ? [{ window: 0, seed: 1, sharpe: 0.4 }] : [],
    notes: [],
  };
}

const settle = {
  status: 'finalized' as const,
  transaction: `0x${'1f'.repeat(32)}`,
  epoch: 1,
  gasUsed: 87_218,
  contract: '0x00000000000000000000000000000000000000aa',
  chainId: 31337,
  settlement: null,
};

async function train(): Promise<{ champion: ArtifactRef; outcome: string }> {
  const day = await home.day(START);
  const trial: Trial = {
    kind: 'baseline',
    window: 0,
    seed: 1,
    trainFrom: home.dates[255],
    trainTo: home.dates[610],
    testFrom: home.dates[611],
    testTo: home.dates[START],
  };
  const judged = async (role: 'baseline' | 'challenger') => {
    const kind = role === 'baseline' ? ('baseline' as const) : ('ppo' as const);
    const name = role === 'baseline' ? 'model 0' : 'ppo w0 s1';
    const normaliser = fitNormaliser(home.tensor, trial.trainFrom, trial.trainTo);
    const onnx = role === 'baseline' ? baselineModel(observationWidth(home.spec)) : signalPolicy(normaliser, ASSETS, 1);
    const candidate = await home.candidate(day, { name, kind, trial: { ...trial, kind }, onnx });
    const dates = home.dates.slice(START - 20, START + 1);
    const nav = (slope: number) => Float64Array.from(dates, (_, i) => 1 + slope * i);
    const series = {
      dates: [...dates],
      nav: { 'ppo w0 s1': nav(0.001), 'model 0 (as champion)': nav(0.0005), equalWeight: nav(-0.0002) },
    };
    const report = await putGateReport(
      home.store,
      home.strategy,
      gateReport(candidate, name, kind),
      { dataset: day.ingest.dataset, features: day.features.features },
      series,
    );
    return {
      role,
      candidate,
      gateReport: report,
      verdict: role === 'baseline' ? ('accepted' as const) : ('rejected' as const),
    };
  };
  const ports = { ...home, chain: new ApprovalChain(null).port, exactRuntime };
  const register = await registerStage.run(
    { ...day, validate: { reports: [await judged('baseline'), await judged('challenger')] } },
    { ...home, ...ports },
  );
  return promoteStage.run(
    { ...day, register, action: 'propose' },
    { ...ports, store: home.store, ledger: home.ledger, settings: home.settings },
  );
}

async function runDay(t: number, promote: object, differences: string[]): Promise<DayResult> {
  const day = await home.day(t);
  const ports = {
    settings: home.settings,
    store: home.store,
    ledger: home.ledger,
    exactRuntime,
    alerts: { raise: async (alert: Alert) => void raised.push(alert) },
    metrics,
  };
  const decide = await decideStage.run(day, ports);
  const reconciliation = await putArtifact(home.store, home.strategy, {
    kind: 'reconciliations',
    files: {},
    inputs: { decision: decide.decision },
  });
  const sofar = {
    ...day,
    ingest: { ...day.ingest, rows: (t + 1) * ASSETS, symbols: ASSETS, quarantined: t === START + 1 ? 2 : 0 },
    promotion: { promote },
    decide,
    settle,
    reconcile: { reconciliation, differences },
  };
  const monitor = await monitorStage.run(monitorStage.input.parse(sofar), ports);
  const event = { ...sofar, monitor };
  const { report } = await reportStage.run(reportStage.input.parse(event), ports);
  return { date: day.date, event, monitor: monitor.monitor, report };
}

const text = async (ref: ArtifactRef, name: string): Promise<string> =>
  new TextDecoder().decode(await getArtifactFile(home.store, home.strategy, ref, name));
const monitorOf = async (day: DayResult): Promise<Monitor> =>
  monitorSchema.parse(await getArtifactJson(home.store, home.strategy, day.monitor, 'monitor.json'));

beforeAll(async () => {
  home = await KnownMarketHome.open(simulateKnownOptimum({ seed: 5, assets: ASSETS, sessions: START + DAYS + 2 }));
  const promote = await train();
  for (let i = 0; i < DAYS; i++) days.push(await runDay(START + i, promote, i === 2 ? [DIFFERENCE] : []));
});
afterAll(() => home.close());

describe('monitor', () => {
  test('the live book grows by a session a day, and is the same when the chain is walked to its start', async () => {
    const last = await monitorOf(days[DAYS - 1]);
    expect(last.book.dates).toEqual(days.map((day) => day.date));
    expect(last.book.nav[0]).toBe(1);
    expect(last.risk.sessions).toBe(DAYS);
    expect(last.risk.totalReturn).toBeCloseTo((last.book.nav[DAYS - 1] ?? 0) - 1, 12);
    // Without the earlier monitors the whole chain of decisions is read again: the same bytes.
    for (const day of days.slice(0, -1))
      await home.store.put(
        `${home.strategy}/pointers/monitors/by-date/${day.date}.json`,
        new TextEncoder().encode(JSON.stringify({ monitor: days[DAYS - 1].monitor })),
      );
    const again = await monitorStage.run(monitorStage.input.parse(days[DAYS - 1].event), {
      settings: home.settings,
      store: home.store,
      alerts: { raise: async () => undefined },
      metrics,
    });
    expect(again.monitor).toEqual(days[DAYS - 1].monitor);
  });

  test('drift is assessed against the training window, and a market that did not change raises nothing', async () => {
    const { drift } = await monitorOf(days[0]);
    expect(drift).toMatchObject({ assessed: true, referenceFrom: home.dates[255], windowTo: days[0].date });
    expect(drift.features.length).toBeGreaterThan(5);
    expect(drift.features.filter((feature) => feature.drifted)).toEqual([]);
  });

  test('alerts: quarantine on the day of the new rows, mismatch on the day of the difference, each with its section', async () => {
    expect(raised.map(({ id, condition, runbook }) => [id.split('-')[0], condition, runbook])).toEqual([
      ['quarantine', 'quarantine', 'docs/runbook.md#quarantine'],
      ['mismatch', 'mismatch', 'docs/runbook.md#mismatch'],
    ]);
    expect(raised[0].message).toContain('2 rows');
    expect(raised[1].message).toContain(DIFFERENCE);
  });

  test('the latest pointer names the last day', async () => {
    expect((await getPointer(home.store, home.strategy, 'monitors/latest'))?.value).toEqual({
      monitor: days[DAYS - 1].monitor,
      date: days[DAYS - 1].date,
    });
  });
});

describe('report', () => {
  test('the summary is the head of the document that the command prints', async () => {
    const summary = dailySummarySchema.parse(JSON.parse(await text(days[0].report, 'summary.json')));
    expect(summary).toMatchObject({
      date: days[0].date,
      champion: { name: 'model 0', kind: 'baseline' },
      challenger: { name: 'ppo w0 s1', verdict: 'rejected' },
      settlement: { status: 'finalized', gasUsed: 87_218 },
      reconcile: { differences: [] },
      alerts: [],
    });
    expect(Object.keys(summary.outOfSample)).toEqual(['equalWeight', 'model 0', 'ppo w0 s1']);
    expect(Object.values(summary.decision?.weightsBps ?? {}).reduce((a, b) => a + b, 0)).toBe(10_000);
  });

  test('one page with nothing from outside, charts inside, text escaped', async () => {
    const html = await text(days[DAYS - 1].report, 'report.html');
    expect(html).not.toMatch(/(?:src|href)=|@import|url\(|<script/);
    expect(html.match(/<svg /g)?.length).toBeGreaterThan(4);
    expect(html).toContain('Net asset value out of sample');
    expect(html).toContain('Net asset value of the live book');
    expect(html).toContain('it is &#60;0.40&#62; &#38; less than asked');
    for (const needed of [
      'Why these weights',
      settle.transaction,
      'The standard error of a Sharpe ratio over 2 years is 0.71',
      home.settings.universe.sourceLine,
      'not assessed',
      'did not: it failed 2 of 3 gates',
    ]) {
      expect(html).toContain(needed);
    }
    for (const tag of ['section', 'table', 'figure', 'svg', 'ol', 'dl']) {
      expect(html.split(`<${tag}`).length).toBe(html.split(`</${tag}>`).length);
    }
  });

  test('the Markdown has the same facts', async () => {
    const markdown = await text(days[2].report, 'report.md');
    for (const needed of [
      '# ',
      'rejected',
      DIFFERENCE,
      '| CASH |',
      home.settings.universe.licence,
      'true Sharpe 0.0: 8 %',
    ])
      expect(markdown).toContain(needed);
  });

  test('names every artifact that it rests on; the same day gives the same bytes', async () => {
    const { inputs } = await getManifest(home.store, home.strategy, days[0].report);
    expect(Object.keys(inputs).sort()).toEqual([
      'challenger',
      'champion',
      'dataset',
      'decision',
      'features',
      'monitor',
      'reconciliation',
    ]);
    const again = await reportStage.run(reportStage.input.parse(days[0].event), {
      settings: home.settings,
      store: home.store,
      ledger: home.ledger,
      exactRuntime,
    });
    expect(again.report).toEqual(days[0].report);
    expect((await getPointer(home.store, home.strategy, 'reports/latest'))?.value).toEqual({
      report: days[DAYS - 1].report,
      date: days[DAYS - 1].date,
    });
  });

  test('the caps beside the groups are those that the decision kept to, not of a configuration that was changed since', async () => {
    const ports = { store: home.store, ledger: home.ledger, exactRuntime };
    const event = reportInput.parse(days[0].event);
    const { features } = event.features;
    const groups = { hubs: { [days[0].date]: [home.tensor.symbols[0]] }, illiquid: {} };
    const inputs = { dataset: event.ingest.dataset, graph: features, embeddings: features };
    const withHub = await writeFeatures(
      home.store,
      home.strategy,
      inputs,
      { ...(await loadFeatures(home.store, home.strategy, features)), ...groups },
      { universe: 'hubs', date: days[0].date },
    );
    const materialOf = async (limits: Partial<Limits>) => {
      const universe = { ...home.settings.universe, limits: { ...home.settings.universe.limits, ...limits } };
      const settings = { ...home.settings, universe };
      return loadMaterial({ ...event, features: { features: withHub } }, { ...ports, settings });
    };
    const { model } = await loadModel(home.store, home.strategy, event.promotion.promote.champion);
    const { limits = model.limits } = await loadDecision(home.store, home.strategy, event.decide.decision);
    const material = await materialOf({ maxHubWeight: limits.maxHubWeight / 2 });
    expect(material.exposures[0]).toMatchObject({ name: 'graph hubs', cap: limits.maxHubWeight });
    const document = { ...material.decision.document, limits: { ...model.limits, maxWeight: 0.08 } };
    expect(limitRemarks({ ...material, decision: { ...material.decision, document } }).at(-1)).toBe(
      'Tighter in the universe than what the model was judged with: cap on one asset 8.00 %.',
    );
  });

  test('an observation with a flipped byte is refused', async () => {
    const { decide } = days[0].event as { decide: { decision: ArtifactRef } };
    const key = `${home.strategy}/decisions/${decide.decision.hash}/observation.f32`;
    const bytes = (await home.store.get(key))?.bytes as Uint8Array;
    await home.store.put(
      key,
      bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte)),
    );
    const broken = reportStage.run(reportStage.input.parse(days[0].event), {
      settings: home.settings,
      store: home.store,
      ledger: home.ledger,
      exactRuntime,
    });
    await expect(broken).rejects.toMatchObject({ code: 'OBJECT_HASH_MISMATCH', kind: 'refused' });
    await home.store.put(key, bytes);
  });
});
