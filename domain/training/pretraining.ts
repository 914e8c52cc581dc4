import { z } from 'zod';

/** Simulated markets, calibrated to the training window, on which a learner starts before it sees history. */
export const pretrainingSchema = z.strictObject({
  /** Kinds of generator (`domain/simulation`), used in turn. */
  markets: z.array(z.enum(['regimes', 'factors', 'bootstrap'])).min(1),
  /** Environment steps on simulated markets, before `totalSteps` on history. */
  steps: z.number().int().positive(),
  /** Sessions of one simulated market. */
  sessions: z.number().int().positive(),
  /** Different simulated markets. */
  paths: z.number().int().positive(),
});
export type Pretraining = z.infer<typeof pretrainingSchema>;
