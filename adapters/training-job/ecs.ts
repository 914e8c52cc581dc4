import { DescribeTasksCommand, ECSClient, RunTaskCommand, StopTaskCommand, type Task } from '@aws-sdk/client-ecs';
import { ProductError } from '../../domain/errors.ts';
import type { ObjectStore } from '../object-store/port.ts';
import { jobPrefix, PROGRESS_OBJECT, readFiles } from './job-objects.ts';
import type { TrainingJob, TrainingProgress } from './port.ts';

export interface EcsTrainingJobOptions {
  readonly cluster: string;
  /** Family or ARN. Its container is named `trainer` and starts `adapters/training-job/folder-task.ts`. */
  readonly taskDefinition: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly store: ObjectStore;
  readonly strategy: string;
  /** @default a client of the ambient region and credentials */
  readonly client?: Pick<ECSClient, 'send'>;
  /** @default 10,000 ms */
  readonly pollMs?: number;
  /** After this the task is stopped and the job fails. @default 4 hours */
  readonly timeoutMs?: number;
}

/** The environment variable by which a task learns where its folder lies in the object store. */
export const JOB_PREFIX_VARIABLE = 'DRL_JOB_PREFIX';

/**
 * Runs the trainer as a Fargate task. The folder contract travels through the object store: `<strategy>/jobs/<id>/input/*` is
 * written here and copied into the container's folder, `output/*` comes back the same way.
 */
export function createEcsTrainingJob(options: EcsTrainingJobOptions): TrainingJob {
  const client = options.client ?? new ECSClient({});
  return {
    async run({ id, files, onProgress }) {
      const { store, strategy } = options;
      const prefix = jobPrefix(strategy, id);
      for (const [name, bytes] of Object.entries(files)) await store.put(`${prefix}/input/${name}`, bytes);
      const taskArn = await startTask(client, options, prefix);
      const task = await untilStopped(client, options, taskArn, async () => {
        const found = await store.get(`${prefix}/${PROGRESS_OBJECT}`);
        if (found) onProgress?.(JSON.parse(new TextDecoder().decode(found.bytes)) as TrainingProgress);
      });
      checkExit(task, id);
      return { files: await readFiles(store, `${prefix}/output/`) };
    },
  };
}

async function startTask(
  client: Pick<ECSClient, 'send'>,
  options: EcsTrainingJobOptions,
  prefix: string,
): Promise<string> {
  const { tasks = [], failures = [] } = await client.send(
    new RunTaskCommand({
      cluster: options.cluster,
      taskDefinition: options.taskDefinition,
      launchType: 'FARGATE',
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: [...options.subnets],
          securityGroups: [...options.securityGroups],
          assignPublicIp: 'DISABLED',
        },
      },
      overrides: {
        containerOverrides: [{ name: 'trainer', environment: [{ name: JOB_PREFIX_VARIABLE, value: prefix }] }],
      },
    }),
  );
  const taskArn = tasks[0]?.taskArn;
  if (taskArn) return taskArn;
  throw new ProductError('TRAINER_NOT_STARTED', 'The training task could not be started', {
    facts: {
      cluster: options.cluster,
      taskDefinition: options.taskDefinition,
      failures: failures.map(({ reason }) => reason ?? 'unknown'),
    },
    remedy: 'Look at the capacity and the network of the cluster, then run the stage again.',
  });
}

async function untilStopped(
  client: Pick<ECSClient, 'send'>,
  options: EcsTrainingJobOptions,
  taskArn: string,
  tick: () => Promise<void>,
): Promise<Task> {
  const { cluster, pollMs = 10_000, timeoutMs = 4 * 3_600_000 } = options;
  for (let waitedMs = 0; waitedMs <= timeoutMs; waitedMs += pollMs) {
    const { tasks = [] } = await client.send(new DescribeTasksCommand({ cluster, tasks: [taskArn] }));
    await tick();
    if (tasks[0]?.lastStatus === 'STOPPED') return tasks[0];
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  await client.send(new StopTaskCommand({ cluster, task: taskArn, reason: 'training took too long' }));
  throw new ProductError('TRAINER_TIMEOUT', 'The training task did not end in time and was stopped', {
    facts: { task: taskArn, timeoutMs },
    remedy: 'Give the task more CPU, or lower totalSteps in the profile.',
  });
}

function checkExit(task: Task, id: string): void {
  const container = task.containers?.find(({ name }) => name === 'trainer');
  if (container?.exitCode === 0) return;
  throw new ProductError('TRAINER_FAILED', 'The training task ended before it was done', {
    facts: {
      job: id,
      task: task.taskArn ?? '',
      exitCode: container?.exitCode ?? null,
      reason: container?.reason ?? task.stoppedReason ?? 'unknown',
    },
    remedy: 'The log group of the task holds its last lines.',
    kind: container?.exitCode === 2 ? 'badInput' : 'failed',
  });
}
