import { PublishCommand, SNSClient, type SNSClientConfig } from '@aws-sdk/client-sns';
import type { Alert, Alerts } from './port.ts';

/** SNS refuses a subject that is longer or holds anything but printable ASCII. */
const SUBJECT_LENGTH = 100;

const subjectOf = (alert: Alert): string =>
  `[${alert.severity}] ${alert.condition}: ${alert.message}`
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .slice(0, SUBJECT_LENGTH)
    .trim();

/** Alerts to an SNS topic. Subscribers filter by the message attributes `condition` and `severity`. */
export class SnsAlerts implements Alerts {
  readonly #client: SNSClient;
  readonly #topicArn: string;

  constructor(topicArn: string, config: SNSClientConfig = {}) {
    this.#topicArn = topicArn;
    this.#client = new SNSClient({ maxAttempts: 5, ...config });
  }

  async raise(alert: Alert): Promise<void> {
    const text = (value: string) => ({ DataType: 'String', StringValue: value });
    await this.#client.send(
      new PublishCommand({
        TopicArn: this.#topicArn,
        Subject: subjectOf(alert),
        Message: `${alert.message}\n\ncondition: ${alert.condition}\nseverity: ${alert.severity}\nalert: ${alert.id}\nrunbook: ${alert.runbook}\n`,
        MessageAttributes: { condition: text(alert.condition), severity: text(alert.severity) },
      }),
    );
  }
}
