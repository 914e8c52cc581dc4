import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { buildStacks } from '../lib/app.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as { context: Record<string, unknown> };
const LAMBDA_LIMIT_MB = 250;
const API_TARGET_MB = 60;

interface Resource {
  Type: string;
  Properties: { Code?: { S3Key: string }; Tags?: { Key: string; Value: string }[] } & Record<string, unknown>;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'drl-synth-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytesOf = (path: string): number =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

describe('npx cdk synth, as a person runs it', () => {
  const sizes = new Map<string, { megabytes: number; folder: string }>();

  test('yields the three stacks with neither an account nor a Docker engine', () => {
    const out = join(folder, 'out');
    // The person's own Node, no credentials, no docker on the path but a fake that fails.
    const env = {
      ...process.env,
      AWS_ACCESS_KEY_ID: '',
      AWS_PROFILE: '',
      CDK_DEFAULT_ACCOUNT: '',
      CDK_DOCKER: join(folder, 'no-docker'),
      NODE_OPTIONS: '',
    };
    const result = spawnSync(
      process.execPath,
      [join(root, 'node_modules/aws-cdk/bin/cdk'), 'synth', '--quiet', '--output', out],
      { cwd: root, env, encoding: 'utf8' },
    );
    expect([result.status, result.status === 0 ? '' : result.stderr]).toEqual([0, '']);
    const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as {
      artifacts: Record<string, { type: string }>;
    };
    const stacks = Object.keys(manifest.artifacts).filter(
      (name) => manifest.artifacts[name]!.type === 'aws:cloudformation:stack',
    );
    expect(stacks.sort()).toEqual(['Drl-dev-Api', 'Drl-dev-Pipeline', 'Drl-dev-Stateful']);
    for (const stack of ['Drl-dev-Pipeline', 'Drl-dev-Api']) {
      const template = JSON.parse(readFileSync(join(out, `${stack}.template.json`), 'utf8')) as {
        Resources: Record<string, Resource>;
      };
      for (const [id, resource] of Object.entries(template.Resources)) {
        if (resource.Type !== 'AWS::Lambda::Function') continue;
        const asset = join(out, `asset.${resource.Properties.Code!.S3Key.split('.')[0]}`);
        sizes.set(id, { megabytes: bytesOf(asset) / 1e6, folder: asset });
      }
    }
    expect(sizes.size).toBeGreaterThan(5);
  });

  test('no bundle is over the limit; that of the API is within its target', () => {
    for (const [id, { megabytes }] of sizes) {
      expect(megabytes).toBeLessThan(LAMBDA_LIMIT_MB);
      expect([id, megabytes < (id.startsWith('Api') ? API_TARGET_MB : 5)]).toEqual([id, true]);
    }
  });

  test('every bundle loads under the Node of Lambda, alone, and finds its configuration', () => {
    for (const [id, { folder: bundle }] of sizes) {
      const code = "const m = await import(process.argv[1] + '/index.mjs'); console.log(typeof m.handler);";
      const result = spawnSync(process.execPath, ['--input-type=module', '-e', code, bundle], {
        cwd: bundle,
        encoding: 'utf8',
        env: { LAMBDA_TASK_ROOT: bundle, PATH: '' },
      });
      expect([id, result.stdout.trim(), result.stderr]).toEqual([id, 'function', '']);
      expect(readdirSync(join(bundle, 'config', 'stages')).sort()).toEqual(['dev.json', 'prod.json']);
    }
  });

  test('ONNX Runtime loads from the bundle of the API', () => {
    const [, api] = [...sizes].find(([id]) => id.startsWith('Api'))!;
    const code =
      "const ort = (await import('node:module')).createRequire(process.argv[1] + '/index.mjs')('onnxruntime-node'); console.log(typeof ort.InferenceSession.create);";
    const result = spawnSync(process.execPath, ['--input-type=module', '-e', code, api.folder], {
      cwd: api.folder,
      encoding: 'utf8',
      env: {},
    });
    expect([result.stdout.trim(), result.stderr]).toEqual(['function', '']);
  });
});

describe('prod', () => {
  test('keeps instances warm by use, releases by weight, locks artifacts, and passes the same checks', () => {
    const app = new App({
      outdir: join(folder, 'prod'),
      context: { ...context, stage: 'prod', 'aws:cdk:bundling-stacks': [] },
    });
    const { stateful, api, pipeline } = buildStacks(app, root);
    const [state, face, line] = [Template.fromStack(stateful), Template.fromStack(api), Template.fromStack(pipeline)];
    face.resourceCountIs('AWS::ApplicationAutoScaling::ScalableTarget', 1);
    face.resourceCountIs('AWS::CodeDeploy::DeploymentGroup', 1);
    state.hasResourceProperties('AWS::S3::Bucket', { ObjectLockEnabled: true });
    state.hasResourceProperties('AWS::DSQL::Cluster', { DeletionProtectionEnabled: true });
    line.resourceCountIs('AWS::EC2::NatGateway', 0);
    expect(stateful.terminationProtection).toBe(true);
  });

  test('runs the one image that the release built, with the right to pull it and no other', () => {
    const imageUri = `111111111111.dkr.ecr.eu-central-1.amazonaws.com/portfolio@sha256:${'a'.repeat(64)}`;
    const app = new App({
      outdir: join(folder, 'image'),
      context: { ...context, imageUri, 'aws:cdk:bundling-stacks': [] },
    });
    const line = JSON.stringify(Template.fromStack(buildStacks(app, root).pipeline).toJSON());
    expect(line).toContain(`/portfolio@sha256:${'a'.repeat(64)}`);
    expect(line).toContain(':ecr:eu-central-1:111111111111:repository/portfolio');
  });

  test('with an outside issuer no user pool is made', () => {
    const over = { jwtIssuer: 'https://login.example.test/', jwtAudience: 'portfolio' };
    const app = new App({
      outdir: join(folder, 'issuer'),
      context: { ...context, ...over, 'aws:cdk:bundling-stacks': [] },
    });
    const face = Template.fromStack(buildStacks(app, root).api);
    face.resourceCountIs('AWS::Cognito::UserPool', 0);
    face.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
      JwtConfiguration: { Issuer: over.jwtIssuer, Audience: ['portfolio'] },
    });
  });
});

test('the security checks bite: a bucket without encryption rules stops the synthesis', () => {
  const app = new App({ outdir: join(folder, 'bad'), context: { ...context, 'aws:cdk:bundling-stacks': [] } });
  const { stateful } = buildStacks(app, root);
  new CfnBucket(stateful, 'Open');
  expect(() => app.synth()).toThrow(/AwsSolutions-S10/);
});
