import { Duration, TimeZone } from 'aws-cdk-lib';
import {
  ContextAttribute,
  Schedule,
  ScheduleExpression,
  ScheduleTargetInput,
  TimeWindow,
} from 'aws-cdk-lib/aws-scheduler';
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Settings } from '../../../config/schema.ts';
import { acknowledge } from '../acknowledge.ts';

/** Starts the daily machine after the close, in the exchange's own time zone; a start that fails for an hour lies in the dead-letter queue. */
export class DailySchedule extends Construct {
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: { daily: IStateMachine; settings: Settings }) {
    super(scope, id);
    const { config, universe, profile } = props.settings;
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    acknowledge(this.deadLetters, 'SQS3', 'This is the dead-letter queue.');
    const { pollSeconds, maxPolls } = config.chain.finality;
    new Schedule(this, 'Daily', {
      description: `Runs the trading day of ${universe.id} for strategy ${config.strategy}`,
      schedule: ScheduleExpression.expression(config.schedule.cron, TimeZone.of(config.schedule.timezone)),
      timeWindow: TimeWindow.flexible(Duration.minutes(15)),
      target: new StepFunctionsStartExecution(props.daily, {
        input: ScheduleTargetInput.fromObject({
          strategy: config.strategy,
          universe: universe.id,
          profile: profile.id,
          finality: { pollSeconds, maxPolls },
          scheduledTime: ContextAttribute.scheduledTime,
        }),
        deadLetterQueue: this.deadLetters,
        maxEventAge: Duration.hours(1),
        retryAttempts: 10,
      }),
    });
  }
}
