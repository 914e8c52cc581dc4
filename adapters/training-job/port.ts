export interface TrainingProgress {
  /** 0: the trainer begins, after it may have waited for a core. */
  step: number;
  total: number;
  stepsPerSecond: number;
  message: string;
  /** null: not known yet. */
  secondsLeft?: number | null;
  /** The learning curve's newest point. */
  point?: Readonly<Record<string, number | null>>;
}

/** Runs the trainer on a folder: `input/` in, `output/` out (training-container/README.md is the contract). */
export interface TrainingJob {
  /** Resolves when the trainer has exited 0; `files` of `output/` come back. Failure carries the trainer's last lines. */
  run(job: {
    id: string;
    files: Record<string, Uint8Array>;
    onProgress?: (progress: TrainingProgress) => void;
  }): Promise<{ files: Record<string, Uint8Array> }>;
}
