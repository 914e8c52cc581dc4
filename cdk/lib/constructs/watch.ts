import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { METRICS_NAMESPACE } from '../../../adapters/metrics-sink/emf.ts';
import { STAGES } from '../../../config/schema.ts';
import type { AlarmRule } from '../alarms.ts';

export type Dimensions = Partial<Record<AlarmRule['dimension'], Record<string, string>>>;

export interface WatchProps {
  readonly environment: 'dev' | 'prod';
  readonly topic: ITopic;
  readonly rules: readonly AlarmRule[];
  /** What each rule's dimension stands for here. */
  readonly dimensions: Dimensions;
  /** Where the runbook is read. */
  readonly runbook: string;
}

/** Makes alarms from their rules; every alarm goes to the topic and says what to open. */
export class Watch extends Construct {
  readonly alarms: Alarm[] = [];

  constructor(scope: Construct, id: string, props: WatchProps) {
    super(scope, id);
    for (const rule of props.rules) {
      if (rule.prodOnly && props.environment !== 'prod') continue;
      const alarm = new Alarm(this, rule.id, {
        alarmDescription: `${rule.description}. Runbook: ${props.runbook}#${rule.runbook}`,
        metric: metricOf(rule, props.dimensions),
        threshold: rule.threshold,
        evaluationPeriods: rule.periods,
        comparisonOperator:
          rule.comparison === 'atLeast'
            ? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
            : ComparisonOperator.LESS_THAN_THRESHOLD,
        treatMissingData: rule.missing === 'breaching' ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(new SnsAction(props.topic));
      this.alarms.push(alarm);
    }
  }
}

const metricOf = (rule: AlarmRule, dimensions: Dimensions): Metric =>
  new Metric({
    namespace: rule.namespace,
    metricName: rule.metric,
    statistic: rule.statistic,
    period: Duration.minutes(rule.periodMinutes),
    dimensionsMap: dimensions[rule.dimension]!,
  });

/** One row of the dashboard: a title and the metrics of our own namespace that each stage emits. */
interface DashboardRow {
  readonly title: string;
  readonly metric: string;
  readonly statistic: string;
  readonly stages: readonly string[];
}

/** The risk figures that `monitor` emits stand first; then how long each stage takes and how often it was answered from memory. */
export const DASHBOARD_ROWS: readonly DashboardRow[] = [
  { title: 'Net asset value (1 at the first decision)', metric: 'Nav', statistic: 'Maximum', stages: ['monitor'] },
  { title: 'Drawdown (0 or negative)', metric: 'Drawdown', statistic: 'Minimum', stages: ['monitor'] },
  { title: 'Sharpe ratio of the last 63 sessions', metric: 'Sharpe', statistic: 'Average', stages: ['monitor'] },
  { title: 'Expected shortfall, 95 %', metric: 'ExpectedShortfall', statistic: 'Average', stages: ['monitor'] },
  { title: 'Turnover', metric: 'Turnover', statistic: 'Sum', stages: ['monitor'] },
  { title: 'Drifted features', metric: 'DriftedFeatures', statistic: 'Maximum', stages: ['monitor'] },
  { title: 'Seconds per stage', metric: 'Duration', statistic: 'Maximum', stages: STAGES },
  { title: 'Answered from memory', metric: 'Unchanged', statistic: 'Sum', stages: STAGES },
];

export class RiskDashboard extends Dashboard {
  constructor(scope: Construct, id: string, environment: string) {
    super(scope, id, { dashboardName: `drl-${environment}`, defaultInterval: Duration.days(30) });
    const widgets = DASHBOARD_ROWS.map(
      (row) =>
        new GraphWidget({
          title: row.title,
          width: 12,
          left: row.stages.map(
            (stage) =>
              new Metric({
                namespace: METRICS_NAMESPACE,
                metricName: row.metric,
                statistic: row.statistic,
                period: Duration.days(1),
                label: stage,
                dimensionsMap: { stage, environment },
              }),
          ),
        }),
    );
    for (let i = 0; i < widgets.length; i += 2) this.addWidgets(...widgets.slice(i, i + 2));
  }
}
