import type { Alert } from '../../adapters/alerts/port.ts';
import type { Config } from '../../config/schema.ts';
import type { DataQuality, DriftReport, RiskFigures } from '../../domain/monitoring/monitor.ts';
import { ROLLING_DAYS } from './live-book.ts';

const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;

export interface Watched {
  date: string;
  decision: string;
  rules: Config['alerts'];
  risk: RiskFigures;
  drift: DriftReport;
  quality: DataQuality;
  /** Features that are known of no asset, though the history is long enough for them. */
  unknownFeatures: readonly string[];
  differences: readonly string[];
}

/** The alerts of one session: at most one per condition, named by condition and date, each with its section of the runbook. */
export function alertsOf(watched: Watched): Alert[] {
  const { date, decision, rules, risk, drift, quality, unknownFeatures, differences } = watched;
  const alert = (condition: Alert['condition'], severity: Alert['severity'], message: string): Alert => ({
    id: `${condition}-${date}`,
    condition,
    severity,
    message,
    runbook: `${rules.runbook}#${condition.toLowerCase()}`,
  });
  const drifted = drift.features.filter((feature) => feature.drifted);
  const alerts: Alert[] = [];
  if (drifted.length > 0) {
    const names = [...new Set(drifted.map((feature) => feature.feature))];
    const shown = names.slice(0, 3).join(', ');
    alerts.push(
      alert(
        'drift',
        'warning',
        `${names.length} feature${names.length === 1 ? ' has' : 's have'} left the training distribution: ${shown}${names.length > 3 ? ' ...' : ''}`,
      ),
    );
  }
  if (risk.rollingSharpe !== null && risk.rollingSharpe < rules.sharpeFloor) {
    alerts.push(
      alert(
        'sharpeFloor',
        'warning',
        `Sharpe of the last ${ROLLING_DAYS} sessions is ${risk.rollingSharpe.toFixed(2)}, under the floor of ${rules.sharpeFloor}`,
      ),
    );
  }
  if (-risk.drawdown >= rules.drawdown) {
    alerts.push(
      alert(
        'drawdown',
        'critical',
        `The live book is ${percent(-risk.drawdown)} under its high-water mark (alert at ${percent(rules.drawdown)})`,
      ),
    );
  }
  if (differences.length > 0) {
    const mismatch = alert(
      'mismatch',
      'critical',
      `Intent, chain and ledger differ on ${date}: ${differences.join('; ')}`,
    );
    // The name that reconcile raises it under: it is listed here and sent once.
    alerts.push({ ...mismatch, id: `mismatch-${date}-${decision}` });
  }
  if (quality.newlyQuarantined > 0) {
    alerts.push(
      alert(
        'quarantine',
        'warning',
        `${quality.newlyQuarantined} row${quality.newlyQuarantined === 1 ? '' : 's'} of market data went into quarantine`,
      ),
    );
  }
  if (unknownFeatures.length > 0) {
    const shown = unknownFeatures.slice(0, 3).join(', ');
    alerts.push(
      alert(
        'unknownFeature',
        'critical',
        `No asset can be traded: of none is known ${shown}${unknownFeatures.length > 3 ? ' ...' : ''}`,
      ),
    );
  }
  return alerts;
}
