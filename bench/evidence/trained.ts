import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnvironmentData } from '../../domain/environment/environment.ts';
import { JOB_OUTPUT } from '../../domain/training/job.ts';
import type { PpoSettings, TrainingSettings } from '../../domain/training/settings.ts';
import { buildTrainingJob } from '../../functions/train/job.ts';
import { PPO as KNOWN_OPTIMA } from '../../training-container/proofs/learners.ts';
import { trainJob } from '../../training-container/src/train-job.ts';

/** What a job is made from: a market, and the sessions of it that may be learned from, inclusive. */
export interface TrainingMarket {
  readonly data: EnvironmentData;
  readonly from: number;
  readonly to: number;
}

/** The settings that the studies start from: those that solve the known optima, with smaller minibatches: more updates a step. */
export const PPO: PpoSettings = { ...KNOWN_OPTIMA, totalSteps: 65_536, minibatch: 256 };

/** Train as the product does, by the folder contract of the trainer. Returns the policy as it would be served, and the settings that it ended with. */
export async function trained(
  { data, from, to }: TrainingMarket,
  training: TrainingSettings,
  seed: number,
): Promise<{ onnx: Uint8Array; settings: TrainingSettings }> {
  const { dates } = data.panel;
  const last = dates[dates.length - 1];
  const trial = {
    kind: training.algorithm,
    window: 0,
    seed,
    trainFrom: dates[from],
    trainTo: dates[to],
    testFrom: last,
    testTo: last,
  };
  const folder = await mkdtemp(join(tmpdir(), 'drl-evidence-'));
  try {
    await mkdir(join(folder, 'input'));
    for (const [name, bytes] of Object.entries(buildTrainingJob({ ...data, training, trial })))
      await writeFile(join(folder, 'input', name), bytes);
    await trainJob(folder, { onProgress: () => undefined });
    const read = (name: string): Promise<Buffer> => readFile(join(folder, 'output', name));
    const record = JSON.parse((await read(JOB_OUTPUT.record)).toString()) as { training: TrainingSettings };
    return { onnx: new Uint8Array(await read(JOB_OUTPUT.policy)), settings: record.training };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
