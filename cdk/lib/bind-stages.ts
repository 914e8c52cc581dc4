import type { ComputeTable, Stage } from '../../config/schema.ts';
import { badInput } from '../../domain/errors.ts';
import type { AslDefinition, AslState } from './asl.ts';

/** Name of the container that runs a stage in its task definition. */
export const STAGE_CONTAINER = 'stage';
/** Objects that hand a task its input; their tag lets a lifecycle rule remove them. */
export const HANDOVER_TAG = 'handover=true';

/** A name that the deployment puts a value for. */
const placeholder = (name: string): string => `\${${name}}`;

const TASK_RETRY = [
  // A Spot task that was taken back (TRAIN_INTERRUPTED), or a task that could not be placed, runs again: a stage run again
  // ends in the same state.
  {
    ErrorEquals: [
      'ECS.AmazonECSException',
      'ECS.ServerException',
      'Ecs.EcsException',
      'States.HeartbeatTimeout',
      'TRAIN_INTERRUPTED',
    ],
    IntervalSeconds: 30,
    MaxAttempts: 4,
    BackoffRate: 2,
  },
];

/**
 * Rewrite a machine for the compute table: a state whose stage computes on a task becomes two, one that hands the input over as an
 * object (an ECS override holds 8 KB, a state 256 KB) and one that runs the task and waits for its answer by task token. The stage's
 * state keeps its name, its ResultPath and its successor, so nothing else in the machine changes. The placeholders that the result
 * holds are `${<stage>}`, `${bucket}`, `${cluster}`, `${<stage>TaskDefinition}`, `${subnetA}`, `${subnetB}`, `${securityGroup}`.
 */
export function bindStages(definition: AslDefinition, compute: ComputeTable, stages: readonly Stage[]): AslDefinition {
  const onTask = (state: AslState): Stage | null => {
    const stage = stages.find((name) => state.Resource === placeholder(name));
    return stage && compute[stage].on === 'task' ? stage : null;
  };
  const bind = (inner: AslDefinition, inMap: boolean): AslDefinition => {
    const moved = new Map(
      Object.entries(inner.States).flatMap(([name, state]) =>
        onTask(state) ? [[name, `hand over to ${name}`] as const] : [],
      ),
    );
    const redirect = (next: unknown) => (typeof next === 'string' ? (moved.get(next) ?? next) : next);
    const States: Record<string, AslState> = {};
    for (const [name, state] of Object.entries(inner.States)) {
      const redirected = redirectState(state, redirect);
      const stage = onTask(state);
      if (stage) {
        States[moved.get(name)!] = handOver(redirected, name, inMap);
        States[name] = runTask(redirected, name, stage, compute[stage].timeoutSeconds, inMap);
      } else {
        States[name] = {
          ...redirected,
          ...(state.ItemProcessor ? bindMap(redirected, bind(state.ItemProcessor, true)) : {}),
          ...(state.Branches ? { Branches: state.Branches.map((branch) => bind(branch, inMap)) } : {}),
        };
      }
    }
    return { ...inner, StartAt: String(redirect(inner.StartAt)), States };
  };
  return bind(definition, false);
}

/** Inside a Map the context object no longer knows the item, so the Map hands each item its number. */
function bindMap(map: AslState, ItemProcessor: AslDefinition): Partial<AslState> {
  const moved = Object.keys(ItemProcessor.States).length > Object.keys(map.ItemProcessor!.States).length;
  if (!moved) return { ItemProcessor };
  const selector = map['ItemSelector'] as Record<string, unknown> | undefined;
  if (!selector)
    throw badInput('CDK_MAP_SELECTOR', 'A Map needs an ItemSelector, so that its items can be told apart', {
      facts: { map },
      remedy: 'Add an ItemSelector to the Map state.',
    });
  return { ItemProcessor, ItemSelector: { ...selector, 'item.$': '$$.Map.Item.Index' } };
}

/** Every way out of a state leads to the hand-over where its target was moved to a task. */
function redirectState(state: AslState, redirect: (next: unknown) => unknown): AslState {
  const rule = (item: unknown) => {
    const entry = item as { Next?: string };
    return entry.Next === undefined ? item : { ...entry, Next: redirect(entry.Next) };
  };
  return {
    ...state,
    ...(state.Next === undefined ? {} : { Next: redirect(state.Next) as string }),
    ...(state['Default'] === undefined ? {} : { Default: redirect(state['Default']) }),
    ...(Array.isArray(state['Choices']) ? { Choices: state['Choices'].map(rule) } : {}),
    ...(Array.isArray(state['Catch']) ? { Catch: state['Catch'].map(rule) } : {}),
  };
}

/** Where the input lies: unique to the execution, the state and, inside a Map, the item. */
const handoverKey = (name: string, inMap: boolean): string => {
  const slug = name.replaceAll(/[^\w]+/g, '-');
  return inMap
    ? `States.Format('{}/handover/{}/${slug}-{}.json', $.strategy, $$.Execution.Name, $.item)`
    : `States.Format('{}/handover/{}/${slug}.json', $.strategy, $$.Execution.Name)`;
};

const handOver = (state: AslState, name: string, inMap: boolean): AslState => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::aws-sdk:s3:putObject',
  Parameters: {
    Bucket: placeholder('bucket'),
    'Key.$': handoverKey(name, inMap),
    Tagging: HANDOVER_TAG,
    ContentType: 'application/json',
    ...(state.Parameters ? { Body: state.Parameters } : { 'Body.$': '$' }),
  },
  ResultPath: null,
  Retry: [
    { ErrorEquals: ['S3.S3Exception', 'S3.SdkClientException'], IntervalSeconds: 2, MaxAttempts: 4, BackoffRate: 2 },
  ],
  Next: name,
});

function runTask(state: AslState, name: string, stage: Stage, timeoutSeconds: number, inMap: boolean): AslState {
  const { Resource: _resource, Parameters: _parameters, Retry: _retry, ...rest } = state;
  return {
    ...rest,
    Resource: 'arn:aws:states:::ecs:runTask.waitForTaskToken',
    Parameters: {
      Cluster: placeholder('cluster'),
      TaskDefinition: placeholder(`${stage}TaskDefinition`),
      CapacityProviderStrategy: [{ CapacityProvider: stage === 'train' ? 'FARGATE_SPOT' : 'FARGATE', Weight: 1 }],
      NetworkConfiguration: {
        AwsvpcConfiguration: {
          AssignPublicIp: 'ENABLED',
          Subnets: [placeholder('subnetA'), placeholder('subnetB')],
          SecurityGroups: [placeholder('securityGroup')],
        },
      },
      Overrides: {
        ContainerOverrides: [
          {
            Name: STAGE_CONTAINER,
            Environment: [
              { Name: 'DRL_TASK_TOKEN', 'Value.$': '$$.Task.Token' },
              { Name: 'DRL_TASK_INPUT_KEY', 'Value.$': handoverKey(name, inMap) },
            ],
          },
        ],
      },
    },
    TimeoutSeconds: timeoutSeconds,
    // The container sends a heartbeat every minute; a task that vanished is noticed in minutes, not at the timeout.
    HeartbeatSeconds: 300,
    Retry: TASK_RETRY,
  };
}
