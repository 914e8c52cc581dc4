import { expect, test } from '@jest/globals';
import type { Monitor } from '../../domain/monitoring/monitor.ts';
import { riskMetrics } from './risk-metrics.ts';

const monitor: Monitor = {
  schema: 1,
  date: '2026-03-06',
  universe: 'fx-ecb',
  decision: 'd'.repeat(64),
  champion: 'c'.repeat(64),
  book: { dates: ['2026-03-05', '2026-03-06'], nav: [1, 0.99], turnover: [0.5, 0.02], exposure: [0.9, 0.8] },
  risk: {
    sessions: 2,
    totalReturn: -0.01,
    annualReturn: null,
    volatility: null,
    sharpe: null,
    rollingSharpe: null,
    sortino: null,
    maxDrawdown: -0.01,
    drawdown: -0.01,
    valueAtRisk95: null,
    expectedShortfall95: null,
    turnoverAnnual: null,
    exposure: 0.8,
    groupExposure: {},
  },
  drift: {
    assessed: false,
    reason: 'too few sessions',
    referenceFrom: null,
    referenceTo: null,
    windowFrom: null,
    windowTo: null,
    threshold: 0.01,
    features: [],
  },
  quality: { rows: 100, symbols: 15, quarantined: 2, newlyQuarantined: 1, withoutBar: [], withoutFeature: [] },
  alerts: [],
};

test('the newest value of the book goes out; what is not defined yet does not', () => {
  expect(riskMetrics(monitor)).toEqual({
    Nav: { value: 0.99, unit: 'None' },
    Turnover: { value: 0.02, unit: 'None' },
    Exposure: { value: 0.8, unit: 'None' },
    Drawdown: { value: -0.01, unit: 'None' },
    DriftedFeatures: { value: 0, unit: 'Count' },
    NewlyQuarantined: { value: 1, unit: 'Count' },
    Alerts: { value: 0, unit: 'Count' },
  });
});
