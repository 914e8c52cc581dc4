import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Charset, type ICommandHooks, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { badInput } from '../../../domain/errors.ts';

/** What a function's bundle must never hold: engines of one machine, and what only one platform or nobody has. */
export const NEVER_BUNDLED = [
  '@electric-sql/pglite',
  '@ladybugdb/core',
  '@foundry-rs/anvil',
  'hardhat',
  'aws-local-stepfunctions',
] as const;
/** Imports that stay imports: native, or optional and absent. */
const EXTERNAL = ['onnxruntime-node', 'pg-native', ...NEVER_BUNDLED];

export interface NodeFunctionProps {
  /** Folder of the project. */
  readonly root: string;
  /** Folder under functions/ whose `handler.ts` exports `handler`. */
  readonly folder: string;
  readonly role: IRole;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly environment: Record<string, string>;
  readonly logRetention: RetentionDays;
  /** Whether the bundle carries data/ (bundled market data and reference tables). */
  readonly withData: boolean;
  /** Whether the bundle carries ONNX Runtime, which is proven on x86_64 only. */
  readonly withOnnxRuntime: boolean;
}

/** esbuild's options, shared with the test that looks into the bundles. */
export const BUNDLING = {
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'],
  external: EXTERNAL,
  // CommonJS packages inside an ES module still call require, __filename and __dirname.
  banner:
    "import{createRequire as __cr}from'node:module';import{fileURLToPath as __fp}from'node:url';import{dirname as __dn}from'node:path';const require=__cr(import.meta.url);const __filename=__fp(import.meta.url);const __dirname=__dn(__filename);",
} as const;

/** A Lambda function from a handler of functions/: one ES module, with the configuration and, where needed, data and ONNX Runtime beside it. */
export class NodeFunction extends NodejsFunction {
  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    const entry = join(props.root, 'functions', props.folder, 'handler.ts');
    if (!existsSync(entry)) {
      throw badInput('CDK_HANDLER', 'A function has no handler', {
        facts: { file: `functions/${props.folder}/handler.ts` },
        remedy: 'Write the handler, or take the stage out of config/compute.json and config/schema.ts.',
      });
    }
    const logs = new LogGroup(scope, `${id}Logs`, {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    logs.grantWrite(props.role); // the role is ours, so nothing else lets it write its log
    super(scope, id, {
      entry,
      handler: 'handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: props.withOnnxRuntime ? Architecture.X86_64 : Architecture.ARM_64,
      role: props.role,
      memorySize: props.memoryMb,
      timeout: Duration.seconds(props.timeoutSeconds),
      environment: { ...props.environment, NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
      logGroup: logs,
      projectRoot: props.root,
      depsLockFilePath: join(props.root, 'package-lock.json'),
      bundling: {
        format: OutputFormat.ESM,
        target: BUNDLING.target,
        mainFields: [...BUNDLING.mainFields],
        banner: BUNDLING.banner,
        charset: Charset.UTF8,
        minify: true,
        keepNames: true,
        bundleAwsSDK: true,
        externalModules: [...BUNDLING.external],
        commandHooks: copyHooks(props),
      },
    });
  }
}

function copyHooks(props: NodeFunctionProps): ICommandHooks {
  const parts = ['config', ...(props.withData ? ['data'] : []), ...(props.withOnnxRuntime ? ['onnxruntime-x64'] : [])];
  const quote = (text: string) => JSON.stringify(text);
  return {
    beforeInstall: () => [],
    beforeBundling: () => [],
    afterBundling: (input, output) => [
      `node ${quote(join(input, 'cdk', 'lib', 'copy-into-bundle.mjs'))} ${quote(input)} ${quote(output)} ${parts.join(' ')}`,
    ],
  };
}
