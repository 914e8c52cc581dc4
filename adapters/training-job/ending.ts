import { ProductError } from '../../domain/errors.ts';

/** A trainer that can be told to end. */
interface Told {
  kill(signal: 'SIGTERM'): unknown;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Passes on to the trainers that this process was told to end, as long as there is a job. */
export class Ending {
  #jobs = 0;
  #told = false;
  readonly #trainers = new Set<Told>();
  readonly #tell = (): void => {
    this.#told = true;
    for (const trainer of this.#trainers) trainer.kill('SIGTERM');
  };

  /** Listen while `work` goes on. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#jobs += 1;
    if (this.#jobs === 1) for (const signal of SIGNALS) process.on(signal, this.#tell);
    try {
      return await work();
    } finally {
      this.#jobs -= 1;
      if (this.#jobs === 0) for (const signal of SIGNALS) process.off(signal, this.#tell);
    }
  }

  /** @throws TRAIN_INTERRUPTED once this process has been told: nothing new begins. */
  refuseNew(job: string): void {
    if (!this.#told) return;
    throw new ProductError('TRAIN_INTERRUPTED', 'Training was told to end before this job had begun', {
      facts: { job },
      remedy: 'Run the same again: what was trained is remembered, and the rest goes on from its checkpoints.',
    });
  }

  add(trainer: Told): () => void {
    this.#trainers.add(trainer);
    if (this.#told) trainer.kill('SIGTERM');
    return () => void this.#trainers.delete(trainer);
  }
}
