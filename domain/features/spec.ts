import { z } from 'zod';
import { STATE_COLUMNS } from '../policy/policy.ts';

/** One causal feature: its name, how it is computed, how many sessions it looks back. */
export const featureColumnSchema = z.strictObject({
  name: z.string(),
  description: z.string(),
  lookbackDays: z.number().int().nonnegative(),
});

/** The baseline that every policy of this spec starts from, and that model 0 is. */
export const anchorSchema = z.strictObject({
  /** Weights within the risky part. Absent: inverse volatility. */
  baseline: z.enum(['inverseVolatility', 'equalWeight']).optional(),
  /** Sessions over which volatilities are measured. */
  volatilityDays: z.number().int().min(2),
  /** Annual volatility at which the exposure is capped. */
  targetVolatility: z.number().positive(),
});
export type AnchorSettings = z.infer<typeof anchorSchema>;

/** How a baseline is called where people read. */
export const anchorName = ({ baseline = 'inverseVolatility' }: Partial<AnchorSettings> = {}): string =>
  baseline === 'equalWeight' ? 'equal weight' : 'inverse volatility';

/** An observation of fewer features is refused. */
export const LEAST_FEATURES = 12;

/** The feature spec. Its hash (SHA-256 of canonical JSON) ties a model to the observation that it was trained on. */
export const featureSpecSchema = z.strictObject({
  schema: z.literal(1),
  columns: z.array(featureColumnSchema).min(LEAST_FEATURES),
  stateColumns: z.tuple(
    STATE_COLUMNS.map((name) => z.literal(name)) as unknown as [z.ZodLiteral<string>, ...z.ZodLiteral<string>[]],
  ),
  anchor: anchorSchema,
});
export type FeatureSpec = z.infer<typeof featureSpecSchema>;

/**
 * How features become what a policy sees: mean and standard deviation per feature column, fitted on sessions `from`..`to` only; values are
 * clipped to +-clip after scaling; `lookbackDays` sessions of them at once, the newest first (absent: that of the day alone).
 */
export const normaliserSchema = z.strictObject({
  from: z.iso.date(),
  to: z.iso.date(),
  mean: z.array(z.number()),
  std: z.array(z.number().positive()),
  clip: z.number().positive(),
  lookbackDays: z.number().int().positive().optional(),
});
export type Normaliser = z.infer<typeof normaliserSchema>;

/**
 * Raw (not normalised) features: float32 [T, A, F], row-major; plus what the state columns need per session.
 * NaN marks what is not known (before the look-back is full, not listed); a row with NaN is never fed to a policy:
 * such an asset is treated as not tradable on that session.
 */
export interface FeatureTensor {
  readonly dates: readonly string[];
  readonly symbols: readonly string[];
  readonly columns: readonly string[];
  readonly values: Float32Array;
  /** [T, A] float32: anchorLogit. */
  readonly anchorLogit: Float32Array;
  /** [T] float32: anchorExposure (log). */
  readonly anchorExposure: Float32Array;
}
