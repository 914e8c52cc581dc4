import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { S3Server } from '../adapters/object-store/s3-server.ts';
import type { Stage } from '../config/schema.ts';
import { badInput, ProductError } from '../domain/errors.ts';
import { runTask } from './task.ts';

/** Step Functions speaks JSON 1.0: the operation in a header, one document in, one out. */
const answers: { operation: string; body: Record<string, string> }[] = [];
const sfn = createServer(async (request, response) => {
  let text = '';
  for await (const part of request) text += String(part);
  answers.push({ operation: String(request.headers['x-amz-target']).split('.')[1]!, body: JSON.parse(text) });
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
});
const s3 = new S3Server();
const input = {
  strategy: 'main',
  date: '2026-03-06',
  features: { trials: Array.from({ length: 300 }, (_, seed) => ({ seed, window: 1 })) },
};
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const variables = {
  DRL_TASK_TOKEN: 'token-1',
  DRL_TASK_INPUT_KEY: 'main/handover/run-1/train.json',
  DRL_BUCKET: 'artifacts',
};
let run: (
  stage: string | undefined,
  handler: (event: unknown) => Promise<unknown>,
  over?: Record<string, string | undefined>,
) => Promise<number>;

beforeAll(async () => {
  await new Promise<void>((resolve) => sfn.listen(0, '127.0.0.1', resolve));
  const client = { region: 'eu-central-1', credentials };
  const endpoint = await s3.start();
  run = (stage, handler, over = {}) =>
    runTask({
      stage,
      variables: { ...variables, ...over },
      loadHandler: async (name: Stage) => (name === 'train' ? handler : Promise.reject(new Error(`asked for ${name}`))),
      s3: { ...client, endpoint, forcePathStyle: true },
      sfn: { ...client, endpoint: `http://127.0.0.1:${(sfn.address() as AddressInfo).port}` },
    });
});
beforeEach(() => {
  answers.length = 0;
  s3.objects.set(variables.DRL_TASK_INPUT_KEY, { bytes: Buffer.from(JSON.stringify(input)), etag: '"1"' });
});
afterAll(async () => {
  await s3.stop();
  sfn.closeAllConnections();
  sfn.close();
});

describe('a stage as a task', () => {
  test('reads the input that was handed over, however long, and answers by the token', async () => {
    const events: unknown[] = [];
    const code = await run('train', async (event) => {
      events.push(event);
      return { candidate: 'c' };
    });
    expect(code).toBe(0);
    expect(events).toEqual([input]);
    expect(answers).toEqual([
      { operation: 'SendTaskSuccess', body: { taskToken: 'token-1', output: '{"candidate":"c"}' } },
    ]);
  });

  test('a failure says what a person needs: name, facts, remedy', async () => {
    const code = await run('train', () =>
      Promise.reject(badInput('DATA', 'No bars', { facts: { date: '2026-03-06' }, remedy: 'Wait for the feed.' })),
    );
    expect(code).toBe(1);
    expect(answers).toHaveLength(1);
    expect(answers[0]).toMatchObject({
      operation: 'SendTaskFailure',
      body: { taskToken: 'token-1', error: 'DATA' },
    });
    expect(answers[0]!.body['cause']).toMatch(/No bars.*2026-03-06.*Wait for the feed/s);
  });

  test('a task that was told to end says so by a name that the machine tries again', async () => {
    await run('train', () => Promise.reject(new ProductError('TRAIN_INTERRUPTED', 'Training was told to end')));
    expect(answers[0]).toMatchObject({ operation: 'SendTaskFailure', body: { error: 'TRAIN_INTERRUPTED' } });
  });

  test('an input that is not there is a failure of the task, not silence', async () => {
    s3.objects.clear();
    expect(await run('train', async () => ({}))).toBe(1);
    expect(answers[0]).toMatchObject({ operation: 'SendTaskFailure', body: { error: 'NoSuchKey' } });
  });

  test('a container started wrongly says how', async () => {
    await expect(run('dance', async () => ({}))).rejects.toMatchObject({ code: 'TASK_STAGE', kind: 'badInput' });
    await expect(run(undefined, async () => ({}))).rejects.toMatchObject({ code: 'TASK_STAGE' });
    await expect(run('train', async () => ({}), { DRL_TASK_TOKEN: undefined })).rejects.toMatchObject({
      code: 'ENVIRONMENT',
      facts: { name: 'DRL_TASK_TOKEN' },
    });
    expect(answers).toHaveLength(0);
  });
});
