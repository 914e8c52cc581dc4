import { z } from 'zod';

/** Stages from few calm assets and loose limits to the whole universe and all limits. The last stage is always the real thing. */
export const curriculumSchema = z.strictObject({
  stages: z
    .array(
      z.strictObject({
        /** Share of `totalSteps` that this stage lasts. The rest goes to the real thing. */
        share: z.number().gt(0).lt(1),
        /** Calmest assets of the universe that take part; null: all. */
        assets: z.number().int().min(2).nullable(),
        /** `loose`: caps, turnover limit and drawdown control are off. */
        limits: z.enum(['loose', 'all']),
      }),
    )
    .min(1)
    .refine(
      (stages) => stages.reduce((sum, { share }) => sum + share, 0) < 1,
      'the shares of the stages must leave steps for the whole',
    ),
});
export type Curriculum = z.infer<typeof curriculumSchema>;
