import { z } from 'zod';

const fraction = z.number().min(0).max(1);

/** Limits on target weights. Every limit is convex, so a blend of two portfolios that keep them keeps them. */
export const limitsSchema = z
  .strictObject({
    /** Cap on one asset's weight. */
    maxWeight: fraction,
    /** Cap on the total weight of one group (sector, currency bloc); per-group overrides by name. */
    maxGroupWeight: fraction,
    groupOverrides: z.record(z.string(), fraction).default({}),
    /** Cap on the total weight of the least liquid bucket. */
    maxIlliquidWeight: fraction,
    /** Cap on the total weight of graph hubs (top decile by degree, through Cypher). */
    maxHubWeight: fraction,
    /** Cap on the sum of asset weights (cash excluded). 1: no leverage. */
    maxGross: fraction,
    /** One-way turnover of one rebalance: 1/2 sum |w - w_drifted|, cash included. */
    maxTurnover: fraction,
    drawdown: z.strictObject({
      /** Exposure is scaled by the unused part of this budget: 1 - drawdown / budget (Grossman and Zhou 1993). */
      budget: z.number().gt(0).max(1),
      /**
       * The exposure is cut at once when it is above its scale, but raised only when it is further below it than this fraction:
       * a drawdown that moves to and fro does not churn the book. Absent: the scale is followed daily.
       */
      band: fraction.optional(),
      /** The contract refuses orders that do not lower risk beyond this drawdown. */
      hardLimit: z.number().gt(0).max(1),
      /** Sessions without a new high after which the high-water mark restarts at the present value; null: never. */
      resetAfterDays: z.number().int().positive().nullable(),
    }),
  })
  .refine((limits) => limits.drawdown.budget <= limits.drawdown.hardLimit, {
    path: ['drawdown', 'budget'],
    message: 'the budget must not exceed the hard limit',
  });
export type Limits = z.infer<typeof limitsSchema>;
