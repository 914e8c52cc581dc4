import { z } from 'zod';
import { anchorSchema } from '../domain/features/spec.ts';
import { instrumentSchema } from '../domain/market/instrument.ts';
import { providerSchema } from '../domain/market/provider-config.ts';
import { costsSchema } from '../domain/portfolio/costs.ts';
import { limitsSchema } from '../domain/risk/limits.ts';
import { type TrainingSettings, trainingSettingsSchema } from '../domain/training/settings.ts';

/** The stages, in the order in which data travels. Folders, states, commands, compute table and metric dimension use these words. */
export const STAGES = [
  'ingest',
  'graph',
  'embeddings',
  'features',
  'train',
  'validate',
  'register',
  'promote',
  'backtest',
  'decide',
  'settle',
  'reconcile',
  'monitor',
  'report',
] as const;
export type Stage = (typeof STAGES)[number];

export const MACHINES = ['daily', 'training', 'promotion'] as const;
export type Machine = (typeof MACHINES)[number];

export const universeSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string(),
  provider: providerSchema,
  calendar: z.enum(['TARGET', 'XNYS', '24x7', 'data']),
  numeraire: z.string(),
  /** Symbols to use; 'all' with a point-in-time life for each. */
  members: z.union([z.literal('all'), z.array(instrumentSchema.shape.symbol).min(1)]),
  licence: z.string(),
  redistribution: z.boolean(),
  /** Printed wherever figures are shown. */
  sourceLine: z.string(),
  /** What a reader must know about results on this universe (hindsight, price only ...). */
  caveats: z.array(z.string()),
  costs: costsSchema,
  limits: limitsSchema,
  /** The baseline that policies tilt, and that model 0 is. Absent: inverse volatility over 63 sessions, at 8 % a year at most. */
  anchor: anchorSchema.optional(),
  /**
   * What policies observe: names of features, of families, `default` and `all` (of those that the data allow), in this order: `drl features list`. Absent:
   * `default`.
   */
  features: z.array(z.string()).min(1).optional(),
  /** Whether a hub, bucket or correlation window needs volume; false for FX. */
  hasVolume: z.boolean(),
});
export type UniverseConfig = z.infer<typeof universeSchema>;

export const embeddingAlgorithmSchema = z.enum(['node2vec', 'graphsage']);

/** One vector an asset and snapshot. `walks` and `walkLength` are node2vec's alone. */
export const embeddingSettingsSchema = z.strictObject({
  algorithm: embeddingAlgorithmSchema,
  dimensions: z.number().int().min(1).max(1024),
  walks: z.number().int().positive(),
  walkLength: z.number().int().min(2),
  /** Steps of a walk within which two nodes belong together. */
  window: z.number().int().positive(),
  epochs: z.number().int().positive(),
  /** A walk goes back with weight 1/p and away from where it was with weight 1/q. */
  p: z.number().positive(),
  q: z.number().positive(),
  negatives: z.number().int().min(1).max(64),
  seed: z.number().int(),
});

export const profileSchema = z.strictObject({
  id: z.enum(['quick', 'full']),
  /** Walk-forward windows, the last one ending at the decision date, each `testDays` long, with purge and embargo before it. */
  windows: z.number().int().min(2),
  testDays: z.number().int().positive(),
  trainDays: z.number().int().positive().nullable(),
  purgeDays: z.number().int().nonnegative(),
  embargoDays: z.number().int().nonnegative(),
  seeds: z.number().int().min(2),
  retrainEverySessions: z.number().int().positive(),
  training: trainingSettingsSchema,
  /**
   * A second learner on the same windows and seeds, so that the report can say what the first adds to it, or does not. Its policies are
   * trials like all others, but never challengers. null: none.
   */
  peer: trainingSettingsSchema.nullable().default(null),
  /** Trials that train at once, each on a task of its own. On one machine no more than its cores allow. */
  parallelTrials: z.number().int().positive().default(8),
  /** Each window's learners start from the parameters of the window before; their windows then train one after the other. */
  warmStart: z.boolean().default(false),
  embeddings: embeddingSettingsSchema,
  graph: z.strictObject({
    correlationDays: z.number().int().positive(),
    correlationThreshold: z.number().gt(0).lt(1),
    /** Sessions between two snapshots of the correlation edges. */
    everySessions: z.number().int().positive(),
    hubDecile: z.number().gt(0).lt(1),
    /** What makes a hub: weighted degree, or PageRank. @default strength */
    hubsBy: z.enum(['strength', 'pageRank']).optional(),
    /** How many edges from a hub its neighbourhood goes. @default 1 */
    neighbourhoodHops: z.number().int().min(1).max(2).optional(),
  }),
  learningControl: z.strictObject({ totalSteps: z.number().int().positive(), threshold: z.number().gt(0).lte(1) }),
});
export type Profile = z.infer<typeof profileSchema>;

/** The settings of the challenger's learner, then of its peer. */
export const learnersOf = ({ training, peer }: Pick<Profile, 'training' | 'peer'>): TrainingSettings[] =>
  peer ? [training, peer] : [training];

export const gatesSchema = z.strictObject({
  risk: z.strictObject({
    maxDrawdown: z.number(),
    maxTurnoverAnnual: z.number(),
    stressWindows: z.array(
      z.strictObject({ name: z.string(), from: z.iso.date(), to: z.iso.date(), maxDrawdown: z.number() }),
    ),
    liquidityStressMaxDrawdown: z.number(),
  }),
  alpha: z.strictObject({
    minSharpe: z.number(),
    sharpeYears: z.number(),
    minDeflatedSharpe: z.number(),
    maxPbo: z.number(),
    /** Trials from which on the probability of backtest overfitting is judged; fewer are too little evidence. null: no such gate. */
    pboMinTrials: z.number().int().positive().nullable(),
    bootstrapLowerBound: z.number(),
    bootstrapSamples: z.number().int(),
    bootstrapBlockDays: z.number().int(),
    minDays: z.number().int(),
  }),
  learningControl: z.number(),
});
export type GatesConfig = z.infer<typeof gatesSchema>;

export const promotionSchema = z.strictObject({
  /** Trading days that each step lasts: shadow, 10 %, 50 %. */
  stepDays: z.strictObject({
    shadow: z.number().int().positive(),
    ten: z.number().int().positive(),
    fifty: z.number().int().positive(),
  }),
  /** A step is unhealthy when the challenger's shadow NAV falls this far (fraction) behind the champion's. */
  maxShortfall: z.number().positive(),
  maxDrawdown: z.number().positive(),
});

const weiSchema = z.string().regex(/^\d+$/);

export const chainSchema = z.strictObject({
  network: z.string(),
  chainId: z.number().int().positive(),
  /** null: the local chain, started by the command. */
  rpcUrl: z.url().nullable(),
  /** A node of a second provider: a transaction is final when both say so. null: the first is believed. */
  witnessRpcUrl: z.url().nullable().default(null),
  finality: z.strictObject({
    tag: z.enum(['finalized', 'safe', 'latest']),
    confirmations: z.number().int().nonnegative(),
    pollSeconds: z.number().nonnegative(),
    maxPolls: z.number().int().positive(),
  }),
  maxFeePerGasWei: weiSchema,
  /** Ceiling of gas limit x fee per gas of one settlement. */
  maxTransactionFeeWei: weiSchema.default('100000000000000000'),
  /** What the relayer may spend in a day (UTC), over all strategies of a ledger. */
  dailyFeeBudgetWei: weiSchema.default('1000000000000000000'),
  orderTtlSeconds: z.number().int().positive(),
  /** Seconds of the chain's time after which a transaction that is not mined is replaced at its nonce, for higher fees. */
  replaceAfterSeconds: z.number().int().positive().default(180),
});
export type ChainConfig = z.infer<typeof chainSchema>;

/** Where a stage computes on AWS. Moving a stage is one line here. */
export const computeSchema = z.record(
  z.enum(STAGES),
  z.strictObject({
    on: z.enum(['lambda', 'task']),
    memoryMb: z.number().int().positive(),
    timeoutSeconds: z.number().int().positive(),
    cpu: z.number().int().positive().optional(),
  }),
);
export type ComputeTable = z.infer<typeof computeSchema>;

export const configSchema = z.strictObject({
  strategy: z.string().regex(/^[a-z0-9-]{1,32}$/),
  universe: z.string(),
  profile: z.enum(['quick', 'full']),
  gates: gatesSchema,
  promotion: promotionSchema,
  chain: chainSchema,
  api: z.strictObject({
    port: z.number().int().min(0).max(65535),
    tokenTtlSeconds: z.number().int().positive(),
    issuer: z.string(),
    audience: z.string(),
  }),
  alerts: z.strictObject({
    sharpeFloor: z.number(),
    drawdown: z.number(),
    driftPValue: z.number(),
    runbook: z.string(),
  }),
  /** IANA zone and cron of the daily run on AWS. */
  schedule: z.strictObject({ timezone: z.string(), cron: z.string() }),
});
export type Config = z.infer<typeof configSchema>;

/** A person's file as it is; the graph stage parses it against the universe's assets. */
export interface RelationFile {
  readonly file: string;
  readonly text: string;
}

export interface Relations {
  readonly suppliers: RelationFile | null;
  readonly holdings: RelationFile | null;
}

/** All that one run needs to know, parsed once at the edge. */
export interface Settings {
  readonly config: Config;
  readonly universe: UniverseConfig;
  readonly profile: Profile;
  readonly compute: ComputeTable;
  /** Supply chain and fund holdings from files beside the universe. @default none */
  readonly relations?: Relations;
}
