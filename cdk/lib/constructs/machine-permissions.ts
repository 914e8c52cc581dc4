import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Cluster, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { acknowledge, acknowledgeWildcard } from '../acknowledge.ts';
import { artifactsArn } from '../environment.ts';
import type { StatefulStack } from '../stacks/stateful.ts';

const allow = (
  machine: StateMachine,
  actions: string[],
  resources: string[],
  conditions?: Record<string, unknown>,
): void => machine.addToRolePolicy(new PolicyStatement({ actions, resources, ...(conditions ? { conditions } : {}) }));

/** Let a machine invoke these functions, by their plain ARN as the definition does. */
export function letInvoke(machine: StateMachine, functions: readonly IFunction[]): void {
  if (functions.length > 0)
    allow(
      machine,
      ['lambda:InvokeFunction'],
      functions.map((fn) => fn.functionArn),
    );
  acknowledge(
    machine,
    'IAM5',
    'Log delivery and tracing know no resource; nothing else of the machine has a wildcard.',
    'Resource::*',
  );
}

/** Let a machine hand inputs over and run these tasks, in this cluster only, with the tasks' own roles only. */
export function letRunTasks(
  machine: StateMachine,
  tasks: readonly FargateTaskDefinition[],
  cluster: Cluster,
  stateful: StatefulStack,
): void {
  if (tasks.length === 0) return;
  allow(
    machine,
    ['ecs:RunTask'],
    tasks.map((task) => task.taskDefinitionArn),
    { ArnEquals: { 'ecs:cluster': cluster.clusterArn } },
  );
  allow(
    machine,
    ['iam:PassRole'],
    tasks.flatMap((task) => [task.taskRole.roleArn, task.obtainExecutionRole().roleArn]),
    {
      StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
    },
  );
  const handover = artifactsArn(machine, stateful.context.stage, '*/handover/*');
  allow(machine, ['s3:PutObject', 's3:PutObjectTagging'], [handover]);
  acknowledgeWildcard(
    machine,
    handover,
    'Inputs of tasks are named by strategy and execution, known only when they are handed over.',
  );
  if (stateful.artifacts.encryptionKey)
    allow(machine, ['kms:Decrypt', 'kms:GenerateDataKey'], [stateful.artifacts.encryptionKey.keyArn]);
}

/** Let a machine start others and wait for them (`startExecution.sync:2`). */
export function letStart(machine: StateMachine, nested: readonly StateMachine[]): void {
  const stack = Stack.of(machine);
  for (const other of nested) {
    other.grantStartExecution(machine);
    const executions = stack.formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${other.stateMachineName}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    allow(machine, ['states:DescribeExecution', 'states:StopExecution'], [executions]);
    acknowledgeWildcard(machine, executions, 'An execution has its name only when it has begun; the machine is named.');
  }
  const rule = stack.formatArn({
    service: 'events',
    resource: 'rule',
    resourceName: 'StepFunctionsGetEventsForStepFunctionsExecutionRule',
  });
  allow(machine, ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'], [rule]);
}
