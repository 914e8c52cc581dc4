import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../domain/lineage/canonical.ts';
import { JOB_OUTPUT } from '../../domain/training/job.ts';
import { writeWhole } from './job-folder.ts';
import type { PortfolioLearner } from './learn.ts';
import type { CurvePoint } from './learner.ts';

/** Policies on the way, every `every` iterations: `output/snapshots/<step>.onnx`. */
export class Snapshots {
  readonly #folder: string;
  readonly #learner: PortfolioLearner;
  readonly #every: number | null;

  constructor(folder: string, learner: PortfolioLearner, every: number | null) {
    this.#folder = join(folder, 'output');
    this.#learner = learner;
    this.#every = every;
  }

  async take(iteration: number, step: number, parameters: Float64Array): Promise<void> {
    if (this.#every !== null && iteration % this.#every === 0)
      await writeWhole(join(this.#folder, JOB_OUTPUT.snapshot(step)), this.#learner.policy(parameters));
  }

  /** File and hash of each; those from before a resumption are in the folder already. */
  list(curve: readonly CurvePoint[]): Promise<{ step: number; file: string; sha256: string }[]> {
    return Promise.all(
      this.#steps(curve).map(async (step) => {
        const file = JOB_OUTPUT.snapshot(step);
        return { step, file, sha256: sha256(await readFile(join(this.#folder, file))) };
      }),
    );
  }

  /** Files that should be in the folder and are not. */
  async lost(curve: readonly CurvePoint[]): Promise<string[]> {
    const files = this.#steps(curve).map((step) => JOB_OUTPUT.snapshot(step));
    const there = await Promise.all(
      files.map((file) =>
        access(join(this.#folder, file)).then(
          () => true,
          () => false,
        ),
      ),
    );
    return files.filter((_, i) => !there[i]);
  }

  #steps(curve: readonly CurvePoint[]): number[] {
    const every = this.#every;
    if (every === null) return [];
    return curve
      .map((point) => point.global_step)
      .filter((step) => (step / this.#learner.stepsPerIteration) % every === 0);
  }
}
