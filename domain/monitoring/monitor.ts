import { z } from 'zod';
import { HASH } from '../lineage/manifest.ts';

const figure = z.number().nullable();

/** The live (paper) book by decision date: NAV after the fill, one-way turnover ordered that day, weight of assets. */
export const liveBookSchema = z.strictObject({
  dates: z.array(z.iso.date()),
  nav: z.array(z.number().positive()),
  turnover: z.array(z.number()),
  exposure: z.array(z.number()),
});
export type LiveBook = z.infer<typeof liveBookSchema>;

/** Figures of the live book; fractions, losses negative. null: too few sessions or not defined. */
export const riskFiguresSchema = z.strictObject({
  sessions: z.number().int(),
  totalReturn: figure,
  annualReturn: figure,
  volatility: figure,
  sharpe: figure,
  /** Over the last 63 sessions: what the Sharpe floor watches. */
  rollingSharpe: figure,
  sortino: figure,
  maxDrawdown: figure,
  /** NAV against its high-water mark now, 0 or negative. */
  drawdown: z.number(),
  valueAtRisk95: figure,
  expectedShortfall95: figure,
  turnoverAnnual: figure,
  exposure: z.number(),
  /** Weight by group (sector, currency bloc), as held. */
  groupExposure: z.record(z.string(), z.number()),
});
export type RiskFigures = z.infer<typeof riskFiguresSchema>;

export const featureDriftSchema = z.strictObject({
  feature: z.string(),
  /** What is compared over time: the mean over assets, or the spread (standard deviation) across them. */
  of: z.enum(['mean', 'spread']),
  ks: z.number(),
  psi: z.number(),
  effectiveSize: z.number(),
  pValue: z.number(),
  /** Holm-adjusted over all tests of the day. */
  adjusted: z.number(),
  drifted: z.boolean(),
});
export type FeatureDrift = z.infer<typeof featureDriftSchema>;

export const driftReportSchema = z.strictObject({
  assessed: z.boolean(),
  /** Why not, in plain words. */
  reason: z.string().nullable(),
  referenceFrom: z.iso.date().nullable(),
  referenceTo: z.iso.date().nullable(),
  windowFrom: z.iso.date().nullable(),
  windowTo: z.iso.date().nullable(),
  threshold: z.number(),
  features: z.array(featureDriftSchema),
});
export type DriftReport = z.infer<typeof driftReportSchema>;

export const dataQualitySchema = z.strictObject({
  rows: z.number().int(),
  symbols: z.number().int(),
  quarantined: z.number().int(),
  /** Rows quarantined since the previous monitored session. */
  newlyQuarantined: z.number().int(),
  /** Listed, but without a bar on the date. */
  withoutBar: z.array(z.string()),
  /** With a bar, but with a feature that is not known. */
  withoutFeature: z.array(z.string()),
});
export type DataQuality = z.infer<typeof dataQualitySchema>;

export const alertSchema = z.strictObject({
  id: z.string(),
  condition: z.enum([
    'drift',
    'sharpeFloor',
    'drawdown',
    'failedTransaction',
    'feeCeiling',
    'feeBudget',
    'mismatch',
    'quarantine',
    'unknownFeature',
  ]),
  severity: z.enum(['warning', 'critical']),
  message: z.string(),
  runbook: z.string(),
});

/** `monitor.json`. */
export const monitorSchema = z.strictObject({
  schema: z.literal(1),
  date: z.iso.date(),
  universe: z.string(),
  decision: HASH,
  champion: HASH,
  book: liveBookSchema,
  risk: riskFiguresSchema,
  drift: driftReportSchema,
  quality: dataQualitySchema,
  alerts: z.array(alertSchema),
});
export type Monitor = z.infer<typeof monitorSchema>;
