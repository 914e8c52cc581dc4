import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PortfolioEnvironment } from '../../domain/environment/environment.ts';
import { sha256 } from '../../domain/lineage/canonical.ts';
import { createExactPolicy } from '../../domain/policy/exact/exact.ts';
import { buildTrainingJob } from '../../functions/train/job.ts';
import { SESSIONS, smallMarket } from '../../functions/train/small-market.ts';
import { trainJob } from './train-job.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drl-train-job-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function lay(files: Record<string, Uint8Array>): Promise<void> {
  await mkdir(join(folder, 'input'), { recursive: true });
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, 'input', name), bytes);
}

const output = async (name: string): Promise<Uint8Array> =>
  new Uint8Array(await readFile(join(folder, 'output', name)));
const silent = { onProgress: (): void => {} };

/** Mean weight of the asset that is on, over the sessions that training did not see. */
async function weightOnBest(onnx: Uint8Array, inputs: ReturnType<typeof smallMarket>): Promise<number> {
  const policy = createExactPolicy(onnx);
  const { reward } = inputs.training;
  const environment = new PortfolioEnvironment(
    { ...inputs, groups: null },
    { from: 0, to: SESSIONS - 1, episodeDays: SESSIONS - 3, reward },
  );
  environment.resetAt(SESSIONS - 99);
  const observation = new Float32Array(3 * 8);
  let total = 0;
  let days = 0;
  for (let done = false; !done; days++) {
    environment.observe(observation, 0);
    const action = await policy.act(observation, 1, 3, 8);
    const exps = Array.from(action.subarray(0, 3), Math.exp);
    const on = inputs.market.optimalWeights(environment.t).indexOf(1);
    total += exps[on] / (exps[0] + exps[1] + exps[2]);
    done = environment.step(action, 0).done;
  }
  return total / days;
}

test('a small market with a known optimum is learned, out of sample, in the product environment', async () => {
  const inputs = smallMarket({ totalSteps: 24_576, learningRate: 0.01 });
  await lay(buildTrainingJob({ ...inputs, groups: null }));
  await trainJob(folder, silent);
  const onnx = await output('policy.onnx');
  expect(await weightOnBest(onnx, inputs)).toBeGreaterThan(0.85);
});

test('training again gives the same bytes; a run that was cut off goes on to them from its checkpoint', async () => {
  const inputs = smallMarket({ totalSteps: 512 * 18 });
  await lay(buildTrainingJob(inputs));
  await trainJob(folder, silent);
  const whole = [sha256(await output('policy.onnx')), sha256(await output('training-record.json'))];
  await rm(join(folder, 'output'), { recursive: true });
  const steps: number[] = [];
  await trainJob(folder, { onProgress: ({ step }) => void steps.push(step) });
  expect(steps).toEqual([512 * 17, 512 * 18]); // the checkpoint was of iteration 16
  expect([sha256(await output('policy.onnx')), sha256(await output('training-record.json'))]).toEqual(whole);
  const checkpoint = join(folder, 'checkpoints', 'latest.ckpt');
  const bytes = await readFile(checkpoint);
  bytes[200] ^= 1;
  await writeFile(checkpoint, bytes);
  steps.length = 0;
  await trainJob(folder, { onProgress: ({ step }) => void steps.push(step) });
  expect(steps.length).toBe(18); // a damaged checkpoint is not trusted
  expect(sha256(await output('policy.onnx'))).toBe(whole[0]);
  const record = JSON.parse(new TextDecoder().decode(await output('training-record.json')));
  expect(record).toMatchObject({
    schema: 1,
    kind: 'learn',
    seed: 20_007,
    environmentSteps: 512 * 18,
    cpu: { architecture: process.arch },
  });
  expect(record.curve.length).toBe(18);
});

test('snapshots that were lost with the output are not listed, and are no error: training starts anew to make them', async () => {
  await lay(buildTrainingJob(smallMarket({ totalSteps: 512 * 18, snapshotEvery: 6 })));
  await trainJob(folder, silent);
  const whole = sha256(await output('training-record.json'));
  await rm(join(folder, 'output'), { recursive: true });
  await trainJob(folder, silent);
  expect(sha256(await output('training-record.json'))).toBe(whole);
});

test('a baseline job writes model 0 and a record without anything of this machine', async () => {
  const inputs = smallMarket();
  await lay(buildTrainingJob({ ...inputs, trial: { ...inputs.trial, kind: 'baseline' } }));
  await trainJob(folder, silent);
  const record = JSON.parse(new TextDecoder().decode(await output('training-record.json')));
  expect(record).toEqual({ schema: 1, kind: 'baseline', jobHash: expect.any(String), environmentSteps: 0, curve: [] });
  const action = await createExactPolicy(await output('policy.onnx')).act(
    Float32Array.from({ length: 24 }, (_, i) => i),
    1,
    3,
    8,
  );
  expect([...action]).toEqual([5, 13, 21, 6]);
});

describe('a folder that is not as the contract says is refused, and nothing is written', () => {
  const files = () => buildTrainingJob(smallMarket());
  const cases: [string, string, () => Record<string, Uint8Array>][] = [
    ['no job.json', 'JOB_MISSING', () => ({})],
    ['job.json that is not JSON', 'JOB_NOT_JSON', () => ({ 'job.json': new TextEncoder().encode('{') })],
    ['an unknown key', 'JOB_SCHEMA', () => ({ 'job.json': edited({ extra: 1 }) })],
    ['other state columns', 'JOB_STATE_COLUMNS', () => ({ 'job.json': edited({ stateColumns: ['heldWeight'] }) })],
    ['an array that is missing', 'JOB_ARRAY_MISSING', () => ({ 'job.json': files()['job.json'] })],
    [
      'an array with a flipped byte',
      'JOB_ARRAY_HASH',
      () => ({ ...files(), 'returns.npy': flipped(files()['returns.npy']) }),
    ],
    [
      'fewer dates than rows',
      'JOB_ARRAY_SHAPE',
      () => ({ ...files(), 'job.json': edited({ dates: ['2004-01-02', '2004-01-05'] }) }),
    ],
  ];
  const edited = (change: Record<string, unknown>): Uint8Array =>
    new TextEncoder().encode(
      JSON.stringify({ ...JSON.parse(new TextDecoder().decode(files()['job.json'])), ...change }),
    );
  const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === bytes.length - 3 ? byte ^ 1 : byte));

  test.each(cases)('%s: %s', async (_, code, make) => {
    await lay(make());
    await expect(trainJob(folder, silent)).rejects.toMatchObject({ code, kind: 'badInput' });
    await expect(output('policy.onnx')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
