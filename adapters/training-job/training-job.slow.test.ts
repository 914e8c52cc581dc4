import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeTasksCommand, type ECSClient, RunTaskCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ProductError } from '../../domain/errors.ts';
import { FilesystemObjectStore } from '../object-store/filesystem.ts';
import { createEcsTrainingJob, type EcsTrainingJobOptions } from './ecs.ts';
import { runFolderTask } from './folder-task.ts';
import { createSubprocessTrainingJob } from './subprocess.ts';
import { trainingJobContract } from './training-job.contract.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drl-training-job-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** An ECS that really runs the task: what the container would do, on a store in a folder. */
function ecsThatRuns(
  options: { stuck?: boolean; refuses?: boolean } = {},
): Omit<EcsTrainingJobOptions, 'timeoutMs'> & { sent: unknown[] } {
  const store = new FilesystemObjectStore(join(folder, 'store'));
  const sent: unknown[] = [];
  let exit: Promise<number> = Promise.resolve(0);
  const client = {
    async send(command: unknown) {
      sent.push(command);
      if (command instanceof RunTaskCommand) {
        if (options.refuses) return { failures: [{ reason: 'RESOURCE:CPU' }] };
        const prefix = command.input.overrides?.containerOverrides?.[0].environment?.[0].value as string;
        exit = runFolderTask(store, prefix, createSubprocessTrainingJob()).then(
          () => 0,
          (error) => (error instanceof ProductError && error.kind === 'badInput' ? 2 : 1),
        );
        return { tasks: [{ taskArn: 'arn:task/1' }] };
      }
      if (command instanceof StopTaskCommand) return {};
      if (!(command instanceof DescribeTasksCommand)) throw new Error('an unexpected command');
      if (options.stuck) return { tasks: [{ lastStatus: 'RUNNING' }] };
      return {
        tasks: [
          { taskArn: 'arn:task/1', lastStatus: 'STOPPED', containers: [{ name: 'trainer', exitCode: await exit }] },
        ],
      };
    },
  };
  return {
    cluster: 'c',
    taskDefinition: 'trainer',
    subnets: ['s'],
    securityGroups: ['g'],
    store,
    strategy: 'main',
    client: client as unknown as Pick<ECSClient, 'send'>,
    pollMs: 1,
    sent,
  };
}

trainingJobContract('subprocess', async () => createSubprocessTrainingJob());
trainingJobContract('ecs', async () => createEcsTrainingJob(ecsThatRuns()));

describe('subprocess', () => {
  const withTrainer = async (source: string) => {
    const trainer = join(folder, `trainer-${Math.abs(source.length)}.mjs`);
    await writeFile(trainer, source);
    return createSubprocessTrainingJob({ trainer });
  };
  const leftovers = async (): Promise<string[]> =>
    (await readdir(tmpdir())).filter((name) => name.startsWith('drl-train-leak'));

  test('a trainer that dies carries its last lines, and its folder is removed', async () => {
    const job = await withTrainer('console.error("out of memory, say"); process.kill(process.pid, "SIGKILL");');
    await expect(job.run({ id: 'leak', files: {} })).rejects.toMatchObject({
      code: 'TRAINER_FAILED',
      facts: { signal: 'SIGKILL', lastLines: ['out of memory, say'] },
    });
    expect(await leftovers()).toEqual([]);
  });

  test('a trainer ends when the process that started it is gone', async () => {
    const parentSource = `
      import { spawn } from 'node:child_process';
      const child = spawn(process.execPath, ['-e', 'process.stdin.on("end", () => process.exit(1)).resume(); setInterval(() => {}, 1000)'], { stdio: ['pipe', 'ignore', 'ignore'] });
      console.log(child.pid);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', parentSource], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const pid = Number(
      await new Promise<string>((resolve) => parent.stdout.once('data', (data) => resolve(String(data)))),
    );
    parent.kill('SIGKILL');
    const gone = async (): Promise<boolean> => {
      for (let i = 0; i < 200; i++) {
        try {
          process.kill(pid, 0);
        } catch {
          return true;
        }
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      return false;
    };
    expect(await gone()).toBe(true);
  });
});

describe('ecs', () => {
  test('the task learns where its folder is, in the private network that it was given', async () => {
    const options = ecsThatRuns();
    await expect(createEcsTrainingJob(options).run({ id: 'a/b', files: {} })).rejects.toMatchObject({
      code: 'TRAINER_FAILED',
      kind: 'badInput',
    }); // no job.json
    const { input } = options.sent[0] as RunTaskCommand;
    expect(input).toMatchObject({
      cluster: 'c',
      taskDefinition: 'trainer',
      networkConfiguration: {
        awsvpcConfiguration: { subnets: ['s'], securityGroups: ['g'], assignPublicIp: 'DISABLED' },
      },
      overrides: {
        containerOverrides: [{ name: 'trainer', environment: [{ name: 'DRL_JOB_PREFIX', value: 'main/jobs/a_b' }] }],
      },
    });
  });

  test('a task that cannot start, and one that does not end, are errors that say so; the latter is stopped', async () => {
    await expect(
      createEcsTrainingJob(ecsThatRuns({ refuses: true })).run({ id: 'x', files: {} }),
    ).rejects.toMatchObject({ code: 'TRAINER_NOT_STARTED', facts: { failures: ['RESOURCE:CPU'] } });
    const options = ecsThatRuns({ stuck: true });
    await expect(createEcsTrainingJob({ ...options, timeoutMs: 5 }).run({ id: 'x', files: {} })).rejects.toMatchObject({
      code: 'TRAINER_TIMEOUT',
    });
    expect(options.sent.at(-1)).toBeInstanceOf(StopTaskCommand);
  });
});
