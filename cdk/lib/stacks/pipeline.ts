import { Stack, type StackProps, Tags } from 'aws-cdk-lib';
import { Cluster, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { type Machine as MachineName, type Settings, STAGES, type Stage } from '../../../config/schema.ts';
import { badInput } from '../../../domain/errors.ts';
import { acknowledge } from '../acknowledge.ts';
import { PIPELINE_ALARMS } from '../alarms.ts';
import { readMachine } from '../asl.ts';
import { bindStages } from '../bind-stages.ts';
import { DailySchedule } from '../constructs/daily-schedule.ts';
import { Machine } from '../constructs/machine.ts';
import { letInvoke, letRunTasks, letStart } from '../constructs/machine-permissions.ts';
import { Network } from '../constructs/network.ts';
import { NodeFunction } from '../constructs/node-function.ts';
import { grantStage } from '../constructs/stage-permissions.ts';
import { StageTask } from '../constructs/stage-task.ts';
import { RiskDashboard, Watch } from '../constructs/watch.ts';
import { stageEnvironment, stageRoleName } from '../environment.ts';
import { STAGE_ACCESS } from '../stage-access.ts';
import type { StatefulStack } from './stateful.ts';

export interface PipelineProps extends StackProps {
  readonly root: string;
  readonly settings: Settings;
  readonly stateful: StatefulStack;
}

/** The line: a function or a task for every stage, the machines that sequence them, the schedule that starts them, the alarms. */
export class PipelineStack extends Stack {
  readonly functions: Partial<Record<Stage, NodeFunction>> = {};
  readonly tasks: Partial<Record<Stage, StageTask>> = {};
  readonly machines: Record<MachineName, StateMachine>;
  readonly cluster: Cluster;
  readonly network: Network;
  readonly #props: PipelineProps;

  constructor(scope: Construct, id: string, props: PipelineProps) {
    super(scope, id, props);
    this.#props = props;
    this.network = new Network(this, 'Network');
    this.cluster = new Cluster(this, 'Cluster', {
      vpc: this.network.vpc,
      enableFargateCapacityProviders: true,
      containerInsightsV2: ContainerInsights.DISABLED,
    });
    acknowledge(
      this.cluster,
      'ECS4',
      'Tasks live for minutes; Container Insights would cost more than they do. Their stages emit their own metrics.',
    );
    for (const stage of STAGES) this.#stage(stage);
    this.machines = this.#machines();
    const schedule = new DailySchedule(this, 'Schedule', { daily: this.machines.daily, settings: props.settings });
    const { context, alerts } = props.stateful;
    const machine = (name: MachineName) => ({ StateMachineArn: this.machines[name].stateMachineArn });
    new Watch(this, 'Alarms', {
      environment: context.stage,
      topic: alerts,
      rules: PIPELINE_ALARMS,
      dimensions: {
        daily: machine('daily'),
        training: machine('training'),
        promotion: machine('promotion'),
        deadLetters: { QueueName: schedule.deadLetters.queueName },
      },
      runbook: props.settings.config.alerts.runbook,
    });
    new RiskDashboard(this, 'Dashboard', context.stage);
  }

  get logRetention(): RetentionDays {
    return this.#props.stateful.context.stage === 'prod' ? RetentionDays.ONE_YEAR : RetentionDays.TWO_WEEKS;
  }

  /** One stage where the compute table puts it. */
  #stage(stage: Stage): void {
    const { root, settings, stateful } = this.#props;
    const compute = settings.compute[stage];
    const access = STAGE_ACCESS[stage];
    const onTask = compute.on === 'task';
    if (!onTask && access.ports.includes('trainingJob')) {
      throw badInput(
        'CDK_TASK_ONLY',
        'A stage that trains cannot be a function: its trainer is a process of its own and may take hours',
        {
          facts: { stage, file: 'config/compute.json' },
          remedy: `Set "${stage}" to "on": "task".`,
        },
      );
    }
    const role = this.#role(stage, onTask);
    const withGraph = access.ports.includes('graph');
    const shared = {
      root,
      role,
      logRetention: this.logRetention,
      environment: stageEnvironment(stateful, access, onTask),
    };
    if (onTask) {
      const task = new StageTask(this, `${stage}Task`, {
        ...shared,
        stage,
        compute,
        imageUri: stateful.context.imageUri,
        withGraph,
      });
      acknowledge(
        task.obtainExecutionRole(),
        'IAM5',
        'A token for the registry has no resource; the images are named.',
        'Resource::*',
      );
      role.addToPrincipalPolicy(
        new PolicyStatement({
          actions: ['states:SendTaskSuccess', 'states:SendTaskFailure', 'states:SendTaskHeartbeat'],
          resources: ['*'],
        }),
      );
      acknowledge(role, 'IAM5', 'A task token is its own permission; the actions know no resource.', 'Resource::*');
      this.tasks[stage] = task;
    } else {
      this.functions[stage] = new NodeFunction(this, `${stage}Function`, {
        ...shared,
        folder: stage,
        memoryMb: compute.memoryMb,
        timeoutSeconds: compute.timeoutSeconds,
        withData: access.ports.includes('marketData'),
        withOnnxRuntime: access.ports.includes('onnxRuntime'),
      });
    }
    grantStage(role, stateful, stage);
    Tags.of(this.functions[stage] ?? this.tasks[stage]!).add('drl:stage', stage);
  }

  #role(stage: Stage, onTask: boolean): Role {
    return new Role(this, `${stage}Role`, {
      roleName: stageRoleName(this.#props.stateful.context.stage, stage),
      description: `The ${stage} stage`,
      assumedBy: new ServicePrincipal(onTask ? 'ecs-tasks.amazonaws.com' : 'lambda.amazonaws.com'),
    });
  }

  #machines(): Record<MachineName, StateMachine> {
    const { root, settings, stateful } = this.#props;
    const [subnetA, subnetB] = this.network.vpc.publicSubnets;
    const substitutions: Record<string, string> = {
      bucket: stateful.artifacts.bucketName,
      cluster: this.cluster.clusterArn,
      subnetA: subnetA!.subnetId,
      subnetB: subnetB!.subnetId,
      securityGroup: this.network.securityGroup.securityGroupId,
    };
    for (const [stage, fn] of Object.entries(this.functions)) substitutions[stage] = fn.functionArn;
    for (const [stage, task] of Object.entries(this.tasks))
      substitutions[`${stage}TaskDefinition`] = task.taskDefinitionArn;
    const make = (name: MachineName): StateMachine => {
      const definition = bindStages(readMachine(root, name), settings.compute, STAGES);
      const machine = new Machine(this, `${name}Machine`, {
        name,
        definition,
        substitutions,
        logRetention: this.logRetention,
      });
      substitutions[name] = machine.stateMachineArn;
      const text = JSON.stringify(definition);
      const named = <T>(made: Partial<Record<Stage, T>>, placeholder: (stage: Stage) => string): T[] =>
        STAGES.flatMap((stage) => (made[stage] && text.includes(`\${${placeholder(stage)}}`) ? [made[stage]] : []));
      letInvoke(
        machine,
        named(this.functions, (stage) => stage),
      );
      letRunTasks(
        machine,
        named(this.tasks, (stage) => `${stage}TaskDefinition`),
        this.cluster,
        stateful,
      );
      return machine;
    };
    // The nested machines first: daily names both.
    const [promotion, training] = [make('promotion'), make('training')];
    const daily = make('daily');
    letStart(daily, [promotion, training]);
    return { daily, training, promotion };
  }
}
