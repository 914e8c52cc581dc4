import { z } from 'zod';
import { badInput } from '../errors.ts';
import { curriculumSchema } from './curriculum.ts';
import { populationSchema } from './population.ts';
import { pretrainingSchema } from './pretraining.ts';

/** The learners. The word is the kind of a trial and of a model, and the file of the algorithm in `training-container/src`. */
export const ALGORITHMS = ['ppo', 'sac', 'direct'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** What a learner is rewarded for (`domain/environment/reward.ts`). */
export const rewardSchema = z.strictObject({
  /** `log`: net log return less the penalties. `differentialSharpe`: Moody and Saffell (2001), with the same penalties. */
  kind: z.enum(['log', 'differentialSharpe']).default('log'),
  lambdaVolatility: z.number().nonnegative(),
  lambdaTurnover: z.number().nonnegative(),
  lambdaDrawdown: z.number().nonnegative(),
  /** Sessions over which the differential Sharpe ratio remembers (1 / eta). */
  differentialSharpeDays: z.number().int().min(2).default(63),
  /** A limit on the expected shortfall of one session, whose multiplier is learned; null: none. */
  cvar: z
    .strictObject({
      /** Tail that is averaged: 0.95 is the worst 5 % of sessions. */
      level: z.number().gt(0).lt(1),
      /** Largest expected shortfall of one session that is accepted, a fraction of NAV (positive). */
      limit: z.number().positive(),
      /** Step of the multiplier's ascent per update, and of the quantile's. */
      learningRate: z.number().positive(),
    })
    .nullable()
    .default(null),
});
export type RewardSettings = z.infer<typeof rewardSchema>;

const common = {
  /** How assets are read: `set` (Deep Sets), `attention` over assets, `temporal` (convolution over the last `lookbackDays` days). */
  architecture: z.enum(['set', 'attention', 'temporal']).default('set'),
  hidden: z.number().int().positive(),
  /** Days of features in one observation. */
  lookbackDays: z.number().int().positive().default(1),
  environments: z.number().int().positive(),
  totalSteps: z.number().int().positive(),
  learningRate: z.number().positive(),
  maxGradNorm: z.number().positive(),
  workers: z.number().int().positive(),
  /** Updates between two snapshots of the policy, each of which can be validated; null: only the last policy is kept. */
  snapshotEvery: z.number().int().positive().nullable().default(null),
  /** Universes of more assets train on random sub-universes of this many. */
  maxAssets: z.number().int().positive().default(64),
  curriculum: curriculumSchema.nullable().default(null),
  pretraining: pretrainingSchema.nullable().default(null),
  population: populationSchema.nullable().default(null),
  reward: rewardSchema,
} as const;

/** Proximal policy optimisation. The meaning of each name is that of CleanRL's flag. */
export const ppoSettingsSchema = z.strictObject({
  algorithm: z.literal('ppo'),
  ...common,
  rolloutDays: z.number().int().positive(),
  epochs: z.number().int().positive(),
  minibatch: z.number().int().positive(),
  gamma: z.number().gt(0).lte(1),
  gaeLambda: z.number().gte(0).lte(1),
  clipCoef: z.number().positive(),
  entCoef: z.number().nonnegative(),
  vfCoef: z.number().nonnegative(),
  targetKl: z.number().positive().nullable(),
  logStdInit: z.number(),
});
export type PpoSettings = z.infer<typeof ppoSettingsSchema>;

/** Soft actor-critic. The meaning of each name is that of CleanRL's flag. */
export const sacSettingsSchema = z.strictObject({
  algorithm: z.literal('sac'),
  ...common,
  bufferSize: z.number().int().positive(),
  batchSize: z.number().int().positive(),
  /** Environment steps, all environments together, before the first update. */
  learningStarts: z.number().int().nonnegative(),
  /** Environment steps, all environments together, for each gradient update. */
  stepsPerUpdate: z.number().int().positive(),
  qLearningRate: z.number().positive(),
  gamma: z.number().gt(0).lte(1),
  tau: z.number().gt(0).lte(1),
  /** Target entropy in nats for each dimension of the action that counts. */
  targetEntropyPerDimension: z.number(),
  initialAlpha: z.number().positive(),
  logStdInit: z.number(),
});
export type SacSettings = z.infer<typeof sacSettingsSchema>;

/** Direct gradients of the differentiable return (Moody and Saffell 2001; Jiang, Xu and Liang 2017). */
export const directSettingsSchema = z.strictObject({
  algorithm: z.literal('direct'),
  ...common,
  /** Consecutive sessions whose rewards one gradient goes through. */
  segmentDays: z.number().int().positive(),
  /** Gradient passes over the segments of one rollout. */
  epochs: z.number().int().positive(),
  /** Penalty on the square of the policy's offset from the anchor, in the reward's scale (per cent). */
  lambdaOffset: z.number().nonnegative(),
});
export type DirectSettings = z.infer<typeof directSettingsSchema>;

/** By algorithm. */
export const LEARNER_SCHEMAS = {
  ppo: ppoSettingsSchema,
  sac: sacSettingsSchema,
  direct: directSettingsSchema,
} as const;

export const trainingSettingsSchema = z.discriminatedUnion('algorithm', [
  ppoSettingsSchema,
  sacSettingsSchema,
  directSettingsSchema,
]);
export type TrainingSettings = z.infer<typeof trainingSettingsSchema>;

/**
 * More threads than cores only slow each other down: whoever asks for them is mistaken about the machine.
 * @throws WORKERS_EXCEED_CORES
 */
export function assertWorkers({ workers }: Pick<TrainingSettings, 'workers'>, cores: number): void {
  if (workers <= cores) return;
  throw badInput('WORKERS_EXCEED_CORES', 'Training asks for more workers than this machine has cores', {
    facts: { field: 'training.workers', value: workers, cores },
    remedy: `Set workers to ${cores} or less; what is learned does not depend on their number.`,
  });
}
