import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  SFNClient,
  type SFNClientConfig,
} from '@aws-sdk/client-sfn';
import { STAGES, type Stage } from '../config/schema.ts';
import { badInput, ProductError } from '../domain/errors.ts';
import { required, type Variables } from './compose.ts';
import type { StageHandler } from './middleware/handler.ts';

/** Half of the state's own limit would do; a minute notices a lost task soon and costs nothing. */
const HEARTBEAT_MS = 60_000;
/** Limits of the service on what an error may say. */
const ERROR_LENGTH = 256;
const CAUSE_LENGTH = 32_768;

export interface TaskOptions {
  stage: string | undefined;
  variables: Variables;
  /** The handler of a stage; the container imports functions/<stage>/handler.ts. */
  loadHandler(stage: Stage): Promise<StageHandler>;
  s3?: S3ClientConfig;
  sfn?: SFNClientConfig;
}

/**
 * A stage's handler as a task: its input is the object that the state machine handed over (`DRL_TASK_INPUT_KEY` in `DRL_BUCKET`), its
 * answer goes back by the task token (`DRL_TASK_TOKEN`). The handler cannot tell it from a Lambda invocation.
 * Returns the exit code: 0 when the answer was delivered, 1 when a failure was.
 */
export async function runTask(options: TaskOptions): Promise<number> {
  const { stage, variables } = options;
  if (!STAGES.includes(stage as Stage)) {
    throw badInput('TASK_STAGE', 'There is no such stage', {
      facts: { stage: stage ?? '(none)', known: STAGES },
      remedy: 'Start the container with the name of a stage.',
    });
  }
  const taskToken = required('DRL_TASK_TOKEN', variables);
  const sfn = new SFNClient({ maxAttempts: 8, ...options.sfn });
  const heartbeat = setInterval(() => {
    // A heartbeat that fails is noticed by the state machine; the answer is still worth finishing.
    sfn.send(new SendTaskHeartbeatCommand({ taskToken })).catch(() => undefined);
  }, HEARTBEAT_MS);
  try {
    const handler = await options.loadHandler(stage as Stage);
    const output = await handler(await readInput(variables, options.s3));
    await sfn.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }));
    return 0;
  } catch (error) {
    await sfn.send(new SendTaskFailureCommand({ taskToken, ...failureOf(error) }));
    return 1;
  } finally {
    clearInterval(heartbeat);
    sfn.destroy();
  }
}

async function readInput(variables: Variables, config: S3ClientConfig = {}): Promise<unknown> {
  const s3 = new S3Client({ maxAttempts: 8, ...config });
  const found = await s3.send(
    new GetObjectCommand({ Bucket: required('DRL_BUCKET', variables), Key: required('DRL_TASK_INPUT_KEY', variables) }),
  );
  return JSON.parse(await found.Body!.transformToString());
}

/** The same error name as Lambda reports for a handler's failure, so that the machine's Retry and Catch rules hold for both. */
function failureOf(error: unknown): { error: string; cause: string } {
  const name = error instanceof Error ? error.name : 'Error';
  const cause =
    error instanceof ProductError
      ? error.describe()
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  return { error: name.slice(0, ERROR_LENGTH), cause: cause.slice(0, CAUSE_LENGTH) };
}

if (import.meta.main) {
  const importHandler = async (stage: Stage) =>
    ((await import(`./${stage}/handler.ts`)) as { handler: StageHandler }).handler;
  try {
    process.exitCode = await runTask({ stage: process.argv[2], variables: process.env, loadHandler: importHandler });
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    console.error(error.describe());
    process.exitCode = 2;
  }
}
