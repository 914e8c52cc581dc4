import { workerData } from 'node:worker_threads';
import { MicrobatchRunner } from './microbatch-runner.ts';
import { type BatchSizes, CONTROL, SharedBatch, type SharedBuffers } from './shared-batch.ts';

/** What a worker is started with. */
export interface WorkerData {
  readonly sizes: BatchSizes;
  readonly buffers: SharedBuffers;
  readonly model: Uint8Array;
  readonly observationDims: readonly number[];
}

/** Waits for minibatches and takes microbatches from the shared counter until none is left. */
async function work({ sizes, buffers, model, observationDims }: WorkerData): Promise<void> {
  const shared = new SharedBatch(sizes, buffers);
  const { control, slots } = shared;
  const runner = await MicrobatchRunner.create(shared, model, observationDims);
  let seen = 0;
  for (;;) {
    Atomics.wait(control, CONTROL.sequence, seen);
    if (Atomics.load(control, CONTROL.stop) !== 0) break;
    seen = Atomics.load(control, CONTROL.sequence);
    for (let slot = Atomics.add(control, CONTROL.next, 1); slot < slots; slot = Atomics.add(control, CONTROL.next, 1)) {
      await runner.run(slot, control[CONTROL.first]);
      Atomics.add(control, CONTROL.finished, 1);
      Atomics.notify(control, CONTROL.finished);
    }
  }
  await runner.close();
}

await work(workerData as WorkerData);
