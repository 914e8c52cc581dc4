import type { Progress } from '../functions/ports.ts';

const clock = (seconds: number): string =>
  seconds < 90 ? `${Math.round(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
const short = (n: number): string =>
  n >= 10_000
    ? `${(n / 1000).toFixed(n >= 100_000 ? 0 : 1)}k`
    : n >= 100
      ? n.toFixed(0)
      : n.toFixed(1).replace(/\.0$/, '');

/** Progress on stderr: one line that is redrawn on a terminal, a line every few seconds elsewhere. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #enabled: boolean;
  #stage = '';
  #stageStarted = 0;
  #taskStarted = 0;
  #task = '';
  #lastPrint = 0;
  #open = false;

  constructor(stream: NodeJS.WriteStream = process.stderr, enabled = true) {
    this.#stream = stream;
    this.#enabled = enabled;
  }

  /** A line that stays. */
  note(text: string): void {
    this.#finish(text);
  }

  /** A stage begins. */
  stage(name: string, note = ''): void {
    this.#stage = name;
    this.#task = '';
    this.#stageStarted = performance.now();
    this.#draw(`${name.padEnd(11)} ${note}`, true);
  }

  /** A stage has ended. */
  done(name: string, status: string, note = ''): void {
    const seconds = (performance.now() - this.#stageStarted) / 1000;
    this.#finish(`${name.padEnd(11)} ${status.padEnd(9)} ${`${seconds.toFixed(1)} s`.padStart(8)}  ${note}`);
  }

  /** Work inside the stage: step, rate, time left. */
  readonly step: Progress = ({ step, total, unit, message }) => {
    const task = `${unit}${message ?? ''}`;
    const now = performance.now();
    if (task !== this.#task) {
      this.#task = task;
      this.#taskStarted = now;
    }
    const seconds = (now - this.#taskStarted) / 1000;
    const rate = seconds > 0.2 ? step / seconds : 0;
    const left = rate > 0 && total > step ? `, ${clock((total - step) / rate)} left` : '';
    this.#draw(
      `${this.#stage.padEnd(11)} ${message ? `${message}: ` : ''}${short(step)} of ${short(total)} ${unit}${rate > 0 ? `, ${short(rate)}/s${left}` : ''}`,
      step >= total,
    );
  };

  #draw(text: string, force: boolean): void {
    if (!this.#enabled) return;
    const now = performance.now();
    if (this.#stream.isTTY) {
      if (!force && now - this.#lastPrint < 100) return;
      this.#stream.write(`\r\x1b[2K${text.slice(0, (this.#stream.columns ?? 100) - 1)}`);
      this.#open = true;
    } else {
      if (now - this.#lastPrint < 5000) return;
      this.#stream.write(`${text}\n`);
    }
    this.#lastPrint = now;
  }

  #finish(text: string): void {
    if (!this.#enabled) return;
    this.#stream.write(`${this.#open ? '\r\x1b[2K' : ''}${text}\n`);
    this.#open = false;
    this.#lastPrint = performance.now();
  }
}
