import { expect, test } from '@jest/globals';
import { decodeModel } from '../../domain/policy/onnx/codec.ts';
import { STATE_COLUMNS } from '../../domain/policy/policy.ts';
import type { TrainingJob, TrainingProgress } from './port.ts';

const baseline = (change: Record<string, unknown> = {}): Record<string, Uint8Array> => ({
  'job.json': new TextEncoder().encode(
    JSON.stringify({ schema: 1, kind: 'baseline', columns: ['a', 'b'], stateColumns: STATE_COLUMNS, ...change }),
  ),
});

/** What every way of running the trainer keeps. */
export function trainingJobContract(name: string, open: () => Promise<TrainingJob>): void {
  test(`${name}: the files of output/ come back, with progress on the way`, async () => {
    const job = await open();
    const progress: TrainingProgress[] = [];
    const { files } = await job.run({
      id: 'main-2026/1',
      files: baseline(),
      onProgress: (each) => progress.push(each),
    });
    expect(Object.keys(files).sort()).toEqual(['policy.onnx', 'training-record.json']);
    expect(decodeModel(files['policy.onnx']).inputs[0].dims[2]).toBe(2 + STATE_COLUMNS.length);
    expect(progress.at(-1)).toMatchObject({ step: 1, total: 1, message: 'baseline written' });
    expect((await job.run({ id: 'main-2026/1', files: baseline() })).files['policy.onnx']).toEqual(
      files['policy.onnx'],
    );
  });

  test(`${name}: a job that the trainer refuses fails as bad input, not as a crash`, async () => {
    const job = await open();
    await expect(job.run({ id: 'bad', files: baseline({ kind: 'magic' }) })).rejects.toMatchObject({
      code: expect.any(String),
      kind: 'badInput',
    });
  });
}
