import { appendFileSync } from 'node:fs';
import type { MetricsSink } from './port.ts';

/** Metrics as lines of JSON at the end of a file of the home. `now` stamps them; it is no input of any artifact. */
export class LocalMetrics implements MetricsSink {
  readonly #path: string;
  readonly #now: () => number;

  constructor(path: string, now: () => number = Date.now) {
    this.#path = path;
    this.#now = now;
  }

  emit(stage: string, metrics: Parameters<MetricsSink['emit']>[1]): void {
    const values = Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value]));
    appendFileSync(this.#path, `${JSON.stringify({ time: this.#now(), stage, ...values })}\n`);
  }
}
