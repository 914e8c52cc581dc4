import { z } from 'zod';
import { limitsSchema } from '../risk/limits.ts';
import { artifactRefSchema, HASH } from './manifest.ts';

const weights = z.record(z.string(), z.number());
const weightsBps = z.record(z.string(), z.number().int());

/** The book at the close of a session, after the fill at that close. Weights are fractions of NAV and include `CASH`. */
export const bookSchema = z.strictObject({
  date: z.iso.date(),
  /** NAV with 1 at the first decision. */
  nav: z.number().positive(),
  highWaterMark: z.number().positive(),
  /** Sessions since the high-water mark was set or restarted. */
  daysSinceHigh: z.number().int().nonnegative(),
  held: weights,
});
export type Book = z.infer<typeof bookSchema>;

export const limitHitSchema = z.strictObject({
  limit: z.string(),
  /** Asset, group or bucket that the limit binds on; 'portfolio' for whole-book limits. */
  on: z.string(),
  before: z.number(),
  after: z.number(),
});
export type LimitHit = z.infer<typeof limitHitSchema>;

/**
 * `decision.json`: made at the close of `date`, filled at the close of the next session with a bar.
 * Recomputable bit for bit from its inputs (manifest `inputs`: champion, challenger?, features, dataset, previous?).
 */
export const decisionSchema = z.strictObject({
  schema: z.literal(1),
  strategy: z.string(),
  universe: z.string(),
  date: z.iso.date(),
  champion: z.strictObject({ modelHash: HASH, name: z.string(), kind: z.string() }),
  /** Present while a promotion blends capital: w = (1 - alpha) w_champion + alpha w_challenger. alpha = 0 in shadow. */
  challenger: z.strictObject({ modelHash: HASH, name: z.string(), alpha: z.number().min(0).max(1) }).nullable(),
  dataset: artifactRefSchema,
  features: artifactRefSchema,
  previousDecision: HASH.nullable(),
  book: bookSchema,
  /** SHA-256 of the little-endian float32 observation that the champion saw. */
  observationHash: HASH,
  /** The champion's raw action (exact runtime, float32 values). */
  action: z.array(z.number()),
  /** Weights after each step, for the "why these weights" page. */
  steps: z.strictObject({ anchor: weights, policy: weights, blended: weights, projected: weights }),
  exposureScale: z.number(),
  /** What the order was held to where the configuration of the day was tighter than the champion's own limits; absent: those of the champion. */
  limits: limitsSchema.optional(),
  limitsHit: z.array(limitHitSchema),
  weightsBps,
  /** The decision before, under the symbols of this day. */
  previousBps: weightsBps,
  /** The names that the ledger has for assets, by symbol, where they are others; absent: it has the symbols (see `lastingNames` of instruments). */
  ledgerNames: z.record(z.string(), z.string()).optional(),
  trades: z.array(
    z.strictObject({
      symbol: z.string(),
      fromBps: z.number().int(),
      toBps: z.number().int(),
      changeBps: z.number().int(),
    }),
  ),
  turnover: z.number(),
  expectedCostBps: z.number(),
});
export type Decision = z.infer<typeof decisionSchema>;

/** The weights under the names that the ledger has for the assets. */
export const ledgerWeights = ({ weightsBps, ledgerNames = {} }: Decision): Record<string, number> =>
  Object.fromEntries(Object.entries(weightsBps).map(([symbol, bps]) => [ledgerNames[symbol] ?? symbol, bps]));
