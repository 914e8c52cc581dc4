import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/** Ethereum signs a digest that it made itself (Keccak-256), so KMS is asked to sign digests and nothing else. */
const CONDITIONS = { 'kms:SigningAlgorithm': 'ECDSA_SHA_256', 'kms:MessageType': 'DIGEST' } as const;

export interface ChainKeyProps {
  /** Role on the contract: strategist, relayer, attestor or approver. */
  readonly role: string;
  /** dev or prod. */
  readonly environment: string;
  /** Name of the one IAM role that may sign. */
  readonly signerRoleName: string;
}

/**
 * The secp256k1 key of one chain role. Its own policy denies signing to everyone but one role, and to that role everything but digests
 * under one algorithm, so that no other policy in the account can widen it.
 */
export class ChainKey extends Key {
  constructor(scope: Construct, id: string, props: ChainKeyProps) {
    super(scope, id, {
      alias: `drl/${props.environment}/${props.role}`,
      description: `Signs as the ${props.role} of the portfolio contract (${props.environment})`,
      keySpec: KeySpec.ECC_SECG_P256K1,
      keyUsage: KeyUsage.SIGN_VERIFY,
      // The key is the role's address on the chain: losing it loses the role.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const signer = Stack.of(this).formatArn({
      service: 'iam',
      region: '',
      resource: 'role',
      resourceName: props.signerRoleName,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    this.#deny('OnlyOneRoleSigns', { ArnNotEquals: { 'aws:PrincipalArn': signer } });
    for (const [key, value] of Object.entries(CONDITIONS))
      this.#deny(`Only${value.replaceAll('_', '')}`, { StringNotEquals: { [key]: value } });
  }

  /** Let a role sign digests and read the public key; the key's policy must name the role too. */
  grantSigning(grantee: IGrantable): void {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['kms:Sign'],
        resources: [this.keyArn],
        conditions: { StringEquals: CONDITIONS },
      }),
    );
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['kms:GetPublicKey'], resources: [this.keyArn] }),
    );
  }

  #deny(sid: string, conditions: Record<string, unknown>): void {
    this.addToResourcePolicy(
      new PolicyStatement({
        sid,
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['kms:Sign'],
        resources: ['*'],
        conditions,
      }),
    );
  }
}
