import { z } from 'zod';
import type { Alerts } from '../adapters/alerts/port.ts';
import type { Deployment } from '../adapters/chain/evm.ts';
import type { PortfolioChain } from '../adapters/chain/port.ts';
import type { GraphStore } from '../adapters/graph-store/port.ts';
import type { Ledger } from '../adapters/ledger/port.ts';
import type { MarketDataProvider } from '../adapters/market-data/port.ts';
import type { MetricsSink } from '../adapters/metrics-sink/port.ts';
import type { ObjectStore } from '../adapters/object-store/port.ts';
import type { PolicyRuntime } from '../adapters/policy-runtime/port.ts';
import type { Signer, SignerRole, Signers } from '../adapters/signer/port.ts';
import type { Tracker } from '../adapters/tracking/port.ts';
import type { TrainingJob } from '../adapters/training-job/port.ts';
import type { Settings } from '../config/schema.ts';
import { badInput, refused } from '../domain/errors.ts';
import type { Progress } from './ports.ts';

/*
 * The AWS backing of every port, one lazy maker each. A handler imports the makers that it needs *statically*
 * (`import { settings, s3Store } from '../compose.ts'`): each maker imports its adapter dynamically, so esbuild drops from a bundle the
 * makers that its handler does not name, and everything behind them (a call at the top of a module stays unless it is marked pure).
 * `await import('../compose.ts')` would keep them all.
 *
 * Environment, set by cdk/lib/environment.ts and nothing else:
 *   DRL_ROOT                folder that holds config/ and data/ (default: the bundle's own folder)
 *   DRL_STAGE               dev | prod: names config/stages/<stage>.json and the metrics' environment
 *   DRL_BUCKET              the artifacts' bucket
 *   DRL_CODE_VERSION        commit that was deployed
 *   DRL_LEDGER_HOST         endpoint of the Aurora DSQL cluster (IAM token), or
 *   DRL_LEDGER_SECRET       ARN of a secret {"url": "postgres://..."}
 *   DRL_GRAPH_URL           bolt URL of the Neo4j container beside the task, or
 *   DRL_GRAPH_SECRET        ARN of a secret {"url", "user", "password"}
 *   DRL_RPC_SECRET          ARN of a secret {"urls": ["https://...", ...]}
 *   DRL_PROVIDER_SECRET     ARN of a secret with the keys of market data providers {"ALPACA_KEY_ID", "ALPACA_SECRET_KEY", "FRED_API_KEY", "SEC_CONTACT"}
 *   DRL_CONTRACT_PARAMETER  name of the SSM parameter that `drl chain init` writes (JSON: address, first block, assets)
 *   DRL_KEY_<ROLE>          ARN of the KMS key of a chain role (STRATEGIST, RELAYER, ATTESTOR, APPROVER); absent: the role is not this function's
 *   DRL_ALERT_TOPIC         ARN of the alerts' topic
 */

export interface Variables {
  [name: string]: string | undefined;
}

/** A variable of the environment; one that is missing is a fault of the deployment and is named. */
export function required(name: string, variables: Variables = process.env): string {
  const value = variables[name];
  if (value) return value;
  throw badInput('ENVIRONMENT', 'A variable of the environment is missing', {
    facts: { name },
    remedy:
      'Deploy the stack again: cdk/lib/environment.ts sets it. On one machine use drl instead of the AWS handlers.',
  });
}

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error) => {
      made = undefined; // the next invocation of a warm function tries again
      throw error;
    });
    return made;
  };
};

const root = (): string => process.env.DRL_ROOT ?? process.env.LAMBDA_TASK_ROOT ?? process.cwd();

export const settings = /* @__PURE__ */ once(async (): Promise<Settings> => {
  const { loadSettings } = await import('../config/load.ts');
  return loadSettings({ root: root(), configFile: `${root()}/config/stages/${required('DRL_STAGE')}.json` });
});

export const codeVersion = async (): Promise<string> => required('DRL_CODE_VERSION');

export const noProgress = async (): Promise<Progress> => () => {};

export const s3Store = /* @__PURE__ */ once(async (): Promise<ObjectStore> => {
  const { S3ObjectStore } = await import('../adapters/object-store/s3.ts');
  return new S3ObjectStore(required('DRL_BUCKET'));
});

const text = z.string().min(1);
/** The shapes that the variables' comment lists. */
export const SECRETS = {
  DRL_LEDGER_SECRET: z.object({ url: text }),
  DRL_GRAPH_SECRET: z.object({ url: text, user: z.string(), password: z.string() }),
  DRL_RPC_SECRET: z.object({ urls: z.array(text).min(1) }),
  DRL_PROVIDER_SECRET: z.record(z.string(), z.string()),
} as const;
type Secret = keyof typeof SECRETS;

const secret = async <S extends Secret>(variable: S): Promise<z.output<(typeof SECRETS)[S]>> => {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const { SecretString } = await new SecretsManagerClient({}).send(
    new GetSecretValueCommand({ SecretId: required(variable) }),
  );
  return secretOf(variable, SecretString ?? '');
};

/** @throws ProductError SECRET_FORMAT (bad input), which names the field and shows nothing of the secret: what JSON.parse says quotes it. */
export function secretOf<S extends Secret>(variable: S, given: string): z.output<(typeof SECRETS)[S]> {
  const value = (() => {
    try {
      return JSON.parse(given) as unknown;
    } catch {
      return null;
    }
  })();
  const parsed = SECRETS[variable].safeParse(value);
  if (parsed.success) return parsed.data as z.output<(typeof SECRETS)[S]>;
  const field = parsed.error.issues[0].path.join('.');
  throw badInput('SECRET_FORMAT', 'A secret does not have the form that is known', {
    facts: { name: variable, ...(field && { field }) },
    remedy: `Write the secret that ${variable} names as a JSON object, as functions/compose.ts lists it.`,
  });
}

export const postgresLedger = /* @__PURE__ */ once(async (): Promise<Ledger> => {
  const { createPostgresLedger } = await import('../adapters/ledger/postgres.ts');
  const host = process.env.DRL_LEDGER_HOST;
  const open = async () => {
    if (!host) return createPostgresLedger({ connectionString: (await secret('DRL_LEDGER_SECRET')).url });
    const { DsqlSigner } = await import('@aws-sdk/dsql-signer');
    const signer = new DsqlSigner({ hostname: host });
    return createPostgresLedger({
      connectionString: `postgres://admin@${host}/postgres?sslmode=verify-full`,
      password: () => signer.getDbConnectAdminAuthToken(),
    });
  };
  const ledger = await open();
  await ledger.migrate();
  return ledger;
});

export const neo4jGraph = /* @__PURE__ */ once(async (): Promise<GraphStore> => {
  const { createNeo4jGraphStore } = await import('../adapters/graph-store/neo4j.ts');
  const url = process.env.DRL_GRAPH_URL;
  return createNeo4jGraphStore(url ? { url, user: '', password: '' } : await secret('DRL_GRAPH_SECRET'));
});

/** Market data by the universe's own provider. Keys are asked for only when one needs them. */
export const ecbMarketData = /* @__PURE__ */ once(async (): Promise<MarketDataProvider> => {
  const { createMarketData } = await import('../adapters/market-data/create.ts');
  return createMarketData((await settings()).universe.provider, {
    root: root(),
    home: root(),
    store: await s3Store(),
    keys: () => secret('DRL_PROVIDER_SECRET'),
  });
});

/**
 * The trainer as a child of this process: on AWS the train stage itself is one Fargate task per window and seed. A Spot task that is taken
 * back leaves its checkpoint in the bucket.
 */
export const ecsTrainingJob = /* @__PURE__ */ once(async (): Promise<TrainingJob> => {
  const [{ createSubprocessTrainingJob }, { storeKeeper }, store, { config }] = await Promise.all([
    import('../adapters/training-job/subprocess.ts'),
    import('../adapters/training-job/job-objects.ts'),
    s3Store(),
    settings(),
  ]);
  return createSubprocessTrainingJob({ keeper: storeKeeper(store, config.strategy) });
});

export const exactRuntime = /* @__PURE__ */ once(
  async (): Promise<PolicyRuntime> => (await import('../adapters/policy-runtime/exact.ts')).exactRuntime,
);

export const onnxRuntime = /* @__PURE__ */ once(
  async (): Promise<PolicyRuntime> => (await import('../adapters/policy-runtime/onnx.ts')).onnxRuntime,
);

export const evmChain = /* @__PURE__ */ once(async (): Promise<PortfolioChain> => {
  const [{ createEvmChain }, { chain }, { urls }] = await Promise.all([
    import('../adapters/chain/evm.ts'),
    settings().then(({ config }) => config),
    secret('DRL_RPC_SECRET'),
  ]);
  return createEvmChain({
    rpcUrl: urls[0],
    witnessUrl: urls[1] ?? chain.witnessRpcUrl,
    chainConfig: chain,
    deployment: readDeployment,
    signers: await kmsSignersOf(process.env),
  });
});

/** What `drl chain init` wrote, or null before it. */
async function readDeployment(): Promise<Deployment | null> {
  const { GetParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
  const { Parameter } = await new SSMClient({}).send(
    new GetParameterCommand({ Name: required('DRL_CONTRACT_PARAMETER') }),
  );
  return Parameter?.Value?.startsWith('{') ? (JSON.parse(Parameter.Value) as Deployment) : null;
}

/** The keys that this function may use; a role whose key it was not given refuses to sign. */
export async function kmsSignersOf(variables: Variables): Promise<Signers> {
  const [{ createKmsSigner }, { KMSClient }, { SIGNER_ROLES }] = await Promise.all([
    import('../adapters/signer/kms.ts'),
    import('@aws-sdk/client-kms'),
    import('../adapters/signer/port.ts'),
  ]);
  const client = new KMSClient({});
  const signerOf = (role: SignerRole): Signer => {
    const keyId = variables[`DRL_KEY_${role.toUpperCase()}`];
    if (keyId) return createKmsSigner(client, keyId);
    const refuse = async (): Promise<never> => {
      throw refused('SIGNER_ROLE', 'This function does not hold the key of that role', {
        facts: { role },
        remedy: 'cdk/lib/stage-access.ts says which stage signs as which role.',
      });
    };
    return { address: refuse, signDigest: refuse };
  };
  return Object.fromEntries(SIGNER_ROLES.map((role) => [role, signerOf(role)])) as Record<SignerRole, Signer>;
}

export const objectStoreTracker = /* @__PURE__ */ once(async (): Promise<Tracker> => {
  const { ObjectStoreTracker } = await import('../adapters/tracking/object-store.ts');
  return new ObjectStoreTracker(await s3Store(), (await settings()).config.strategy);
});

export const snsAlerts = /* @__PURE__ */ once(async (): Promise<Alerts> => {
  const [{ SnsAlerts }, { onceAlerts }] = await Promise.all([
    import('../adapters/alerts/sns.ts'),
    import('../adapters/alerts/once.ts'),
  ]);
  return onceAlerts(new SnsAlerts(required('DRL_ALERT_TOPIC')), await s3Store(), (await settings()).config.strategy);
});

export const emfMetrics = /* @__PURE__ */ once(async (): Promise<MetricsSink> => {
  const { EmfMetrics } = await import('../adapters/metrics-sink/emf.ts');
  return new EmfMetrics({ environment: required('DRL_STAGE') });
});
