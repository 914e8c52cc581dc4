import { z } from 'zod';
import { artifactRefSchema, HASH } from '../domain/lineage/manifest.ts';
import { trialSchema } from '../domain/lineage/model.ts';

/**
 * What each stage returns. The state machine puts a stage's output under its name (`$.ingest`, `$.graph` ...), so a stage's
 * input is the run's facts plus the outputs that it names. States carry names and hashes only, never data.
 */
export const runSchema = z.object({
  strategy: z.string(),
  universe: z.string(),
  date: z.iso.date(),
  profile: z.enum(['quick', 'full']),
});
export type Run = z.infer<typeof runSchema>;

export const ingestOutput = z.object({
  /** False on a day without a session: the machine ends there. */
  open: z.boolean(),
  dataset: artifactRefSchema.nullable(),
  rows: z.number().int(),
  symbols: z.number().int(),
  quarantined: z.number().int(),
  /** Values of past days that the source states otherwise than in the dataset before. */
  revisions: z.number().int().default(0),
  /** Whether this day's run trains: no model yet, or `retrainEverySessions` have passed since the last training. */
  trainingDue: z.boolean(),
  /** Why closed, or why training is due or not, in plain words. */
  reason: z.string(),
});

export const graphOutput = z.object({
  graph: artifactRefSchema,
  nodes: z.number().int(),
  relationships: z.number().int(),
  /** Rows of a person's files that name assets outside the universe: in the graph's set-aside.json. */
  setAside: z.number().int().default(0),
});
export const embeddingsOutput = z.object({
  embeddings: artifactRefSchema,
  vectors: z.number().int(),
  dimensions: z.number().int(),
});
export const featuresOutput = z.object({
  features: artifactRefSchema,
  featureSpecHash: HASH,
  columns: z.number().int(),
  /** The training plan of this day: the baseline first, then windows x seeds (only the baseline with too little history). */
  trials: z.array(trialSchema),
  /** Trials that may train at once: 1 where each window starts from the one before. */
  parallelTrials: z.number().int().positive(),
});

export const trainOutput = z.object({
  candidate: artifactRefSchema,
  trial: trialSchema,
  name: z.string(),
  environmentSteps: z.number().int(),
});

export const validateOutput = z.object({
  /** One gate report a candidate that may become a model: the baseline, and the challenger when one was trained. */
  reports: z.array(
    z.object({
      role: z.enum(['baseline', 'challenger']),
      candidate: artifactRefSchema,
      gateReport: artifactRefSchema,
      verdict: z.enum(['accepted', 'rejected']),
    }),
  ),
});

export const registerOutput = z.object({
  models: z.array(
    z.object({
      role: z.enum(['baseline', 'challenger']),
      model: artifactRefSchema,
      name: z.string(),
      verdict: z.enum(['accepted', 'rejected']),
    }),
  ),
});

export const PROMOTION_STEPS = ['none', 'shadow', 'ten', 'fifty', 'hundred'] as const;
export const promoteOutput = z.object({
  champion: artifactRefSchema,
  /** The model on its way up, when there is one. */
  challenger: artifactRefSchema.nullable(),
  step: z.enum(PROMOTION_STEPS),
  /** Capital share of the challenger: 0 in shadow, 0.1, 0.5. */
  alpha: z.number().min(0).max(1),
  outcome: z.enum(['kept', 'installed', 'started', 'held', 'advanced', 'promoted', 'rolledBack', 'refused']),
  reason: z.string(),
});

export const backtestOutput = z.object({ backtest: artifactRefSchema });
export const decideOutput = z.object({ decision: artifactRefSchema });
export const settleOutput = z.object({
  status: z.enum(['submitted', 'confirmed', 'finalized', 'notInitialised']),
  transaction: z.string().nullable(),
  epoch: z.number().int().nullable(),
  gasUsed: z.number().int().nullable(),
  contract: z.string().nullable(),
  chainId: z.number().int(),
  settlement: artifactRefSchema.nullable(),
});
export const reconcileOutput = z.object({ reconciliation: artifactRefSchema, differences: z.array(z.string()) });
export const monitorOutput = z.object({ monitor: artifactRefSchema, alerts: z.array(z.string()) });
export const reportOutput = z.object({ report: artifactRefSchema });

export const outputs = {
  ingest: ingestOutput,
  graph: graphOutput,
  embeddings: embeddingsOutput,
  features: featuresOutput,
  train: trainOutput,
  validate: validateOutput,
  register: registerOutput,
  promote: promoteOutput,
  backtest: backtestOutput,
  decide: decideOutput,
  settle: settleOutput,
  reconcile: reconcileOutput,
  monitor: monitorOutput,
  report: reportOutput,
} as const;
