import { z } from 'zod';

const fraction = z.number().min(0).max(1);

/** Gross exposure of a book that goes short: beyond this a few per cent of an adverse move end it. */
const MOST_LEVERAGE = 10;

/** Limits on target weights. Every limit is convex, so a blend of two portfolios that keep them keeps them. */
export const limitsSchema = z
  .strictObject({
    /**
     * `longOnly`: no weight below 0, and the sum of weights is the gross exposure. `longShort`: weights of either sign; caps on one asset are
     * caps on its size, those on groups, hubs and the least liquid on their net weight either way, `maxGross` on the sum of sizes
     * (the leverage), `maxNet` on the size of their sum. The contract settles long-only books alone. @default longOnly
     */
    mode: z.enum(['longOnly', 'longShort']).optional(),
    /** Cap on one asset's weight. */
    maxWeight: fraction,
    /** Cap on the total weight of one group (sector, currency bloc); per-group overrides by name. */
    maxGroupWeight: fraction,
    groupOverrides: z.record(z.string(), fraction).default({}),
    /** Cap on the total weight of the least liquid bucket. */
    maxIlliquidWeight: fraction,
    /** Cap on the total weight of graph hubs (top decile by degree, through Cypher). */
    maxHubWeight: fraction,
    /** Cap on the total weight of each hub together with what is near it in the graph (profile: `neighbourhoodHops`). @default none */
    maxNeighbourhoodWeight: fraction.optional(),
    /** Cap on the total weight of each correlation community. @default none */
    maxCommunityWeight: fraction.optional(),
    /** Cap on the sum of the sizes of asset weights (cash excluded). 1: no leverage, and the most for a long-only book. */
    maxGross: z.number().min(0).max(MOST_LEVERAGE),
    /** Long/short: cap on the size of the sum of asset weights. @default 1 */
    maxNet: z.number().min(0).max(MOST_LEVERAGE).optional(),
    /** One-way turnover of one rebalance: the larger of what is bought and what is sold; 1/2 sum |w - w_drifted|, cash included. */
    maxTurnover: z
      .number()
      .min(0)
      .max(2 * MOST_LEVERAGE),
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
  })
  .refine((limits) => limits.mode === 'longShort' || limits.maxGross <= 1, {
    path: ['maxGross'],
    message: 'a long-only book has no leverage: at most 1',
  })
  .refine((limits) => limits.mode === 'longShort' || limits.maxTurnover <= 1, {
    path: ['maxTurnover'],
    message: 'a long-only book turns over at most once: at most 1',
  })
  .refine((limits) => limits.mode === 'longShort' || limits.maxNet === undefined, {
    path: ['maxNet'],
    message: 'only a long/short book has a net exposure apart from its gross one',
  });
export type Limits = z.infer<typeof limitsSchema>;

/** Of a long-only book: no cap below the whole of it, and a drawdown control that acts on a loss of everything alone. */
export const NO_LIMITS: Limits = {
  maxWeight: 1,
  maxGroupWeight: 1,
  groupOverrides: {},
  maxIlliquidWeight: 1,
  maxHubWeight: 1,
  maxGross: 1,
  maxTurnover: 1,
  drawdown: { budget: 1, hardLimit: 1, resetAfterDays: null },
};

export const isLongShort = ({ mode }: Limits): boolean => mode === 'longShort';

/** Cap on the size of the sum of weights. */
export const maxNetOf = (limits: Limits): number => (isLongShort(limits) ? (limits.maxNet ?? 1) : limits.maxGross);
