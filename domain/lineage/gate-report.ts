import { z } from 'zod';
import { artifactRefSchema, HASH } from './manifest.ts';
import { MODEL_KINDS } from './model.ts';

export const gateSchema = z.strictObject({
  gate: z.string(),
  group: z.enum(['risk', 'alpha', 'control']),
  value: z.number().nullable(),
  threshold: z.number().nullable(),
  pass: z.boolean(),
  /** Why it failed or could not be assessed, in plain words. */
  reason: z.string().optional(),
});
export type Gate = z.infer<typeof gateSchema>;

/** Out-of-sample figures of one policy: fractions a year, except costBps (basis points of NAV a year). null: not defined. */
export const figuresSchema = z.strictObject({
  sharpe: z.number().nullable(),
  annualReturn: z.number().nullable(),
  volatility: z.number().nullable(),
  maxDrawdown: z.number().nullable(),
  turnover: z.number().nullable(),
  costBps: z.number().nullable(),
});
export type Figures = z.infer<typeof figuresSchema>;

/** `gate-report.json`. */
export const gateReportSchema = z.strictObject({
  schema: z.literal(1),
  /** Hash of the gate configuration that was applied. */
  gatesHash: HASH,
  date: z.iso.date(),
  /** The candidate that the report is about. */
  candidate: artifactRefSchema,
  name: z.string(),
  kind: z.enum(MODEL_KINDS),
  verdict: z.enum(['accepted', 'rejected']),
  reasons: z.array(z.string()),
  gates: z.array(gateSchema),
  /** Policy name -> figures over the out-of-sample days, at the same costs and lag. */
  outOfSample: z.record(z.string(), figuresSchema),
  outOfSampleFrom: z.iso.date().nullable(),
  outOfSampleTo: z.iso.date().nullable(),
  trials: z.number().int().nonnegative(),
  /** Per learner, window and seed: out-of-sample Sharpe; never only the best. `kind` absent: PPO. */
  perTrial: z.array(
    z.strictObject({
      kind: z.enum(MODEL_KINDS).optional(),
      window: z.number().int(),
      seed: z.number().int(),
      sharpe: z.number().nullable(),
    }),
  ),
  notes: z.array(z.string()),
});
export type GateReport = z.infer<typeof gateReportSchema>;
