import { z } from 'zod';
import { artifactRefSchema } from '../../domain/lineage/manifest.ts';
import { type promoteOutput, registerOutput, runSchema } from '../contracts.ts';
import type { Ports } from '../ports.ts';

export const promoteInput = runSchema.extend({
  ingest: z.object({ dataset: artifactRefSchema }),
  features: z.object({ features: artifactRefSchema }),
  /** Only to propose. */
  register: registerOutput.optional(),
  action: z.enum(['propose', 'status', 'advance']).default('propose'),
  /** Only to advance: the step that is judged. */
  from: z.enum(['shadow', 'ten', 'fifty']).optional(),
});
export type PromoteInput = z.infer<typeof promoteInput>;
export type PromoteOutput = z.infer<typeof promoteOutput>;

export const promoteNeeds = ['settings', 'store', 'ledger', 'tracker', 'chain', 'exactRuntime'] as const;
export type PromotePorts = Pick<Ports, (typeof promoteNeeds)[number]>;
