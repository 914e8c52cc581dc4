import type { MetricsSink } from '../../adapters/metrics-sink/port.ts';
import type { Monitor } from '../../domain/monitoring/monitor.ts';

type Metrics = Parameters<MetricsSink['emit']>[1];

/** The day's risk figures as metrics, for dashboards. A figure that is not defined yet is left out, never sent as zero. */
export function riskMetrics({ book, risk, drift, quality, alerts }: Monitor): Metrics {
  const figures: Record<string, number | null | undefined> = {
    Nav: book.nav.at(-1),
    Turnover: book.turnover.at(-1),
    Exposure: risk.exposure,
    Drawdown: risk.drawdown,
    Sharpe: risk.rollingSharpe,
    Sortino: risk.sortino,
    Volatility: risk.volatility,
    ValueAtRisk: risk.valueAtRisk95,
    ExpectedShortfall: risk.expectedShortfall95,
  };
  const counts: Record<string, number> = {
    DriftedFeatures: drift.features.filter((feature) => feature.drifted).length,
    NewlyQuarantined: quality.newlyQuarantined,
    Alerts: alerts.length,
  };
  const defined = Object.entries(figures).flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [[name, { value, unit: 'None' as const }] as const],
  );
  return Object.fromEntries([
    ...defined,
    ...Object.entries(counts).map(([name, value]) => [name, { value, unit: 'Count' as const }] as const),
  ]);
}
