import { join } from 'node:path';
import { type App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { loadSettings } from '../../config/load.ts';
import type { Settings } from '../../config/schema.ts';
import { readContext } from './context.ts';
import { ApiStack } from './stacks/api.ts';
import { PipelineStack } from './stacks/pipeline.ts';
import { StatefulStack } from './stacks/stateful.ts';

export interface PortfolioStacks {
  readonly stateful: StatefulStack;
  readonly pipeline: PipelineStack;
  readonly api: ApiStack;
}

/** The three stacks of one stage (dev or prod), from the project's own configuration. `settings` replaces it in tests. */
export function buildStacks(app: App, root: string, replaced?: (settings: Settings) => Settings): PortfolioStacks {
  const context = readContext((key) => app.node.tryGetContext(key));
  const loaded = loadSettings({ root, configFile: join(root, 'config', 'stages', `${context.stage}.json`) });
  const settings = replaced ? replaced(loaded) : loaded;
  const account = process.env['CDK_DEFAULT_ACCOUNT'];
  const region = process.env['CDK_DEFAULT_REGION'];
  const props = {
    ...(account && region ? { env: { account, region } } : {}),
    terminationProtection: context.stage === 'prod',
  };
  const name = (part: string) => `Drl-${context.stage}-${part}`;
  const stateful = new StatefulStack(app, name('Stateful'), { ...props, context, settings });
  const pipeline = new PipelineStack(app, name('Pipeline'), { ...props, root, settings, stateful });
  const api = new ApiStack(app, name('Api'), { ...props, root, settings, stateful });
  Tags.of(app).add('drl:environment', context.stage);
  Tags.of(app).add('drl:strategy', settings.config.strategy);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { stateful, pipeline, api };
}
