import { z } from 'zod';
import { decisionSchema, limitHitSchema } from '../../domain/lineage/decision.ts';
import { gateReportSchema } from '../../domain/lineage/gate-report.ts';
import { HASH } from '../../domain/lineage/manifest.ts';
import { MODEL_KINDS } from '../../domain/lineage/model.ts';
import { monitorSchema } from '../../domain/monitoring/monitor.ts';

/** No observation value is larger: normalised features are clipped far below, state columns are fractions and logs. */
export const MAX_STATE_VALUE = 1e6;

export interface StateMatrix {
  assets: number;
  features: number;
  /** float32, row-major [assets, features]. */
  values: Float32Array;
}

/** JSON rows to one Float32Array in a single pass; the first value at fault names its place. */
function toMatrix(value: unknown, context: z.RefinementCtx): StateMatrix {
  const fault = (path: number[], message: string): never => {
    context.addIssue({ code: 'custom', message, path });
    return z.NEVER as never;
  };
  if (!Array.isArray(value) || value.length === 0) return fault([], 'a list of rows, one per asset, is needed');
  const first: unknown = value[0];
  const features = Array.isArray(first) ? first.length : 0;
  if (features === 0) return fault([0], 'a row is a list of numbers');
  const values = new Float32Array(value.length * features);
  let k = 0;
  for (let a = 0; a < value.length; a++) {
    const row: unknown = value[a];
    if (!Array.isArray(row)) return fault([a], 'a row is a list of numbers');
    if (row.length !== features)
      return fault([a], `every row has ${features} numbers like the first; this one has ${row.length}`);
    for (let f = 0; f < features; f++) {
      const x: unknown = row[f];
      if (typeof x !== 'number' || !(Math.abs(x) <= MAX_STATE_VALUE))
        return fault([a, f], `a number between -1e6 and 1e6 is needed`);
      values[k++] = x;
    }
  }
  return { assets: value.length, features, values };
}

export const stateSchema = z
  .unknown()
  .transform(toMatrix)
  .meta({
    description:
      'The observation: one row per asset in the order of the model’s `symbols`, one column per feature of the model’s feature spec, then heldWeight, drawdown, cashWeight, anchorLogit, anchorExposure, tradable.',
    override: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'array',
        minItems: 1,
        items: { type: 'number', minimum: -MAX_STATE_VALUE, maximum: MAX_STATE_VALUE },
      },
    },
  });

const timestamp = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

export const stateRequest = z
  .strictObject({
    state: stateSchema,
    timestamp: timestamp.meta({ description: 'The session (or an instant of it) that the state belongs to.' }),
  })
  .meta({ id: 'WeightsByState' });
export const dateRequest = z
  .strictObject({ date: z.iso.date().meta({ description: 'A session on which the strategy decided.' }) })
  .meta({ id: 'WeightsByDate' });

const weights = z
  .record(z.string(), z.number().min(0).max(1))
  .meta({ description: 'Fractions of NAV by symbol, `CASH` included; they sum to 1.' });
const NOT_SETTLED = z.literal('not settled');

export const settlementView = z
  .strictObject({ transaction: z.string(), epoch: z.number().int(), chainId: z.number().int(), status: z.string() })
  .meta({ id: 'Settlement' });

export const weightsResponse = z
  .strictObject({
    weights,
    timestamp: z.string(),
    modelHash: HASH,
    featureSpecHash: HASH,
    decision: z
      .union([HASH, NOT_SETTLED])
      .meta({ description: 'The decision that holds these weights, or that nothing was settled for this state.' }),
    settlement: z.union([settlementView, NOT_SETTLED]),
    limitsHit: z.array(limitHitSchema),
    exposureScale: z.number().meta({ description: 'What drawdown control left of the exposure, 0 to 1.' }),
  })
  .meta({ id: 'Weights' });

export const decisionItem = z
  .strictObject({ date: z.iso.date(), decision: HASH, modelHash: HASH, universe: z.string() })
  .meta({ id: 'DecisionItem' });
export const decisionsResponse = z.strictObject({ decisions: z.array(decisionItem) }).meta({ id: 'Decisions' });
export const decisionResponse = z
  .strictObject({
    hash: HASH,
    decision: decisionSchema.meta({ id: 'Decision' }),
    settlement: z.union([settlementView, NOT_SETTLED]),
  })
  .meta({ id: 'DecisionDetail' });

export const modelItem = z
  .strictObject({
    modelHash: HASH,
    name: z.string(),
    kind: z.enum(MODEL_KINDS),
    version: z.number().int(),
    date: z.iso.date(),
    verdict: z.enum(['accepted', 'rejected']),
    champion: z.boolean(),
  })
  .meta({ id: 'ModelItem' });
export const modelsResponse = z.strictObject({ models: z.array(modelItem) }).meta({ id: 'Models' });
export const modelResponse = z
  .strictObject({
    modelHash: HASH,
    name: z.string(),
    kind: z.enum(MODEL_KINDS),
    universe: z.string(),
    symbols: z.array(z.string()),
    features: z.array(z.string()).meta({ description: 'The columns of the observation, in order.' }),
    featureSpecHash: HASH,
    champion: z.boolean(),
    gateReport: gateReportSchema.meta({ id: 'GateReport' }),
  })
  .meta({ id: 'ModelDetail' });

export const healthResponse = z
  .strictObject({
    status: z.literal('ok'),
    strategy: z.string(),
    universe: z.string(),
    champion: HASH.nullable(),
    latestDecision: z.strictObject({ date: z.iso.date(), decision: HASH }).nullable(),
    sourceLine: z.string(),
  })
  .meta({ id: 'Health' });

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    detail: z.string(),
    field: z.string().optional(),
    remedy: z.string().optional(),
  })
  .meta({ id: 'Problem' });

export const listQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(500).default(50) });
export const barsQuery = z.strictObject({
  symbol: z.string().regex(/^[A-Z0-9][A-Z0-9.-]{0,15}$/, 'a symbol: capital letters, digits, "." and "-"'),
  from: z.iso.date().default('0001-01-01'),
  to: z.iso.date().default('9999-12-31'),
});
export const barsResponse = z
  .strictObject({
    dataset: HASH,
    symbol: z.string(),
    numeraire: z.string(),
    licence: z.string(),
    sourceLine: z.string(),
    bars: z.array(z.strictObject({ date: z.iso.date(), close: z.number() })),
  })
  .meta({ id: 'Bars' });
export const hashPath = z.strictObject({ hash: HASH });
export const riskResponse = monitorSchema.meta({ id: 'Monitor' });
