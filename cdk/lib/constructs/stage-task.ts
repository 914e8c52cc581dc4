import { join } from 'node:path';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  ContainerDependencyCondition,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  LogDrivers,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { ComputeTable, Stage } from '../../../config/schema.ts';
import { acknowledge } from '../acknowledge.ts';
import { STAGE_CONTAINER } from '../bind-stages.ts';

/** The graph engine of the tasks that need one: started with the task, loaded, asked, exported, gone. */
const NEO4J_IMAGE = 'public.ecr.aws/docker/library/neo4j:5.26-community';

export interface StageTaskProps {
  readonly root: string;
  readonly stage: Stage;
  readonly compute: ComputeTable[Stage];
  readonly role: IRole;
  readonly environment: Record<string, string>;
  readonly logRetention: RetentionDays;
  /** Image by digest, or undefined to build the Dockerfile at deploy. */
  readonly imageUri: string | undefined;
  readonly withGraph: boolean;
}

/** A stage as a Fargate task: the trainer's image running functions/task.ts, the same handler behind a task token. */
export class StageTask extends FargateTaskDefinition {
  constructor(scope: Construct, id: string, props: StageTaskProps) {
    super(scope, id, {
      cpu: props.compute.cpu ?? 1024,
      memoryLimitMiB: props.compute.memoryMb,
      taskRole: props.role,
      runtimePlatform: { cpuArchitecture: CpuArchitecture.X86_64, operatingSystemFamily: OperatingSystemFamily.LINUX },
    });
    const logs = new LogGroup(this, 'Logs', { retention: props.logRetention, removalPolicy: RemovalPolicy.DESTROY });
    const logging = LogDrivers.awsLogs({ logGroup: logs, streamPrefix: props.stage });
    const stage = this.addContainer(STAGE_CONTAINER, {
      image: stageImage(this, props),
      command: [props.stage],
      environment: { ...props.environment, DRL_ROOT: '/app' },
      logging,
      essential: true,
      readonlyRootFilesystem: true,
      stopTimeout: Duration.seconds(110), // the notice of a Spot interruption: time to write a checkpoint
    });
    // The one place that may be written: folders of jobs. The Dockerfile declares it, so that its mode is that of the image.
    this.addVolume({ name: 'tmp' });
    stage.addMountPoints({ containerPath: '/tmp', sourceVolume: 'tmp', readOnly: false });
    if (props.withGraph) {
      const graph = this.addContainer('graph', {
        image: ContainerImage.fromRegistry(NEO4J_IMAGE),
        essential: false,
        environment: {
          NEO4J_AUTH: 'none',
          NEO4J_server_default__listen__address: '127.0.0.1',
          NEO4J_server_memory_heap_max__size: '1G',
          NEO4J_server_memory_pagecache_size: '256M',
        },
        logging,
        healthCheck: {
          command: ['CMD-SHELL', 'cypher-shell "RETURN 1" || exit 1'],
          interval: Duration.seconds(10),
          retries: 10,
          startPeriod: Duration.seconds(30),
        },
      });
      stage.addContainerDependencies({ container: graph, condition: ContainerDependencyCondition.HEALTHY });
    }
    acknowledge(this, 'ECS2', 'The variables are names and addresses; credentials come from IAM and Secrets Manager.');
  }
}

/** An image in ECR, by digest: what the release workflow built and signed. */
const ECR = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([^@]+)@(sha256:[0-9a-f]{64})$/;

/** By digest (with the right to pull it), or built from the Dockerfile at deploy; .dockerignore says what that build sees. */
function stageImage(scope: Construct, props: StageTaskProps): ContainerImage {
  if (!props.imageUri) {
    return ContainerImage.fromAsset(props.root, {
      file: join('training-container', 'Dockerfile'),
      platform: Platform.LINUX_AMD64,
    });
  }
  const [, account, region, repositoryName, digest] = ECR.exec(props.imageUri) ?? [];
  if (!repositoryName || !digest) return ContainerImage.fromRegistry(props.imageUri);
  const repositoryArn = Stack.of(scope).formatArn({
    service: 'ecr',
    account,
    region,
    resource: 'repository',
    resourceName: repositoryName,
  });
  return ContainerImage.fromEcrRepository(
    Repository.fromRepositoryAttributes(scope, 'Images', { repositoryArn, repositoryName }),
    digest,
  );
}
