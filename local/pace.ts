/** How fast a task goes and when it will be done. What it began with (a checkpoint) does not count as speed. */
export class Pace {
  readonly startedMs: number;
  #first: { step: number; ms: number } | null = null;
  step = 0;
  total = 0;
  /** Steps a second; null: not known yet. */
  perSecond: number | null = null;

  constructor(nowMs: number) {
    this.startedMs = nowMs;
  }

  see(step: number, total: number, nowMs: number): void {
    this.step = step;
    this.total = total;
    if (step === 0) return;
    this.#first ??= { step, ms: nowMs };
    const seconds = (nowMs - this.#first.ms) / 1000;
    if (seconds > 0.2) this.perSecond = (step - this.#first.step) / seconds;
  }

  get secondsLeft(): number | null {
    return this.perSecond ? Math.max(0, this.total - this.step) / this.perSecond : null;
  }

  get share(): number {
    return this.total > 0 ? this.step / this.total : 0;
  }
}
