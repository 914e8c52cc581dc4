import type { Progress } from '../functions/ports.ts';
import { Pace } from './pace.ts';

const clock = (seconds: number): string => {
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return minutes < 90
    ? `${minutes} min ${Math.round(seconds) % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};
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
  readonly #now: () => number;
  #stage = '';
  #stageStarted = 0;
  /** Tasks under way, by name; those of a stage that does one thing after another have its unit for a name. */
  readonly #tasks = new Map<string, Pace>();
  #parts = { expected: 0, ended: 0, remembered: 0, startedMs: 0 };
  #lastPrint: number;
  #open = false;

  constructor(stream: NodeJS.WriteStream = process.stderr, enabled = true, now = () => performance.now()) {
    this.#stream = stream;
    this.#enabled = enabled;
    this.#now = now;
    this.#lastPrint = now();
  }

  /** A line that stays. */
  note(text: string): void {
    this.#finish(text);
  }

  /** A stage begins. One that is called several times at once begins once. */
  stage(name: string, note = ''): void {
    if (name === this.#stage && this.#tasks.size > 0) return;
    this.#stage = name;
    this.#tasks.clear();
    this.#stageStarted = this.#now();
    this.#draw(`${name.padEnd(11)} ${note}`, true);
  }

  /** So many tasks will be done in this stage, several at once. */
  expect(tasks: number): void {
    const { expected, ended } = this.#parts;
    if (tasks !== expected || ended >= expected)
      this.#parts = { expected: tasks, ended: 0, remembered: 0, startedMs: this.#now() };
  }

  /** A stage, or one of its tasks (`note` is its name), has ended. */
  done(name: string, status: string, note = ''): void {
    const seconds = (this.#now() - (this.#tasks.get(note)?.startedMs ?? this.#stageStarted)) / 1000;
    this.#parts.ended += 1;
    if (!this.#tasks.delete(note)) this.#parts.remembered += 1;
    this.#finish(`${name.padEnd(11)} ${status.padEnd(9)} ${`${seconds.toFixed(1)} s`.padStart(8)}  ${note}`.trimEnd());
  }

  /** Work inside the stage: step, rate, time left. */
  readonly step: Progress = ({ step, total, unit, task = unit, message }) => {
    const now = this.#now();
    const pace = this.#tasks.get(task) ?? new Pace(now);
    pace.see(step, total, now);
    this.#tasks.set(task, pace);
    const parallel = this.#parts.ended < this.#parts.expected && this.#parts.expected > 1;
    const what = message ?? (task === unit ? undefined : task);
    this.#draw(
      `${this.#stage.padEnd(11)} ${parallel ? this.#several() : this.#single(pace, unit, what)}`,
      step >= total && !parallel,
    );
  };

  #single({ step, total, perSecond, secondsLeft }: Pace, unit: string, what: string | undefined): string {
    const left = secondsLeft && total > step ? `, ${clock(secondsLeft)} left` : '';
    const rate = perSecond ? `, ${short(perSecond)}/s${left}` : '';
    return `${what ? `${what}: ` : ''}${short(step)} of ${short(total)} ${unit}${rate}`;
  }

  /** `3 of 20 done, 40 s left: ppo w0 s1 38 % 9.1k/s 5 s | ...` */
  #several(): string {
    const { expected, ended, remembered, startedMs } = this.#parts;
    const running = [...this.#tasks].filter(([, { share }]) => share < 1);
    // What was answered from memory says nothing about the time that the rest will take.
    const share =
      (ended - remembered + running.reduce((sum, [, pace]) => sum + pace.share, 0)) / (expected - remembered);
    const seconds = (this.#now() - startedMs) / 1000;
    const left =
      share > 0.02 && running.some(({ 1: { perSecond } }) => perSecond)
        ? `, ${clock((seconds * (1 - share)) / share)} left`
        : '';
    const each = running.map(([task, { share: own, perSecond, secondsLeft }]) => {
      const rate = perSecond ? ` ${short(perSecond)}/s` : '';
      return `${task} ${(own * 100).toFixed(0)} %${rate}${secondsLeft ? ` ${clock(secondsLeft)}` : ''}`;
    });
    return `${ended} of ${expected} done${left}${each.length > 0 ? `: ${each.join(' | ')}` : ''}`;
  }

  #draw(text: string, force: boolean): void {
    if (!this.#enabled) return;
    const now = this.#now();
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
    this.#lastPrint = this.#now();
  }
}
