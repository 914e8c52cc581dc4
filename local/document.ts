import type { Stage } from '../config/schema.ts';

/** How a stage went in one run: `closed` on a day without a session. */
export interface StageRun {
  stage: Stage;
  status: 'done' | 'unchanged' | 'closed' | 'failed';
  seconds: number;
  output: unknown;
}

interface Span {
  fromMs: number;
  toMs: number;
}

/** Milliseconds in which at least one of the calls was under way. */
function covered(spans: readonly Span[]): number {
  let [total, end] = [0, Number.NEGATIVE_INFINITY];
  for (const { fromMs, toMs } of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    total += Math.max(0, toMs - Math.max(fromMs, end));
    end = Math.max(end, toMs);
  }
  return total;
}

/** Collects stage runs in the order of their first start; repeated calls of a stage (Map, wait loop) add up to one line. */
export class StageLog {
  readonly #runs = new Map<Stage, { statuses: string[]; spans: Span[]; outputs: unknown[] }>();

  add(stage: Stage, status: 'done' | 'unchanged' | 'failed', span: Span, output: unknown): void {
    const run = this.#runs.get(stage) ?? { statuses: [], spans: [], outputs: [] };
    run.statuses.push(status);
    run.spans.push(span);
    run.outputs.push(output);
    this.#runs.set(stage, run);
  }

  /** One line a stage. A stage is `unchanged` when every call of it was; `train` lists all its outputs, others the last. */
  runs(closed = false): StageRun[] {
    return [...this.#runs].map(([stage, run]) => ({
      stage,
      status: closed
        ? 'closed'
        : run.statuses.includes('failed')
          ? 'failed'
          : run.statuses.every((status) => status === 'unchanged')
            ? 'unchanged'
            : 'done',
      seconds: Math.round(covered(run.spans)) / 1000,
      output: stage === 'train' ? run.outputs : run.outputs.at(-1),
    }));
  }
}
