import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { readTable } from '../../adapters/parquet/parquet.ts';
import { MACHINES, type Settings, STAGES, type Stage } from '../../config/schema.ts';
import { CATALOGUE } from '../../domain/features/catalogue.ts';
import { featureColumns } from '../../domain/features/feature-schema.ts';
import type { FeatureTensor } from '../../domain/features/spec.ts';
import type { BarTable } from '../../domain/market/bar.ts';
import { BAR_SCHEMA } from '../../domain/market/bar-schema.ts';
import { barFiles } from '../../functions/artifacts/dataset.ts';
import { featureFiles } from '../../functions/artifacts/features.ts';
import { partitionYear } from '../../functions/artifacts/partitions.ts';
import { PIPELINE_ALARMS } from '../lib/alarms.ts';
import { API_ROUTES, THROTTLES } from '../lib/api-routes.ts';
import { buildStacks, type PortfolioStacks } from '../lib/app.ts';
import { readMachine, statesOf } from '../lib/asl.ts';
import { GLUE_TYPES, GlueTables } from '../lib/constructs/glue-table.ts';
import { AWS_ROLES } from '../lib/environment.ts';
import { STAGE_ACCESS } from '../lib/stage-access.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as { context: Record<string, unknown> };
type Properties = Record<string, unknown>;
type Resource = { Type: string; Properties: Properties; DeletionPolicy?: string };

let outdir: string;
let stacks: PortfolioStacks;
let settings: Settings;
const templates = {} as Record<'stateful' | 'pipeline' | 'api', Template>;

/** Bundling is left out: the real one has its own test. */
const newApp = (over: Record<string, unknown> = {}) =>
  new App({ outdir, context: { ...context, ...over, 'aws:cdk:bundling-stacks': [] } });

beforeAll(() => {
  outdir = mkdtempSync(join(tmpdir(), 'drl-cdk-'));
  const app = newApp();
  stacks = buildStacks(app, root, (loaded) => {
    settings = loaded;
    return loaded;
  });
  for (const name of ['stateful', 'pipeline', 'api'] as const) templates[name] = Template.fromStack(stacks[name]);
});
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

const resources = (name: keyof typeof templates, type: string): [string, Resource][] =>
  Object.entries(templates[name].findResources(type)) as [string, Resource][];
const allTypes = () =>
  Object.values(templates).flatMap((template) =>
    Object.values(template.toJSON()['Resources'] as Record<string, Resource>),
  );
const of = <T>(value: unknown) => value as T;

test('the keys of market data providers are read by ingest alone, and kept when the stack goes', () => {
  const [[id, secret]] = resources('stateful', 'AWS::SecretsManager::Secret').filter(([name]) =>
    name.startsWith('ProviderKeys'),
  );
  expect(secret.DeletionPolicy).toBe('Retain');
  const readers = resources('pipeline', 'AWS::IAM::Policy').filter(([, policy]) => JSON.stringify(policy).includes(id));
  expect(readers.map(([, { Properties }]) => JSON.stringify(Properties['Roles']))).toEqual([
    expect.stringContaining('ingest'),
  ]);
  const told = resources('pipeline', 'AWS::Lambda::Function').filter(([, each]) =>
    JSON.stringify(each.Properties['Environment'] ?? {}).includes('DRL_PROVIDER_SECRET'),
  );
  expect(told).toHaveLength(1);
  expect(JSON.stringify(templates.api.toJSON())).not.toContain(id);
});

describe('the stage list is the wiring', () => {
  const place = (on: 'lambda' | 'task') => STAGES.filter((stage) => settings.compute[stage].on === on);

  test('one function or one task a stage, as the compute table says, with its memory and its time', () => {
    expect(Object.keys(stacks.pipeline.functions).sort()).toEqual(place('lambda').sort());
    expect(Object.keys(stacks.pipeline.tasks).sort()).toEqual(place('task').sort());
    for (const stage of place('lambda')) {
      const { memoryMb, timeoutSeconds } = settings.compute[stage];
      templates.pipeline.hasResourceProperties('AWS::Lambda::Function', {
        Runtime: 'nodejs24.x',
        MemorySize: memoryMb,
        Timeout: timeoutSeconds,
        Tags: Match.arrayWith([{ Key: 'drl:stage', Value: stage }]),
      });
    }
    templates.pipeline.resourceCountIs('AWS::Lambda::Function', place('lambda').length);
    templates.pipeline.resourceCountIs('AWS::ECS::TaskDefinition', place('task').length);
  });

  test('a task writes to its temporary folder and nowhere else, and has time to leave a checkpoint', () => {
    for (const [, task] of resources('pipeline', 'AWS::ECS::TaskDefinition')) {
      const containers = of<Record<string, unknown>[]>(task.Properties['ContainerDefinitions']);
      expect(containers.find(({ Name }) => Name === 'stage')).toMatchObject({
        ReadonlyRootFilesystem: true,
        MountPoints: [{ ContainerPath: '/tmp', ReadOnly: false, SourceVolume: 'tmp' }],
        StopTimeout: 110,
      });
      expect(task.Properties['Volumes']).toEqual([{ Name: 'tmp' }]);
    }
  });

  test('the machines are the three definitions, every placeholder of each with a value', () => {
    const machines = resources('pipeline', 'AWS::StepFunctions::StateMachine').map(
      ([, resource]) => resource.Properties,
    );
    expect(machines).toHaveLength(MACHINES.length);
    for (const name of MACHINES) {
      const states = statesOf(readMachine(root, name)).map((state) => state.name);
      const machine = machines.find((properties) =>
        states.every((state) => String(properties['DefinitionString']).includes(JSON.stringify(state))),
      );
      expect(machine).toBeDefined();
      const named = [...String(machine!['DefinitionString']).matchAll(/\$\{(\w+)\}/g)].map((match) => match[1]);
      expect(Object.keys(of<object>(machine!['DefinitionSubstitutions'])).sort()).toEqual([...new Set(named)].sort());
    }
  });

  test('moving a stage is one line of the compute table', () => {
    const moved = buildStacks(newApp(), root, (loaded) => ({
      ...loaded,
      compute: { ...loaded.compute, features: { ...loaded.compute.features, on: 'task', cpu: 1024, memoryMb: 3072 } },
    }));
    expect(moved.pipeline.functions.features).toBeUndefined();
    expect(moved.pipeline.tasks.features).toBeDefined();
  });

  test('the schedule starts the daily machine in the zone of the exchange, with a dead-letter queue', () => {
    const [[, schedule]] = resources('pipeline', 'AWS::Scheduler::Schedule') as [[string, Resource]];
    expect(schedule.Properties).toMatchObject({
      ScheduleExpression: settings.config.schedule.cron,
      ScheduleExpressionTimezone: settings.config.schedule.timezone,
      FlexibleTimeWindow: { Mode: 'FLEXIBLE' },
    });
    const target = of<{ DeadLetterConfig: unknown; Input: string }>(schedule.Properties['Target']);
    expect(target.DeadLetterConfig).toBeDefined();
    expect(JSON.parse(target.Input)).toMatchObject({
      strategy: settings.config.strategy,
      universe: settings.universe.id,
      profile: settings.profile.id,
      finality: { maxPolls: settings.config.chain.finality.maxPolls },
      scheduledTime: '<aws.scheduler.scheduled-time>',
    });
  });
});

describe('nothing idles at a cost in dev', () => {
  test.each([
    'AWS::EC2::NatGateway',
    'AWS::EC2::Instance',
    'AWS::RDS::DBInstance',
    'AWS::RDS::DBCluster',
    'AWS::ECS::Service',
    'AWS::ElasticLoadBalancingV2::LoadBalancer',
    'AWS::ApplicationAutoScaling::ScalableTarget',
  ])('no %s', (type) => {
    expect(allTypes().filter((resource) => resource.Type === type)).toEqual([]);
  });

  test('the only endpoint is the gateway to S3; no alias keeps instances warm; no metric is bought beyond ours', () => {
    const endpoints = resources('pipeline', 'AWS::EC2::VPCEndpoint').map(
      ([, resource]) => resource.Properties['VpcEndpointType'],
    );
    expect(endpoints).toEqual(['Gateway']);
    for (const [, alias] of resources('api', 'AWS::Lambda::Alias'))
      expect(alias.Properties['ProvisionedConcurrencyConfig']).toBeUndefined();
    for (const [, cluster] of resources('pipeline', 'AWS::ECS::Cluster'))
      expect(cluster.Properties['ClusterSettings']).toEqual([{ Name: 'containerInsights', Value: 'disabled' }]);
  });

  test('no function is in the network; the network lets nothing in', () => {
    for (const [, fn] of [
      ...resources('pipeline', 'AWS::Lambda::Function'),
      ...resources('api', 'AWS::Lambda::Function'),
    ])
      expect(fn.Properties['VpcConfig']).toBeUndefined();
    for (const [, group] of resources('pipeline', 'AWS::EC2::SecurityGroup'))
      expect(group.Properties['SecurityGroupIngress']).toBeUndefined();
    templates.pipeline.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
  });
});

describe('keys', () => {
  test('one secp256k1 key a role that AWS holds, kept when the stack goes', () => {
    const keys = resources('stateful', 'AWS::KMS::Key').map(([, resource]) => resource);
    const chain = keys.filter((key) => key.Properties['KeySpec'] === 'ECC_SECG_P256K1');
    expect(chain).toHaveLength(AWS_ROLES.length);
    for (const key of chain)
      expect(key).toMatchObject({ DeletionPolicy: 'Retain', Properties: { KeyUsage: 'SIGN_VERIFY' } });
  });

  test.each(AWS_ROLES)('the key of the %s signs for one stage only, digests only, one algorithm only', (role) => {
    const signers = STAGES.filter((stage) => STAGE_ACCESS[stage].signs?.includes(role));
    expect(signers).toHaveLength(1);
    const [, key] = resources('stateful', 'AWS::KMS::Key').find(([, resource]) =>
      String(resource.Properties['Description']).includes(` ${role} `),
    )!;
    const denials = of<{ Statement: { Effect: string; Action: string; Condition?: unknown }[] }>(
      key.Properties['KeyPolicy'],
    ).Statement.filter((statement) => statement.Effect === 'Deny');
    expect(denials.map((statement) => statement.Action)).toEqual(['kms:Sign', 'kms:Sign', 'kms:Sign']);
    const text = JSON.stringify(denials);
    expect(text).toContain(`role/drl-dev-${signers[0]}`);
    expect(text).toContain('"StringNotEquals":{"kms:MessageType":"DIGEST"}');
    expect(text).toContain('"StringNotEquals":{"kms:SigningAlgorithm":"ECDSA_SHA_256"}');
  });

  test('only the stages that sign may sign, and only with their own keys', () => {
    const policies = resources('pipeline', 'AWS::IAM::Policy');
    for (const stage of STAGES) {
      const own = policies
        .filter(([id]) => id.startsWith(`${stage}Role`))
        .map(([, resource]) => JSON.stringify(resource.Properties['PolicyDocument']));
      const granted = own.join().match(/"kms:Sign"/g)?.length ?? 0;
      expect([stage, granted > 0]).toEqual([stage, (STAGE_ACCESS[stage].signs ?? []).length > 0]);
      for (const role of AWS_ROLES) {
        const named = own.join().includes(`${role[0]!.toUpperCase()}${role.slice(1)}Key`);
        expect([stage, role, named]).toEqual([stage, role, STAGE_ACCESS[stage].signs?.includes(role) ?? false]);
      }
    }
  });
});

describe('each stage may do its own work only', () => {
  const policyOf = (stage: Stage): string =>
    JSON.stringify(resources('pipeline', 'AWS::IAM::Policy').filter(([id]) => id.startsWith(`${stage}Role`)));

  test.each(STAGES)('%s', (stage) => {
    const text = policyOf(stage);
    const kinds = [...new Set(STAGES.flatMap((other) => STAGE_ACCESS[other].writes))];
    const writable = kinds.filter((kind) => text.includes(`/*/${kind}/*`));
    expect(writable.sort()).toEqual([...STAGE_ACCESS[stage].writes].sort());
    expect(text.includes('logs:PutLogEvents')).toBe(settings.compute[stage].on === 'lambda');
    expect(text).not.toContain('s3:Delete');
    expect(text).not.toContain('"s3:*"');
    expect(text.includes('dsql:')).toBe(STAGE_ACCESS[stage].ports.includes('ledger'));
    expect(text.includes('sns:Publish')).toBe(STAGE_ACCESS[stage].ports.includes('alerts'));
  });
});

describe('state', () => {
  test('buckets are encrypted, private, TLS only, kept; artifacts are versioned', () => {
    for (const [, bucket] of resources('stateful', 'AWS::S3::Bucket')) {
      expect(bucket.DeletionPolicy).toBe('Retain');
      expect(bucket.Properties).toMatchObject({
        BucketEncryption: expect.anything(),
        PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      });
    }
    templates.stateful.hasResourceProperties('AWS::S3::Bucket', { VersioningConfiguration: { Status: 'Enabled' } });
    const denied = JSON.stringify(resources('stateful', 'AWS::S3::BucketPolicy'));
    expect(denied.match(/"aws:SecureTransport":"false"/g)).toHaveLength(2);
  });

  test('the ledger is Aurora DSQL and outlives the stack; every log has an end', () => {
    templates.stateful.resourceCountIs('AWS::DSQL::Cluster', 1);
    for (const name of ['pipeline', 'api'] as const)
      for (const [, group] of resources(name, 'AWS::Logs::LogGroup'))
        expect(group.Properties['RetentionInDays']).toBeLessThanOrEqual(14);
  });

  test('every alarm of the table exists, tells the topic and names its runbook', () => {
    const alarms = resources('pipeline', 'AWS::CloudWatch::Alarm').map(([, resource]) => resource.Properties);
    expect(alarms).toHaveLength(PIPELINE_ALARMS.length);
    for (const alarm of alarms) {
      expect(alarm['AlarmActions']).toHaveLength(1);
      expect(alarm['AlarmDescription']).toMatch(/Runbook: docs\/runbook\.md#[a-z-]+$/);
    }
  });
});

describe('the HTTP API', () => {
  test('every route of the table, with its scope, behind the authoriser; throttled', () => {
    const routes = resources('api', 'AWS::ApiGatewayV2::Route').map(([, resource]) => resource.Properties);
    expect(routes.map((route) => route['RouteKey']).sort()).toEqual(
      API_ROUTES.map((route) => `${route.method} ${route.path}`).sort(),
    );
    for (const route of API_ROUTES) {
      const made = routes.find((candidate) => candidate['RouteKey'] === `${route.method} ${route.path}`)!;
      expect(made['AuthorizationType']).toBe(route.scope === null ? 'NONE' : 'JWT');
      if (route.scope)
        expect(made['AuthorizationScopes']).toEqual([expect.stringMatching(new RegExp(`${route.scope}$`))]);
    }
    templates.api.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      DefaultRouteSettings: { ThrottlingRateLimit: THROTTLES.all.rate, ThrottlingBurstLimit: THROTTLES.all.burst },
      AccessLogSettings: Match.anyValue(),
    });
  });

  test('the function runs where ONNX Runtime is proven', () => {
    templates.api.hasResourceProperties('AWS::Lambda::Function', { Architectures: ['x86_64'], MemorySize: 1769 });
  });
});

describe('a deployment told wrongly says what is wrong', () => {
  const cases: [string, Record<string, unknown>, string, Record<string, unknown>][] = [
    ['an unknown stage', { stage: 'staging' }, 'CDK_CONTEXT', { key: 'stage', value: 'staging' }],
    ['an image by tag', { imageUri: 'example.test/trainer:latest' }, 'CDK_CONTEXT', { key: 'imageUri' }],
    [
      'an issuer without an audience',
      { jwtIssuer: 'https://login.example.test/' },
      'CDK_CONTEXT',
      { key: 'jwtAudience' },
    ],
  ];
  test.each(cases)('%s', (_name, over, code, facts) => {
    expect(() => buildStacks(newApp(over), root)).toThrow(
      expect.objectContaining({ code, kind: 'badInput', facts: expect.objectContaining(facts) }),
    );
  });

  test('a stage without a handler is named', () => {
    const empty = mkdtempSync(join(tmpdir(), 'drl-root-'));
    try {
      for (const part of ['config', 'state-machines', 'package-lock.json'])
        cpSync(join(root, part), join(empty, part), { recursive: true });
      const [first] = STAGES.filter((stage) => settings.compute[stage].on === 'lambda');
      expect(() => buildStacks(newApp(), empty)).toThrow(
        expect.objectContaining({
          code: 'CDK_HANDLER',
          kind: 'badInput',
          facts: { file: `functions/${first}/handler.ts` },
        }),
      );
    } finally {
      rmSync(empty, { recursive: true, force: true });
    }
  });
});

interface TableInput {
  Name: string;
  PartitionKeys: { Name: string; Type: string }[];
  Parameters: Record<string, string>;
  StorageDescriptor: { Columns: { Name: string; Type: string }[] };
}

const tableStack = new Stack(new App(), 'S', { env: { account: '111111111111', region: 'eu-central-1' } });
const bucket = Bucket.fromBucketName(tableStack, 'B', 'artifacts');
new GlueTables(tableStack, 'T', { bucket, stage: 'dev', account: tableStack.account });
const tables = Object.values(Template.fromStack(tableStack).findResources('AWS::Glue::Table')).map(
  ({ Properties }) => Properties.TableInput as TableInput,
);
const tableNamed = (name: string) => tables.find(({ Name }) => Name === name)!;

const one = Float64Array.of(1);
const barsOf = (date: string): BarTable => ({
  ...{
    symbol: ['A'],
    date: [date],
    open: one,
    high: one,
    low: one,
    close: one,
    volume: one,
    dividend: one,
    split: one,
  },
});
const features = Object.keys(CATALOGUE);
const tensorOf = (date: string): FeatureTensor => ({
  dates: [date],
  symbols: ['A'],
  columns: features,
  values: new Float32Array(features.length),
  anchorLogit: Float32Array.of(0),
  anchorExposure: Float32Array.of(1),
});

describe.each([
  { name: 'bars', columns: BAR_SCHEMA, folder: 'main/datasets', filesOf: (date: string) => barFiles(barsOf(date)) },
  {
    name: 'features',
    columns: featureColumns(features),
    folder: 'main/features',
    filesOf: (date: string) => featureFiles(tensorOf(date)),
  },
])('the table of $name in the catalogue', ({ name, columns, folder, filesOf }) => {
  const input = tableNamed(name);
  const held = input.StorageDescriptor.Columns;
  const keys = input.PartitionKeys.map((key) => key.Name);

  test('has the columns that the writer writes, in its order, with its types; no two are one in small letters', async () => {
    const [file] = Object.values(filesOf('2020-01-02'));
    const written = Object.keys(await readTable(file));
    expect(held.map((column) => column.Name)).toEqual(written.map((column) => column.toLowerCase()));
    expect(held.map((column) => column.Type)).toEqual(Object.values(columns).map((type) => GLUE_TYPES[type]));
    expect(new Set(held.map((column) => column.Name)).size).toBe(held.length);
  });

  test('finds the file that the writer writes: the projected location is its folder', () => {
    const [file] = Object.keys(filesOf('2020-01-02'));
    const values = ['main', 'abc', partitionYear(name, file)!];
    const location = input.Parameters['storage.location.template'].replace(
      /\$\{(\w+)\}/g,
      (_, key: string) => values[keys.indexOf(key)],
    );
    expect(`${location}part.parquet`).toBe(`s3://artifacts/${folder}/abc/${file}`);
    for (const key of keys) expect(input.Parameters).toHaveProperty([`projection.${key}.type`]);
    expect(input.Parameters['projection.enabled']).toBe('true');
  });

  test('sees every year that a file may be of, also before 1970', () => {
    const [first, last] = input.Parameters['projection.year.range'].split(',').map(Number);
    for (const date of ['1871-01-02', '1969-12-31', '2026-10-30']) {
      const [file] = Object.keys(filesOf(date));
      const year = Number(partitionYear(name, file));
      expect(year >= first && year <= last).toBe(true);
    }
  });

  test('leaves the partition columns to the path', () => {
    for (const key of keys) expect(held.map((column) => column.Name)).not.toContain(key);
  });
});
