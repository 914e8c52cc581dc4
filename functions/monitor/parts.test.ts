import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { loadSettings } from '../../config/load.ts';
import { computeFeatures } from '../../domain/features/compute.ts';
import { featureSpec } from '../../domain/features/default-spec.ts';
import { fixtureWorld } from '../../domain/features/fixture-inputs.ts';
import { selectFeatures } from '../../domain/features/select.ts';
import type { FeatureTensor } from '../../domain/features/spec.ts';
import type { PointInTimeTable } from '../../domain/market/point-in-time.ts';
import { alertSchema, type DataQuality, type DriftReport, type RiskFigures } from '../../domain/monitoring/monitor.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { alertsOf } from './alerts.ts';
import { featureDrift } from './feature-drift.ts';
import { unknownFeatures } from './unknown-features.ts';

const SESSIONS = 700;
const ASSETS = 5;
const dates = Array.from({ length: SESSIONS }, (_, t) => new Date(Date.UTC(2020, 0, 1 + t)).toISOString().slice(0, 10));
const trial = {
  kind: 'baseline' as const,
  window: 0,
  seed: 0,
  trainFrom: dates[0],
  trainTo: dates[599],
  testFrom: dates[620],
  testTo: dates[699],
};

/** Three features: noise, an AR(1) common to all assets, and a cross-sectional rank; the last 63 sessions may be shifted. */
function tensor(shift: { column: number; by: number; scale: number } | null): FeatureTensor {
  const random = createRandom(3);
  const values = new Float32Array(SESSIONS * ASSETS * 3);
  let common = 0;
  for (let t = 0; t < SESSIONS; t++) {
    common = 0.9 * common + 0.43 * random.normal();
    for (let a = 0; a < ASSETS; a++) {
      const row = [random.normal(), common + 0.1 * random.normal(), (a - (ASSETS - 1) / 2) / 2];
      row.forEach((value, f) => {
        const moved = shift && f === shift.column && t >= SESSIONS - 63;
        values[(t * ASSETS + a) * 3 + f] = moved ? value * shift.scale + shift.by : value;
      });
    }
  }
  return {
    dates,
    symbols: ['A', 'B', 'C', 'D', 'E'],
    columns: ['noise', 'slow', 'rank'],
    values,
    anchorLogit: new Float32Array(SESSIONS * ASSETS),
    anchorExposure: new Float32Array(SESSIONS),
  };
}

describe('feature drift', () => {
  const today = dates[SESSIONS - 1];
  test('nothing changed, nothing is raised; a rank that cannot vary is left out', () => {
    const report = featureDrift(tensor(null), today, trial, 0.01);
    expect(report).toMatchObject({
      assessed: true,
      referenceFrom: dates[0],
      referenceTo: dates[599],
      windowFrom: dates[SESSIONS - 63],
      windowTo: today,
    });
    expect(new Set(report.features.map((f) => f.feature))).toEqual(new Set(['noise', 'slow']));
    expect(report.features.some((f) => f.drifted)).toBe(false);
  });
  test('a moved mean and a wider spread are told apart', () => {
    const moved = featureDrift(tensor({ column: 0, by: 0.6, scale: 1 }), today, trial, 0.01).features.filter(
      (f) => f.drifted,
    );
    expect(moved.map((f) => [f.feature, f.of])).toEqual([['noise', 'mean']]);
    const wider = featureDrift(tensor({ column: 0, by: 0, scale: 2 }), today, trial, 0.01).features.filter(
      (f) => f.drifted,
    );
    expect(wider.map((f) => `${f.feature} ${f.of}`)).toContain('noise spread');
  });
  test('a shift of a slow feature is no alarm: the window is worth few sessions', () => {
    const [slow] = featureDrift(tensor({ column: 1, by: 0.3, scale: 1 }), today, trial, 0.01).features.filter(
      (f) => f.feature === 'slow' && f.of === 'mean',
    );
    expect(slow.effectiveSize).toBeLessThan(10);
    expect(slow.drifted).toBe(false);
  });
  test('too little history is said, not guessed', () => {
    expect(featureDrift(tensor(null), dates[100], trial, 0.01)).toMatchObject({
      assessed: false,
      features: [],
      reason: expect.stringContaining('252') as unknown,
    });
  });
});

describe('alerts', () => {
  const { alerts: rules } = loadSettings({ root: new URL('../../', import.meta.url).pathname }).config;
  const risk = (change: Partial<RiskFigures>): RiskFigures => ({
    sessions: 99,
    totalReturn: 0,
    annualReturn: 0,
    volatility: 0,
    sharpe: 0,
    rollingSharpe: 0,
    sortino: 0,
    maxDrawdown: 0,
    drawdown: 0,
    valueAtRisk95: 0,
    expectedShortfall95: 0,
    turnoverAnnual: 0,
    exposure: 1,
    groupExposure: {},
    ...change,
  });
  const drift = (drifted: string[]): DriftReport => ({
    assessed: true,
    reason: null,
    referenceFrom: null,
    referenceTo: null,
    windowFrom: null,
    windowTo: null,
    threshold: 0.01,
    features: drifted.map((feature) => ({
      feature,
      of: 'mean',
      ks: 1,
      psi: 1,
      effectiveSize: 9,
      pValue: 0,
      adjusted: 0,
      drifted: true,
    })),
  });
  const quality = (newlyQuarantined: number): DataQuality => ({
    rows: 1,
    symbols: 1,
    quarantined: newlyQuarantined,
    newlyQuarantined,
    withoutBar: [],
    withoutFeature: [],
  });
  const watched = {
    date: '2026-01-02',
    decision: 'd'.repeat(64),
    rules,
    risk: risk({}),
    drift: drift([]),
    quality: quality(0),
    unknownFeatures: [] as string[],
    differences: [] as string[],
  };

  test('a quiet day raises nothing', () => expect(alertsOf(watched)).toEqual([]));
  test('each condition raises exactly one alert', () => {
    const all = alertsOf({
      ...watched,
      risk: risk({ rollingSharpe: rules.sharpeFloor - 0.1, drawdown: -rules.drawdown }),
      drift: drift(['a', 'b', 'c', 'd']),
      quality: quality(1),
      unknownFeatures: ['carry'],
      differences: ['x', 'y'],
    });
    expect(all.map(({ condition, severity }) => [condition, severity])).toEqual([
      ['drift', 'warning'],
      ['sharpeFloor', 'warning'],
      ['drawdown', 'critical'],
      ['mismatch', 'critical'],
      ['quarantine', 'warning'],
      ['unknownFeature', 'critical'],
    ]);
    expect(new Set(all.map((alert) => alert.id)).size).toBe(all.length);
    for (const alert of all) expect(alert.id).toContain('2026-01-02');
  });
  test('too few sessions for the floor raise nothing', () =>
    expect(alertsOf({ ...watched, risk: risk({ rollingSharpe: null }) })).toEqual([]));
  test('every condition has its section in the runbook', () => {
    const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
    for (const condition of alertSchema.shape.condition.options)
      expect(runbook).toMatch(new RegExp(`^## ${condition}$`, 'm'));
  });
});

describe('features that are known of no asset', () => {
  const { panel, inputs } = fixtureWorld({ seed: 5, sessions: 300, assets: 3, listedFrom: { 2: 280 } });
  const spec = featureSpec(selectFeatures(['momentum', 'reversal', 'trend', 'carry'], new Set()));
  const unknown = (macro: PointInTimeTable | null, t: number): string[] =>
    unknownFeatures(panel, computeFeatures(panel, spec, { macro }), spec, panel.dates[t]);
  const { macro } = inputs;
  const rates = (macro as PointInTimeTable).series.map((series) => (series === 'policyRate' ? 'rate' : series));

  test('are named once the history is long enough for the longest look-back', () => {
    const without = { ...(macro as PointInTimeTable), series: rates };
    expect(unknown(without, 299)).toEqual(['carry']);
    expect(unknown(without, 251)).toEqual([]);
  });
  test('are none where one asset has each', () => expect(unknown(macro, 299)).toEqual([]));
});
