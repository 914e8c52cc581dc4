import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { computeFeatures, type FeatureInputs } from '../../domain/features/compute.ts';
import type { FeatureSpec, FeatureTensor } from '../../domain/features/spec.ts';
import { joinedFeatures, tailSessions } from '../../domain/features/update.ts';
import { type MarketPanel, panelBetween, panelUntil } from '../../domain/market/panel.ts';

export interface Question {
  panel: MarketPanel;
  spec: FeatureSpec;
  inputs: FeatureInputs;
  known: number;
  values: Float32Array;
}
export type Answer = Pick<FeatureTensor, 'anchorLogit' | 'anchorExposure'>;

const THREAD = new URL('./thread.ts', import.meta.url);
/** Below so many values a tensor is there before a thread has started. */
const WORTH_A_THREAD = 2_000_000;

/** Feature tensors on two threads: the other one has the later half of the sessions, of which each rests on its look-back alone. */
export class TwoThreads {
  readonly #worker = new Worker(THREAD);

  /** `computeFeatures`, to the bit. */
  async compute(panel: MarketPanel, spec: FeatureSpec, inputs: FeatureInputs): Promise<FeatureTensor> {
    const [sessions, rowSize] = [panel.dates.length, panel.symbols.length * spec.columns.length];
    const tail = tailSessions(spec);
    const cut = Math.ceil(sessions / 2);
    if (cut <= tail) return computeFeatures(panel, spec, inputs);
    const values = new Float32Array(new SharedArrayBuffer(Float32Array.BYTES_PER_ELEMENT * sessions * rowSize));
    const answer = once(this.#worker, 'message') as Promise<[Answer | null]>;
    const given = ownPanel(panelBetween(panel, cut - tail, sessions));
    this.#worker.postMessage(
      { panel: given, spec, inputs, known: tail, values: values.subarray(cut * rowSize) } satisfies Question,
      buffersOf(given),
    );
    const [earlier, later] = await Promise.allSettled([
      (async () => computeFeatures(panelUntil(panel, cut), spec, inputs, values.subarray(0, cut * rowSize)))(),
      answer,
    ]);
    if (earlier.status === 'fulfilled' && later.status === 'fulfilled' && later.value[0])
      return joinedFeatures(earlier.value, later.value[0], panel, values);
    // What is wrong is wrong on one thread too, and is then said of the first asset that has it.
    return computeFeatures(panel, spec, inputs);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** `computeFeatures`, on two threads where that is worth it and there are two cores. The bundle of a Lambda is one file: there it is one thread. */
export async function wholeFeatures(
  panel: MarketPanel,
  spec: FeatureSpec,
  inputs: FeatureInputs,
): Promise<FeatureTensor> {
  const values = panel.dates.length * panel.symbols.length * spec.columns.length;
  const alone = values < WORTH_A_THREAD || availableParallelism() === 1 || !existsSync(fileURLToPath(THREAD));
  if (alone) return computeFeatures(panel, spec, inputs);
  const threads = new TwoThreads();
  try {
    return await threads.compute(panel, spec, inputs);
  } finally {
    await threads.close();
  }
}

/** A panel whose arrays are its own, to be given away. */
function ownPanel(panel: MarketPanel): MarketPanel {
  return Object.fromEntries(
    Object.entries(panel).map(([name, value]) => [
      name,
      ArrayBuffer.isView(value) ? (value as Float64Array).slice() : value,
    ]),
  ) as unknown as MarketPanel;
}

const buffersOf = (panel: MarketPanel): ArrayBuffer[] =>
  Object.values(panel).flatMap((value) => (ArrayBuffer.isView(value) ? [value.buffer as ArrayBuffer] : []));
