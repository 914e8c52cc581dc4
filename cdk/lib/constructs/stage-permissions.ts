import { type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Stage } from '../../../config/schema.ts';
import { acknowledgeWildcard } from '../acknowledge.ts';
import { AWS_ROLES, artifactsArn } from '../environment.ts';
import type { StatefulStack } from '../stacks/stateful.ts';
import { type PortName, STAGE_ACCESS, type StageAccess } from '../stage-access.ts';

/** Give a stage's role what its line of the access table says, and nothing else. */
export function grantStage(role: IRole, stateful: StatefulStack, stage: Stage): void {
  const access = STAGE_ACCESS[stage];
  // Pointers are the only objects that move; `tracking/` is the tracker's, `jobs/` the folders handed to a trainer.
  const written = [
    ...access.writes,
    'pointers',
    ...(access.ports.includes('tracker') ? ['tracking'] : []),
    ...(access.ports.includes('trainingJob') ? ['jobs'] : []),
  ];
  grantPorts(role, stateful, access, written);
}

/** Read everything of the bucket, write the named folders of any strategy, reach the named ports. */
export function grantPorts(
  role: IRole,
  stateful: StatefulStack,
  access: Pick<StageAccess, 'ports' | 'signs'>,
  written: readonly string[],
): void {
  const allow = (actions: string[], ...resources: string[]) =>
    role.addToPrincipalPolicy(new PolicyStatement({ actions, resources }));
  const has = (port: PortName) => access.ports.includes(port);
  const objects = (folder: string): string => {
    const arn = artifactsArn(role, stateful.context.stage, folder);
    acknowledgeWildcard(role, arn, OBJECTS_REASON);
    return arn;
  };
  allow(['s3:GetObject'], objects('*'));
  allow(['s3:ListBucket'], artifactsArn(role, stateful.context.stage));
  if (written.length > 0) allow(['s3:PutObject'], ...written.map((folder) => objects(`*/${folder}/*`)));
  if (stateful.artifacts.encryptionKey)
    allow(['kms:Decrypt', 'kms:GenerateDataKey'], stateful.artifacts.encryptionKey.keyArn);
  if (has('ledger')) allow(['dsql:DbConnectAdmin'], stateful.ledger.attrResourceArn);
  if (has('graph')) stateful.graphSecret?.grantRead(role);
  if (has('chain')) {
    stateful.rpcSecret.grantRead(role);
    stateful.contract.grantRead(role);
  }
  if (has('marketData')) stateful.providerKeys.grantRead(role);
  if (has('alerts')) stateful.alerts.grantPublish(role);
  for (const name of AWS_ROLES) if (access.signs?.includes(name)) stateful.keys[name].grantSigning(role);
}

const OBJECTS_REASON =
  'Objects are named by strategy and hash, known only when they are written: a stage reads the whole bucket and writes the folders of its own kinds.';
