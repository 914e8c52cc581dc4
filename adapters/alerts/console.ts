import type { Alert, Alerts } from './port.ts';

/** Alerts as lines for a person; `write` gets one whole line without its end. */
export class ConsoleAlerts implements Alerts {
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void = (line) => process.stderr.write(`${line}\n`)) {
    this.#write = write;
  }

  async raise(alert: Alert): Promise<void> {
    this.#write(`ALERT ${alert.severity} ${alert.condition}: ${alert.message} (see ${alert.runbook})`);
  }
}
