import { z } from 'zod';
import { normaliserSchema } from '../features/spec.ts';
import { HASH } from '../lineage/manifest.ts';
import { costsSchema } from '../portfolio/costs.ts';
import { limitsSchema } from '../risk/limits.ts';
import { trainingSettingsSchema } from './settings.ts';

/** The arrays of a `learn` job: file name -> shape and type. T sessions, A assets, F feature columns. */
export const JOB_ARRAYS = {
  'features.npy': 'float32 [T, A, F], raw, NaN where not known',
  'anchor_logit.npy': 'float32 [T, A]',
  'anchor_exposure.npy': 'float32 [T]',
  'close.npy': 'float64 [T, A]',
  'returns.npy': 'float64 [T, A]',
  'volume.npy': 'float64 [T, A]',
  'tradable.npy': 'uint8 [T, A]',
  'listed.npy': 'uint8 [T, A]',
} as const;

const mask = z.array(z.array(z.union([z.literal(0), z.literal(1)])));
const named = z.array(z.strictObject({ name: z.string(), members: z.array(z.union([z.literal(0), z.literal(1)])) }));

const common = { schema: z.literal(1), columns: z.array(z.string()).min(1), stateColumns: z.array(z.string()) };

/** `input/job.json` of the folder contract (training-container/README.md). */
export const trainingJobSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('baseline'), ...common }),
  z.strictObject({
    kind: z.literal('learn'),
    ...common,
    /** Columns that may become unknown again (a report that does not come, a quarter without equity): the asset is not traded meanwhile. */
    lapsing: z.array(z.string()).optional(),
    seed: z.number().int().nonnegative(),
    dates: z.array(z.iso.date()).min(2),
    symbols: z.array(z.string()).min(1),
    groups: z.array(z.string()),
    exits: z.array(
      z.strictObject({
        t: z.number().int(),
        asset: z.number().int(),
        successor: z.number().int(),
        finalReturn: z.number(),
      }),
    ),
    /** Session indices of the training window, inclusive. No later session is in the folder. */
    from: z.number().int().nonnegative(),
    to: z.number().int().positive(),
    episodeDays: z.number().int().positive(),
    maxStartDrawdown: z.number().min(0).lt(1),
    normaliser: normaliserSchema,
    limits: limitsSchema,
    costs: costsSchema,
    /** `overlapping` only where a limit is on one of its kinds. */
    riskGroups: z
      .strictObject({
        dates: z.array(z.iso.date()),
        hubs: mask,
        illiquid: mask,
        overlapping: z.array(z.strictObject({ neighbourhoods: named, communities: named })).optional(),
      })
      .nullable(),
    training: trainingSettingsSchema,
    /** SHA-256 of `initial.npy`: a warm start from the parameters of an earlier run of the same network. */
    initial: HASH.nullable().default(null),
    /** SHA-256 of each array file. */
    arrays: z.record(z.string(), HASH),
  }),
]);
export type TrainingJobSpec = z.infer<typeof trainingJobSchema>;
export type LearnJobSpec = Extract<TrainingJobSpec, { kind: 'learn' }>;

/** Names in the output folder. */
export const JOB_OUTPUT = {
  policy: 'policy.onnx',
  record: 'training-record.json',
  /** float64 [P]: what a later job may start from. */
  parameters: 'parameters.npy',
  /** The policy after `step` environment steps. */
  snapshot: (step: number): string => `snapshots/${step}.onnx`,
} as const;

/** Parameters to begin with, float64 [P], where `job.json` names their hash. */
export const INITIAL_PARAMETERS = 'initial.npy';
