import { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { SignerRole } from '../../adapters/signer/port.ts';
import type { Stage } from '../../config/schema.ts';
import type { StatefulStack } from './stacks/stateful.ts';
import type { StageAccess } from './stage-access.ts';

/** Roles whose keys AWS holds. The guardian's and the admin's keys stay outside, so a stolen deploy role cannot loosen a limit. */
export const AWS_ROLES = ['strategist', 'relayer', 'attestor', 'approver'] as const satisfies readonly SignerRole[];
export type AwsRole = (typeof AWS_ROLES)[number];

/** Bolt address of the Neo4j container beside a task; loopback is shared inside a task and reachable from nowhere else. */
export const GRAPH_BESIDE = 'bolt://127.0.0.1:7687';

/** The variables that functions/compose.ts reads, for one function or task: only those that its access calls for. */
export function stageEnvironment(
  stateful: StatefulStack,
  access: Pick<StageAccess, 'ports' | 'signs'>,
  graphBeside: boolean,
): Record<string, string> {
  const has = (port: StageAccess['ports'][number]) => access.ports.includes(port);
  const keys = (access.signs ?? []).map((role) => [
    `DRL_KEY_${role.toUpperCase()}`,
    stateful.keys[role as AwsRole].keyArn,
  ]);
  return {
    DRL_STAGE: stateful.context.stage,
    DRL_CODE_VERSION: stateful.context.codeVersion,
    DRL_BUCKET: stateful.artifacts.bucketName,
    ...(has('ledger') ? { DRL_LEDGER_HOST: stateful.ledger.attrEndpoint } : {}),
    ...(has('graph')
      ? graphBeside
        ? { DRL_GRAPH_URL: GRAPH_BESIDE }
        : { DRL_GRAPH_SECRET: stateful.graphSecret!.secretArn }
      : {}),
    ...(has('chain')
      ? { DRL_RPC_SECRET: stateful.rpcSecret.secretArn, DRL_CONTRACT_PARAMETER: stateful.contract.parameterName }
      : {}),
    ...(has('marketData') ? { DRL_PROVIDER_SECRET: stateful.providerKeys.secretArn } : {}),
    ...(has('alerts') ? { DRL_ALERT_TOPIC: stateful.alerts.topicArn } : {}),
    ...Object.fromEntries(keys),
  };
}

/** The one name of a stage's role: the keys' policies name it before the role exists. */
export const stageRoleName = (environment: string, stage: Stage): string => `drl-${environment}-${stage}`;

/** The artifacts' bucket by a name that needs no reference across stacks, so that policies and their review can spell it out. */
export const artifactsBucketName = (scope: IConstruct, environment: string): string =>
  `drl-${environment}-artifacts-${Stack.of(scope).account}-${Stack.of(scope).region}`;

/** ARN of the bucket, or of the objects under a pattern of keys. */
export const artifactsArn = (scope: IConstruct, environment: string, keys?: string): string =>
  `arn:${Stack.of(scope).partition}:s3:::${artifactsBucketName(scope, environment)}${keys === undefined ? '' : `/${keys}`}`;
