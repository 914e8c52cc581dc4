import { appendFileSync } from 'node:fs';
import type { MetricsSink } from './port.ts';

/** Metrics of this process, the last of each stage kept; with a path also as lines of JSON at the end of that file. */
export class LocalMetrics implements MetricsSink {
  readonly #path: string | null;
  readonly #now: () => number;
  readonly #last = new Map<string, Record<string, number>>();

  /** `now` stamps the lines (milliseconds since 1970); it is no input of any artifact. */
  constructor(path: string | null = null, now: () => number = Date.now) {
    this.#path = path;
    this.#now = now;
  }

  emit(stage: string, metrics: Parameters<MetricsSink['emit']>[1]): void {
    const values = Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value]));
    this.#last.set(stage, { ...this.#last.get(stage), ...values });
    if (this.#path) appendFileSync(this.#path, `${JSON.stringify({ time: this.#now(), stage, ...values })}\n`);
  }

  /** The last values that the stage emitted, by metric name. */
  last(stage: string): Readonly<Record<string, number>> {
    return this.#last.get(stage) ?? {};
  }

  /** Whether the stage's last run was answered from memory. */
  wasUnchanged(stage: string): boolean {
    return this.last(stage)['Unchanged'] === 1;
  }
}
