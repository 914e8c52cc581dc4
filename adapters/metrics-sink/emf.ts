import type { MetricsSink } from './port.ts';

export const METRICS_NAMESPACE = 'DrlPortfolio';

export interface EmfOptions {
  /** dev or prod: the second dimension. */
  environment: string;
  /** Milliseconds since 1970. @default Date.now */
  now?: () => number;
  /** Gets one line of JSON without its end. @default standard output, which CloudWatch Logs reads */
  write?: (line: string) => void;
}

/** Metrics as CloudWatch Embedded Metric Format: one log line, no call to a service. Stage and environment are the only dimensions. */
export class EmfMetrics implements MetricsSink {
  readonly #options: Required<EmfOptions>;

  constructor(options: EmfOptions) {
    this.#options = { now: Date.now, write: (line) => process.stdout.write(`${line}\n`), ...options };
  }

  emit(stage: string, metrics: Parameters<MetricsSink['emit']>[1]): void {
    // CloudWatch drops a whole line that holds a value which is not finite.
    const finite = Object.entries(metrics).filter(([, metric]) => Number.isFinite(metric.value));
    if (finite.length === 0) return;
    const line = {
      _aws: {
        Timestamp: this.#options.now(),
        CloudWatchMetrics: [
          {
            Namespace: METRICS_NAMESPACE,
            Dimensions: [['stage', 'environment']],
            Metrics: finite.map(([Name, { unit }]) => ({ Name, Unit: unit })),
          },
        ],
      },
      stage,
      environment: this.#options.environment,
      ...Object.fromEntries(finite.map(([name, { value }]) => [name, value])),
    };
    this.#options.write(JSON.stringify(line));
  }
}
