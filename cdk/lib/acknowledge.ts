import { Stack, Validations } from 'aws-cdk-lib';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';
import type { IConstruct } from 'constructs';

/** Say of one resource why a rule of cdk-nag does not apply to it. `finding` is the part in brackets, where a rule reports several. */
export function acknowledge(construct: IConstruct, rule: string, reason: string, finding?: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${rule}${finding ? `[${finding}]` : ''}`, reason });
}

/** Say why one role may use one resource name with a wildcard in it; every other wildcard of the role stays a finding. */
export function acknowledgeWildcard(construct: IConstruct, resource: string, reason: string): void {
  acknowledge(construct, 'IAM5', reason, `Resource::${flattenCfnReference(Stack.of(construct).resolve(resource))}`);
}
