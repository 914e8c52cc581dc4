import { z } from 'zod';
import { featureSpecSchema, normaliserSchema } from '../features/spec.ts';
import { costsSchema } from '../portfolio/costs.ts';
import { limitsSchema } from '../risk/limits.ts';
import { ALGORITHMS } from '../training/settings.ts';
import { artifactRefSchema, HASH } from './manifest.ts';

/** What a model is: a baseline, all cash, or what a learner made. */
export const MODEL_KINDS = ['baseline', 'cash', ...ALGORITHMS] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];
/** Whether a learner made it: a challenger, which the alpha gates judge. */
export const isLearned = (kind: string): boolean => (ALGORITHMS as readonly string[]).includes(kind);

/** One configuration that was, or will be, trained: a walk-forward window and a seed, or the baseline. */
export const trialSchema = z.strictObject({
  kind: z.enum(['baseline', ...ALGORITHMS]),
  window: z.number().int().nonnegative(),
  seed: z.number().int().nonnegative(),
  /** Sessions, inclusive. Train ends `purge + embargo` sessions before the test begins. */
  trainFrom: z.iso.date(),
  trainTo: z.iso.date(),
  testFrom: z.iso.date(),
  testTo: z.iso.date(),
});
export type Trial = z.infer<typeof trialSchema>;

/** `model.json` of a candidate and of a model: everything that serving needs beside `policy.onnx`. */
export const modelSchema = z.strictObject({
  schema: z.literal(1),
  name: z.string(),
  kind: z.enum(MODEL_KINDS),
  universe: z.string(),
  symbols: z.array(z.string()),
  featureSpec: featureSpecSchema,
  featureSpecHash: HASH,
  normaliser: normaliserSchema,
  limits: limitsSchema,
  costs: costsSchema,
  trial: trialSchema,
  training: z.record(z.string(), z.unknown()),
  dataset: artifactRefSchema,
  features: artifactRefSchema,
  codeVersion: z.string(),
});
export type Model = z.infer<typeof modelSchema>;

/** Files of a candidate folder; a model folder adds `gate-report.json`. */
export const MODEL_FILES = {
  policy: 'policy.onnx',
  model: 'model.json',
  record: 'training-record.json',
  gateReport: 'gate-report.json',
} as const;
