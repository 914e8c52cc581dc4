import { z } from 'zod';
import { badInput } from '../../domain/errors.ts';

/** What a deployment is told on the command line (`cdk deploy -c stage=prod -c imageUri=...`) or in cdk.json. */
const contextSchema = z.object({
  stage: z.enum(['dev', 'prod']),
  /** Image of the tasks by digest, as the release workflow built and signed it; absent: built from the Dockerfile at deploy, which needs a Docker engine. */
  imageUri: z
    .string()
    .regex(/@sha256:[0-9a-f]{64}$/, 'an image by digest: <repository>@sha256:<64 hex characters>')
    .optional(),
  /** An OpenID provider for the API's tokens; absent: a Cognito user pool is made. */
  jwtIssuer: z.url().optional(),
  jwtAudience: z.string().optional(),
  /** Where alerts go; absent: subscribe to the topic by hand. */
  alertEmail: z.email().optional(),
  /** Artifacts cannot be deleted or overwritten for a year, by anyone (S3 Object Lock, governance mode). Default: prod only. */
  objectLock: z.enum(['true', 'false']).optional(),
  /** Commit that is deployed, written into every model. */
  codeVersion: z.string().default('development'),
});
export type DeploymentContext = z.infer<typeof contextSchema>;

const KEYS = Object.keys(contextSchema.shape);

/** Read and check the context; a wrong value names its key. */
export function readContext(get: (key: string) => unknown): DeploymentContext {
  const parsed = contextSchema.safeParse(Object.fromEntries(KEYS.map((key) => [key, get(key)])));
  if (parsed.success) {
    if (parsed.data.jwtIssuer && !parsed.data.jwtAudience) {
      throw badInput('CDK_CONTEXT', 'An issuer of tokens needs an audience', {
        facts: { key: 'jwtAudience' },
        remedy: 'Pass -c jwtAudience=<the audience of your tokens>.',
      });
    }
    return parsed.data;
  }
  const issue = parsed.error.issues[0]!;
  const key = issue.path.join('.');
  throw badInput('CDK_CONTEXT', 'A context value is not usable', {
    facts: { key, value: get(key) ?? '(missing)', problem: issue.message },
    remedy: `Pass -c ${key}=<value>; docs/deploy.md lists the keys.`,
  });
}
