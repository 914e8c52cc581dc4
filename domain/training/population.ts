import { z } from 'zod';

/** Population-based training (Jaderberg et al. 2017) inside one task, with a barrier per generation. */
export const populationSchema = z.strictObject({
  members: z.number().int().min(2),
  generations: z.number().int().min(2),
  /** Share of the worst that copy one of the best at a barrier. */
  exploitShare: z.number().gt(0).lte(0.5).default(0.25),
  /** Factors by which a copied hyper-parameter is perturbed, either way. */
  perturb: z.number().gt(1).default(1.25),
});
export type Population = z.infer<typeof populationSchema>;
