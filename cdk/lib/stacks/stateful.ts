import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnCluster } from 'aws-cdk-lib/aws-dsql';
import { Repository, TagMutability } from 'aws-cdk-lib/aws-ecr';
import { Key } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  ObjectLockRetention,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import { Secret, type SecretStringGenerator } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import type { Settings, Stage } from '../../../config/schema.ts';
import { acknowledge } from '../acknowledge.ts';
import { ChainKey } from '../constructs/chain-key.ts';
import { GlueTables } from '../constructs/glue-table.ts';
import type { DeploymentContext } from '../context.ts';
import { AWS_ROLES, type AwsRole, artifactsBucketName, stageRoleName } from '../environment.ts';
import { STAGE_ACCESS } from '../stage-access.ts';

export interface StatefulProps extends StackProps {
  readonly context: DeploymentContext;
  readonly settings: Settings;
}

/** What outlives every release: artifacts, ledger, keys, secrets, the contract's address, the images, the alerts' topic. */
export class StatefulStack extends Stack {
  readonly context: DeploymentContext;
  readonly artifacts: Bucket;
  readonly accessLogs: Bucket;
  readonly ledger: CfnCluster;
  readonly keys: Readonly<Record<AwsRole, ChainKey>>;
  readonly rpcSecret: Secret;
  /** Keys of market data providers, for ingest alone. */
  readonly providerKeys: Secret;
  /** Made only where a function needs a graph server; a task has its own beside it. */
  readonly graphSecret: Secret | undefined;
  readonly contract: StringParameter;
  readonly images: Repository;
  readonly alerts: Topic;

  constructor(scope: Construct, id: string, props: StatefulProps) {
    super(scope, id, props);
    this.context = props.context;
    const { stage } = props.context;
    this.accessLogs = new Bucket(this, 'AccessLogs', {
      ...BUCKET_DEFAULTS,
      lifecycleRules: [{ expiration: Duration.days(90) }],
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    });
    acknowledge(
      this.accessLogs,
      'S1',
      'This bucket receives the access logs of the other; logging it into itself would never end.',
    );
    this.artifacts = this.#artifactsBucket(props);
    new GlueTables(this, 'Catalogue', { bucket: this.artifacts, stage, account: this.account });
    this.ledger = new CfnCluster(this, 'Ledger', {
      deletionProtectionEnabled: stage === 'prod',
      tags: [{ key: 'Name', value: `drl-${stage}-ledger` }],
    });
    this.ledger.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.keys = Object.fromEntries(AWS_ROLES.map((role) => [role, this.#chainKey(role)])) as Record<AwsRole, ChainKey>;
    this.rpcSecret = this.#secret(
      'RpcUrls',
      'JSON {"urls": [...]}: HTTPS endpoints of at least two Ethereum providers',
    );
    this.providerKeys = this.#secret(
      'ProviderKeys',
      'JSON with the keys that the universe needs: ALPACA_KEY_ID, ALPACA_SECRET_KEY, FRED_API_KEY, SEC_CONTACT',
      // An object from the start, so that what is missing is a key, not a form.
      { secretStringTemplate: '{}', generateStringKey: 'unused' },
    );
    const graphOnLambda = (Object.keys(STAGE_ACCESS) as Stage[]).some(
      (name) => STAGE_ACCESS[name].ports.includes('graph') && props.settings.compute[name].on === 'lambda',
    );
    if (graphOnLambda)
      this.graphSecret = this.#secret('GraphServer', 'JSON {"url", "user", "password"} of a Neo4j server');
    this.contract = new StringParameter(this, 'Contract', {
      parameterName: `/drl/${stage}/${props.settings.config.strategy}/contract`,
      description: 'Address of the portfolio contract, written by "drl chain init"',
      stringValue: 'not-initialised',
    });
    this.images = new Repository(this, 'Images', {
      imageTagMutability: TagMutability.IMMUTABLE,
      imageScanOnPush: true,
      lifecycleRules: [{ maxImageCount: 10 }],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.alerts = new Topic(this, 'Alerts', { displayName: `Portfolio alerts (${stage})`, enforceSSL: true });
    new CfnOutput(this, 'ImagesUri', { value: this.images.repositoryUri });
    new CfnOutput(this, 'ArtifactsBucket', { value: this.artifacts.bucketName });
    new CfnOutput(this, 'ContractParameter', { value: this.contract.parameterName });
    for (const role of AWS_ROLES) new CfnOutput(this, `${capitalised(role)}KeyArn`, { value: this.keys[role].keyArn });
    if (props.context.alertEmail) this.alerts.addSubscription(new EmailSubscription(props.context.alertEmail));
  }

  #artifactsBucket({ context }: StatefulProps): Bucket {
    const locked = context.objectLock === undefined ? context.stage === 'prod' : context.objectLock === 'true';
    return new Bucket(this, 'Artifacts', {
      ...BUCKET_DEFAULTS,
      bucketName: artifactsBucketName(this, context.stage),
      versioned: true,
      ...(context.stage === 'prod'
        ? {
            encryption: BucketEncryption.KMS,
            bucketKeyEnabled: true,
            encryptionKey: new Key(this, 'ArtifactsKey', {
              enableKeyRotation: true,
              description: 'Encrypts the artifacts',
            }),
          }
        : {}),
      ...(locked
        ? { objectLockEnabled: true, objectLockDefaultRetention: ObjectLockRetention.governance(Duration.days(365)) }
        : {}),
      serverAccessLogsBucket: this.accessLogs,
      serverAccessLogsPrefix: 'artifacts/',
      lifecycleRules: [
        {
          id: 'handover',
          tagFilters: { handover: 'true' },
          expiration: Duration.days(7),
          noncurrentVersionExpiration: Duration.days(1),
        },
        {
          id: 'old-versions',
          noncurrentVersionTransitions: [
            { storageClass: StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(30) },
          ],
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
    });
  }

  #chainKey(role: AwsRole): ChainKey {
    const { stage } = this.context;
    const signers = (Object.keys(STAGE_ACCESS) as Stage[]).filter((name) => STAGE_ACCESS[name].signs?.includes(role));
    return new ChainKey(this, `${capitalised(role)}Key`, {
      role,
      environment: stage,
      signerRoleName: stageRoleName(stage, signers[0]!),
    });
  }

  #secret(id: string, description: string, generateSecretString?: SecretStringGenerator): Secret {
    const secret = new Secret(this, id, {
      description,
      removalPolicy: RemovalPolicy.RETAIN,
      ...(generateSecretString ? { generateSecretString } : {}),
    });
    acknowledge(
      secret,
      'SMG4',
      'Holds addresses and credentials of outside services, which rotate there; Secrets Manager cannot rotate them.',
    );
    return secret;
  }
}

const BUCKET_DEFAULTS: BucketProps = {
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  removalPolicy: RemovalPolicy.RETAIN,
};

const capitalised = (word: string): string => `${word[0]!.toUpperCase()}${word.slice(1)}`;
