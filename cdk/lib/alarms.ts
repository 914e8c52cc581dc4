/** An alarm as data: what is watched, when it rings, and which part of the runbook to open. */
export interface AlarmRule {
  readonly id: string;
  readonly description: string;
  readonly namespace: string;
  readonly metric: string;
  readonly statistic: string;
  readonly dimension: 'daily' | 'training' | 'promotion' | 'deadLetters' | 'api';
  readonly periodMinutes: number;
  readonly threshold: number;
  readonly comparison: 'atLeast' | 'lessThan';
  readonly periods: number;
  readonly missing: 'breaching' | 'notBreaching';
  /** Heading of docs/runbook.md. */
  readonly runbook: string;
  /** Only where somebody depends on it. */
  readonly prodOnly?: boolean;
}

const failed = (machine: 'daily' | 'training' | 'promotion'): AlarmRule => ({
  id: `${machine}Failed`,
  description: `A run of the ${machine} machine failed`,
  namespace: 'AWS/States',
  metric: 'ExecutionsFailed',
  statistic: 'Sum',
  dimension: machine,
  periodMinutes: 5,
  threshold: 1,
  comparison: 'atLeast',
  periods: 1,
  missing: 'notBreaching',
  runbook: 'a-run-failed',
});

export const PIPELINE_ALARMS: readonly AlarmRule[] = [
  failed('daily'),
  failed('training'),
  failed('promotion'),
  {
    ...failed('daily'),
    id: 'dailySilent',
    description: 'No daily run began for four days',
    metric: 'ExecutionsStarted',
    periodMinutes: 24 * 60,
    comparison: 'lessThan',
    periods: 4,
    missing: 'breaching',
    runbook: 'no-run-began',
  },
  {
    ...failed('daily'),
    id: 'dailyLate',
    description: 'A daily run takes longer than four hours: late data, or a transaction that does not become final',
    metric: 'ExecutionTime',
    statistic: 'Maximum',
    threshold: 4 * 3600 * 1000,
    runbook: 'a-run-is-late',
  },
  {
    ...failed('daily'),
    id: 'startsLost',
    description: 'The scheduler could not start a run',
    namespace: 'AWS/SQS',
    metric: 'ApproximateNumberOfMessagesVisible',
    statistic: 'Maximum',
    dimension: 'deadLetters',
    runbook: 'no-run-began',
  },
];

export const API_ALARMS: readonly AlarmRule[] = [
  {
    ...failed('daily'),
    id: 'apiErrors',
    description: 'The API answers with server errors',
    namespace: 'AWS/ApiGateway',
    metric: '5xx',
    dimension: 'api',
    threshold: 5,
    runbook: 'the-api-fails',
  },
  {
    ...failed('daily'),
    id: 'apiSlow',
    description: 'The 99th percentile of the API is above one second',
    namespace: 'AWS/ApiGateway',
    metric: 'Latency',
    statistic: 'p99',
    dimension: 'api',
    threshold: 1000,
    periods: 3,
    runbook: 'the-api-fails',
    prodOnly: true,
  },
];
