/** Experiment tracking in MLflow's terms. Idempotent by run id. */
export interface Tracker {
  logRun(run: {
    id: string;
    experiment: string;
    name: string;
    params: Record<string, string | number | boolean>;
    metrics: Record<string, { step: number; value: number }[]>;
    tags: Record<string, string>;
  }): Promise<void>;
}
