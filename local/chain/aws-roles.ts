import type { Deployment } from '../../adapters/chain/evm.ts';
import { SIGNER_ROLES, type Signer, type SignerRole, type Signers } from '../../adapters/signer/port.ts';

export interface Variables {
  [name: string]: string | undefined;
}

/**
 * The roles whose keys an installation on AWS holds, for the person who sets its ledger up: a role with `DRL_KEY_<ROLE>` (ARN of its KMS
 * key, an output of the stateful stack) is that key's address, every other role stays the home's own. Only addresses are asked of KMS: the
 * keys' policies let nobody but the stages sign.
 */
export async function withAwsRoles(own: Signers, variables: Variables = process.env): Promise<Signers> {
  const named = SIGNER_ROLES.filter((role) => variables[`DRL_KEY_${role.toUpperCase()}`]);
  if (named.length === 0) return own;
  const [{ createKmsSigner }, { KMSClient }] = await Promise.all([
    import('../../adapters/signer/kms.ts'),
    import('@aws-sdk/client-kms'),
  ]);
  const client = new KMSClient({});
  const held = named.map(
    (role) => [role, createKmsSigner(client, String(variables[`DRL_KEY_${role.toUpperCase()}`]))] as const,
  );
  return { ...own, ...(Object.fromEntries(held) as Partial<Record<SignerRole, Signer>>) };
}

/** Tell the installation on AWS where its ledger is: writes the SSM parameter that `DRL_CONTRACT_PARAMETER` names. False: none is named. */
export async function publishDeployment(deployment: Deployment, variables: Variables = process.env): Promise<boolean> {
  const Name = variables['DRL_CONTRACT_PARAMETER'];
  if (!Name) return false;
  const { PutParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
  await new SSMClient({}).send(
    new PutParameterCommand({ Name, Value: JSON.stringify(deployment), Type: 'String', Overwrite: true }),
  );
  return true;
}
