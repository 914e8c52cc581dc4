export interface Alert {
  /** Stable: one alert per condition and date. */
  id: string;
  condition:
    | 'drift'
    | 'sharpeFloor'
    | 'drawdown'
    | 'failedTransaction'
    | 'feeCeiling'
    | 'feeBudget'
    | 'mismatch'
    | 'quarantine'
    | 'unknownFeature';
  severity: 'warning' | 'critical';
  message: string;
  runbook: string;
}

export interface Alerts {
  raise(alert: Alert): Promise<void>;
}
