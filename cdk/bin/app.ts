import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { ProductError } from '../../domain/errors.ts';
import { buildStacks } from '../lib/app.ts';

try {
  buildStacks(new App(), fileURLToPath(new URL('../../', import.meta.url)));
} catch (error) {
  if (!(error instanceof ProductError)) throw error;
  console.error(error.describe());
  process.exit(1);
}
