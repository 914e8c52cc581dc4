import { canonicalJson } from '../../domain/lineage/canonical.ts';
import type { ObjectStore } from '../object-store/port.ts';
import type { Tracker } from './port.ts';

/**
 * The experiment tracker on the object store: one JSON document a run, `<strategy>/tracking/<experiment>/<run id>.json`.
 * Logging a run again replaces its document.
 */
export class ObjectStoreTracker implements Tracker {
  readonly #store: ObjectStore;
  readonly #strategy: string;

  constructor(store: ObjectStore, strategy: string) {
    this.#store = store;
    this.#strategy = strategy;
  }

  async logRun(run: Parameters<Tracker['logRun']>[0]): Promise<void> {
    const key = `${this.#strategy}/tracking/${segment(run.experiment)}/${segment(run.id)}.json`;
    const document = { ...run, metrics: finiteOnly(run.metrics) };
    await this.#store.put(key, new TextEncoder().encode(canonicalJson(document)));
  }
}

type Metrics = Parameters<Tracker['logRun']>[0]['metrics'];

/** JSON has no NaN: a value that is not finite is kept as text, as MLflow's REST interface does. */
const finiteOnly = (metrics: Metrics) =>
  Object.fromEntries(
    Object.entries(metrics).map(([name, points]) => [
      name,
      points.map(({ step, value }) => ({ step, value: Number.isFinite(value) ? value : String(value) })),
    ]),
  );

/** A run id or experiment as one segment of a key. */
const segment = (text: string): string => encodeURIComponent(text).replaceAll('.', '%2E');
