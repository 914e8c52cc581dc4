import { createPgliteLedger } from '../../adapters/ledger/pglite.ts';
import type { Ledger } from '../../adapters/ledger/port.ts';
import { movePointer, type ObjectStore, putArtifact } from '../../adapters/object-store/port.ts';
import { loadSettings } from '../../config/load.ts';
import type { Settings } from '../../config/schema.ts';
import { defaultFeatureSpec } from '../../domain/features/default-spec.ts';
import { canonicalJson, hashOf, sha256 } from '../../domain/lineage/canonical.ts';
import { type Decision, decisionSchema } from '../../domain/lineage/decision.ts';
import { type GateReport, gateReportSchema } from '../../domain/lineage/gate-report.ts';
import type { ArtifactRef } from '../../domain/lineage/manifest.ts';
import { MODEL_FILES, type Model, modelSchema } from '../../domain/lineage/model.ts';
import type { BarTable } from '../../domain/market/bar.ts';
import { encodeModel, type OnnxNode } from '../../domain/policy/onnx/codec.ts';
import { POLICY_INPUT, POLICY_OUTPUT, STATE_COLUMNS } from '../../domain/policy/policy.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { barFiles, DATASET_FILES } from '../artifacts/dataset.ts';

/** A small strategy in a store, for tests: six currencies, a policy that tilts by its first feature, decisions on two sessions. */
export interface Fixture {
  settings: Settings;
  ledger: Ledger;
  strategy: string;
  symbols: string[];
  model: ArtifactRef;
  decisions: { date: string; ref: ArtifactRef; document: Decision }[];
  /** [A][F] the observation of the last decision. */
  state: number[][];
  dataset: ArtifactRef;
  /** The same bars under a licence that forbids redistribution. */
  closedDataset: ArtifactRef;
  features: ArtifactRef;
}

export const FIXTURE_SYMBOLS = ['AUD', 'CHF', 'EUR', 'GBP', 'JPY', 'NOK'];
const GROUPS = ['commodity', 'europe', 'europe', 'europe', 'asia', 'europe'];
const SPEC = defaultFeatureSpec({ hasVolume: false, embeddings: false });
export const FIXTURE_WIDTH = SPEC.columns.length + STATE_COLUMNS.length;
/** How strongly the first feature tilts. */
export const FIXTURE_TILT = 0.25;

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(canonicalJson(value));

/** action = (anchorLogit + 0.25 x first feature, anchorExposure). */
export function fixturePolicy(): Uint8Array {
  const column = (name: (typeof STATE_COLUMNS)[number]): number => SPEC.columns.length + STATE_COLUMNS.indexOf(name);
  const int64 = (name: string, ...values: number[]) =>
    ({ name, dims: [values.length], type: 'int64', data: BigInt64Array.from(values, BigInt) }) as const;
  const node = (op: string, inputs: string[], output: string, attributes: OnnxNode['attributes'] = {}): OnnxNode => ({
    op,
    name: output,
    inputs,
    outputs: [output],
    attributes,
  });
  const logit = column('anchorLogit');
  const exposure = column('anchorExposure');
  return encodeModel({
    name: 'fixture',
    initializers: [
      int64('zero', 0),
      int64('one', 1),
      int64('logitFrom', logit),
      int64('logitTo', logit + 1),
      int64('exposureFrom', exposure),
      int64('exposureTo', exposure + 1),
      int64('features', 2),
      int64('assets', 1),
      int64('rows', 0, -1),
      { name: 'tilt', dims: [1], type: 'float32', data: Float32Array.of(FIXTURE_TILT) },
    ],
    nodes: [
      node('Slice', [POLICY_INPUT, 'zero', 'one', 'features'], 'first'),
      node('Slice', [POLICY_INPUT, 'logitFrom', 'logitTo', 'features'], 'anchor'),
      node('Slice', [POLICY_INPUT, 'exposureFrom', 'exposureTo', 'features'], 'exposures'),
      node('Mul', ['first', 'tilt'], 'tilted'),
      node('Add', ['anchor', 'tilted'], 'sum'),
      node('Reshape', ['sum', 'rows'], 'logits'),
      node('Reshape', ['exposures', 'rows'], 'perAsset'),
      node('Slice', ['perAsset', 'zero', 'one', 'assets'], 'exposure'),
      node('Concat', ['logits', 'exposure'], POLICY_OUTPUT, { axis: { kind: 'int', value: 1 } }),
    ],
    inputs: [{ name: POLICY_INPUT, type: 'float32', dims: ['batch', 'assets', FIXTURE_WIDTH] }],
    outputs: [{ name: POLICY_OUTPUT, type: 'float32', dims: ['batch', 'assets + 1'] }],
  });
}

/** A valid observation: features within the clip, a book that sums to 1. Every number is a float32. */
export function fixtureState(seed: number): number[][] {
  const random = createRandom(seed);
  const held = FIXTURE_SYMBOLS.map(() => 0.05 + 0.1 * random.uniform());
  const cash = 1 - held.reduce((sum, weight) => sum + weight, 0);
  const exposure = -0.3 * random.uniform();
  const drawdown = 0.02 * random.uniform();
  return held.map((weight) =>
    [
      ...SPEC.columns.map(() => Math.max(-5, Math.min(5, random.normal()))),
      weight,
      drawdown,
      cash,
      0.3 * random.normal(),
      exposure,
      1,
    ].map(Math.fround),
  );
}

export function fixtureGateReport(candidate: ArtifactRef, change: Partial<GateReport> = {}): GateReport {
  const figures = {
    sharpe: 0.31,
    annualReturn: 0.012,
    volatility: 0.041,
    maxDrawdown: -0.061,
    turnover: 0.62,
    costBps: 2.1,
  };
  return gateReportSchema.parse({
    schema: 1,
    gatesHash: sha256('gates'),
    date: '2026-01-02',
    candidate,
    name: 'inverseVolatility',
    kind: 'baseline',
    verdict: 'accepted',
    reasons: [],
    gates: [{ gate: 'maxDrawdown', group: 'risk', value: 0.11, threshold: 0.15, pass: true }],
    outOfSample: { inverseVolatility: figures, equalWeight: { ...figures, sharpe: 0.12, maxDrawdown: -0.14 } },
    outOfSampleFrom: '2024-01-02',
    outOfSampleTo: '2026-01-02',
    trials: 4,
    perTrial: [],
    notes: [],
    ...change,
  });
}

export function fixtureModel(settings: Settings, dataset: ArtifactRef, features: ArtifactRef): Model {
  return modelSchema.parse({
    schema: 1,
    name: 'inverseVolatility',
    kind: 'baseline',
    universe: settings.universe.id,
    symbols: FIXTURE_SYMBOLS,
    featureSpec: SPEC,
    featureSpecHash: hashOf(SPEC),
    normaliser: {
      from: '2020-01-02',
      to: '2024-12-31',
      mean: SPEC.columns.map(() => 0),
      std: SPEC.columns.map(() => 1),
      clip: 5,
    },
    limits: settings.universe.limits,
    costs: settings.universe.costs,
    trial: {
      kind: 'baseline',
      window: 0,
      seed: 0,
      trainFrom: '2020-01-02',
      trainTo: '2024-12-31',
      testFrom: '2025-02-03',
      testTo: '2026-01-02',
    },
    training: {},
    dataset,
    features,
    codeVersion: 'test',
  });
}

/** The observation as decide stores it: little-endian float32. */
export function observationBytes(state: readonly (readonly number[])[]): Uint8Array {
  const flat = state.flat();
  const out = new DataView(new ArrayBuffer(flat.length * 4));
  for (const [i, value] of flat.entries()) out.setFloat32(i * 4, value, true);
  return new Uint8Array(out.buffer);
}

export function fixtureDecision(parts: {
  date: string;
  settings: Settings;
  model: ArtifactRef;
  dataset: ArtifactRef;
  features: ArtifactRef;
  previous: string | null;
  state: number[][];
  nav: number;
}): Decision {
  const { settings, model, dataset, features, state } = parts;
  const held = Object.fromEntries([
    ...FIXTURE_SYMBOLS.map((symbol, a) => [symbol, state[a][SPEC.columns.length]]),
    ['CASH', state[0][SPEC.columns.length + 2]],
  ]);
  const weightsBps = { AUD: 1200, CHF: 2100, EUR: 2300, GBP: 1500, JPY: 800, NOK: 700, CASH: 1400 };
  const fractions = Object.fromEntries(Object.entries(weightsBps).map(([symbol, bps]) => [symbol, bps / 10_000]));
  return decisionSchema.parse({
    schema: 1,
    strategy: settings.config.strategy,
    universe: settings.universe.id,
    date: parts.date,
    champion: { modelHash: model.hash, name: 'inverseVolatility', kind: 'baseline' },
    challenger: null,
    dataset,
    features,
    previousDecision: parts.previous,
    book: { date: parts.date, nav: parts.nav, highWaterMark: Math.max(1, parts.nav), daysSinceHigh: 0, held },
    observationHash: sha256(observationBytes(state)),
    action: state.map((row) => row[SPEC.columns.length + 3]).concat(state[0][SPEC.columns.length + 4]),
    steps: {
      anchor: fractions,
      policy: { ...fractions, EUR: 0.31, CASH: 0.06 },
      blended: { ...fractions, EUR: 0.31, CASH: 0.06 },
      projected: fractions,
    },
    exposureScale: 0.92,
    limitsHit: [{ limit: 'maxWeight', on: 'EUR', before: 0.31, after: 0.23 }],
    weightsBps,
    previousBps: { AUD: 1000, CHF: 2000, EUR: 2500, GBP: 1500, JPY: 900, NOK: 700, CASH: 1400 },
    trades: [
      { symbol: 'AUD', fromBps: 1000, toBps: 1200, changeBps: 200 },
      { symbol: 'CHF', fromBps: 2000, toBps: 2100, changeBps: 100 },
      { symbol: 'EUR', fromBps: 2500, toBps: 2300, changeBps: -200 },
      { symbol: 'JPY', fromBps: 900, toBps: 800, changeBps: -100 },
    ],
    turnover: 0.03,
    expectedCostBps: 0.12,
  });
}

function fixtureBars(): BarTable {
  const dates = ['2026-01-02', '2026-01-05'];
  const rows = dates.flatMap((date) => FIXTURE_SYMBOLS.map((symbol) => ({ date, symbol })));
  const close = Float64Array.from(rows, (_, i) => 1 + i / 100);
  return {
    symbol: rows.map((row) => row.symbol),
    date: rows.map((row) => row.date),
    open: close,
    high: close,
    low: close,
    close,
    volume: close.map(() => Number.NaN),
  };
}

export async function buildFixture(root: string, store: ObjectStore): Promise<Fixture> {
  const settings = loadSettings({ root });
  const { strategy } = settings.config;
  const put = (
    kind: ArtifactRef['kind'],
    files: Record<string, Uint8Array>,
    inputs: Record<string, ArtifactRef> = {},
  ) => putArtifact(store, strategy, { kind, files, inputs });
  const instruments = FIXTURE_SYMBOLS.map((symbol, a) => ({
    symbol,
    name: symbol,
    kind: 'currency',
    group: GROUPS[a],
    firstDate: '2020-01-02',
    lastDate: '2026-01-05',
    events: [],
    reference: {},
  }));
  const bars = fixtureBars();
  const datasetFiles = {
    ...barFiles(bars),
    [DATASET_FILES.instruments]: bytes(instruments),
  };
  const datasetWith = (redistribution: boolean) =>
    putArtifact(store, strategy, {
      kind: 'datasets',
      files: datasetFiles,
      facts: {
        universe: settings.universe.id,
        asOf: '2026-01-05',
        calendar: 'TARGET',
        interval: '1d',
        numeraire: 'USD',
        licence: redistribution ? 'free' : 'for own use',
        redistribution,
        sourceLine: 'Source: test',
        rows: bars.date.length,
        symbols: FIXTURE_SYMBOLS.length,
        quarantined: 0,
        firstDate: '2026-01-02',
      },
    });
  const dataset = await datasetWith(true);
  const closedDataset = await datasetWith(false);
  const features = await put('features', { 'groups.json': bytes({ hubs: { '2020-01-02': ['EUR'] }, illiquid: {} }) });
  const candidate = await put('candidates', { 'policy.onnx': fixturePolicy() });
  const report = fixtureGateReport(candidate);
  const gateReport = await put('gate-reports', { [MODEL_FILES.gateReport]: bytes(report) }, { candidate });
  const model = await put(
    'models',
    {
      [MODEL_FILES.policy]: fixturePolicy(),
      [MODEL_FILES.model]: bytes(fixtureModel(settings, dataset, features)),
      [MODEL_FILES.record]: bytes({}),
      [MODEL_FILES.gateReport]: bytes(report),
    },
    { candidate, gateReport, dataset, features },
  );
  await movePointer(store, strategy, 'champion', { model }, null);
  const ledger = await createPgliteLedger(null);
  await ledger.registerModel({
    strategy,
    modelHash: model.hash,
    name: report.name,
    kind: 'baseline',
    date: '2026-01-02',
    verdict: 'accepted',
    gateReport: gateReport.hash,
    candidate: candidate.hash,
    dataset: dataset.hash,
  });

  const decisions: Fixture['decisions'] = [];
  for (const [i, date] of ['2026-01-02', '2026-01-05'].entries()) {
    const state = fixtureState(i + 1);
    const document = fixtureDecision({
      date,
      settings,
      model,
      dataset,
      features,
      previous: decisions.at(-1)?.ref.hash ?? null,
      state,
      nav: 1 + i * 0.004,
    });
    const ref = await put(
      'decisions',
      { 'decision.json': bytes(document), 'observation.f32': observationBytes(state) },
      { champion: model, dataset, features },
    );
    await ledger.recordDecision({
      strategy,
      date,
      decisionHash: ref.hash,
      modelHash: model.hash,
      universe: settings.universe.id,
    });
    await movePointer(store, strategy, `decisions/by-date/${date}`, { decision: ref }, null);
    decisions.push({ date, ref, document });
  }
  await movePointer(store, strategy, 'decisions/latest', { decision: decisions[1].ref, date: decisions[1].date }, null);
  await ledger.recordSigned({
    strategy,
    decisionHash: decisions[1].ref.hash,
    chainId: 31337,
    relayer: '0x0000000000000000000000000000000000000001',
    epoch: 2,
    nonce: 1,
    transaction: `0x${'ab'.repeat(32)}`,
    raw: '0x',
    rebalance: '{}',
    receipt: null,
    status: 'finalized',
  });
  return {
    settings,
    ledger,
    strategy,
    symbols: FIXTURE_SYMBOLS,
    model,
    decisions,
    state: fixtureState(2),
    dataset,
    closedDataset,
    features,
  };
}
