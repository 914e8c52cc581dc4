import { sha256 } from '../../domain/lineage/canonical.ts';
import type { LimitHit } from '../../domain/lineage/decision.ts';
import { CASH } from '../../domain/market/instrument.ts';
import { STATE_COLUMNS } from '../../domain/policy/policy.ts';
import { actionToWeights } from '../../domain/portfolio/action.ts';
import { checkWeights, projectWeights, type RiskContext } from '../../domain/risk/projection.ts';
import { tightest } from '../../domain/risk/tightest.ts';
import { ApiProblem } from '../middleware/http-problem.ts';
import type { Champion } from './champion.ts';
import { jsonBody, parseWith } from './request.ts';
import type { ApiRequest } from './routes.ts';
import { dateRequest, type StateMatrix, stateRequest } from './schemas.ts';
import type { ApiService } from './service.ts';

const SUM_TOLERANCE = 1e-6;
/** A state is float32: its weights sum to 1 within this. */
const STATE_TOLERANCE = 1e-3;
const COLUMN = Object.fromEntries(STATE_COLUMNS.map((name, index) => [name, index])) as Record<
  (typeof STATE_COLUMNS)[number],
  number
>;

/** `{state, timestamp}`: what the champion would hold after seeing this state. `{date}`: what was decided on that session. */
export async function postWeights(service: ApiService, { event }: ApiRequest): Promise<unknown> {
  const body = jsonBody(event);
  const byDate = typeof body === 'object' && body !== null && 'date' in body && !('state' in body);
  return byDate
    ? weightsByDate(service, parseWith(dateRequest, body, 422, 'SCHEMA').date)
    : weightsByState(service, body);
}

async function weightsByState(service: ApiService, body: unknown): Promise<unknown> {
  const { state, timestamp } = parseWith(stateRequest, body, 422, 'SCHEMA');
  const champion = await service.champion();
  checkShape(champion, state);
  checkStateColumns(champion, state);
  const context = await contextOf(service, champion, state, timestamp.slice(0, 10));
  const { weights, limitsHit, exposureScale } = await weightsOf(champion, state, context);
  const settled = await settledDecision(service, champion, state, timestamp.slice(0, 10));
  return {
    weights: named(champion.model.symbols, weights),
    timestamp,
    modelHash: champion.ref.hash,
    featureSpecHash: champion.model.featureSpecHash,
    decision: settled?.hash ?? 'not settled',
    settlement: settled?.settlement ?? 'not settled',
    limitsHit,
    exposureScale,
  };
}

interface Projected {
  weights: Float64Array;
  limitsHit: LimitHit[];
  exposureScale: number;
}

/** Policy, action to weights, projection: the functions that decide calls, with ONNX Runtime in the place of the exact runtime. */
async function weightsOf(champion: Champion, state: StateMatrix, context: RiskContext): Promise<Projected> {
  const action = await champion.policy.act(state.values, 1, state.assets, state.features);
  const target = new Float64Array(state.assets);
  actionToWeights(action, 0, usableOf(state), target);
  const projected = projectWeights(target, context);
  const { accepted, reasons } = checkWeights(projected.weights, context);
  if (!accepted) {
    throw new ApiProblem(
      422,
      'STATE_INFEASIBLE',
      `No weights within the limits can be reached from this state: ${reasons[0]}`,
      { field: 'state' },
    );
  }
  return projected;
}

const cell = (state: StateMatrix, asset: number, column: (typeof STATE_COLUMNS)[number]): number =>
  state.values[asset * state.features + state.features - STATE_COLUMNS.length + COLUMN[column]];

function usableOf(state: StateMatrix): Uint8Array {
  return Uint8Array.from({ length: state.assets }, (_, a) => (cell(state, a, 'tradable') === 1 ? 1 : 0));
}

/** What the projection needs to know: the book from the state's own columns (float32, so made to sum to 1), groups from the graph. */
async function contextOf(
  service: ApiService,
  champion: Champion,
  state: StateMatrix,
  date: string,
): Promise<RiskContext> {
  const { model, groups, groupNames } = champion;
  const drifted = Float64Array.from({ length: state.assets }, (_, a) => cell(state, a, 'heldWeight'));
  const total = drifted.reduce((sum, weight) => sum + weight, cell(state, 0, 'cashWeight'));
  return {
    limits: tightest(model.limits, service.ports.settings.universe.limits),
    groups,
    groupNames,
    ...(await service.riskGroups(champion, date)),
    drifted: drifted.map((weight) => weight / total),
    frozen: usableOf(state).map((usable) => 1 - usable),
    drawdown: cell(state, 0, 'drawdown'),
    symbols: model.symbols,
  };
}

function checkShape({ model, width }: Champion, state: StateMatrix): void {
  if (state.assets === model.symbols.length && state.features === width) return;
  throw new ApiProblem(
    422,
    'STATE_SHAPE',
    `The state is ${state.assets} x ${state.features}; this model needs ${model.symbols.length} assets x ${width} columns`,
    {
      field: 'state',
      remedy: 'GET /v1/models/{hash} lists the symbols and the columns in order.',
    },
  );
}

/** The state columns must describe a book that can exist; the feature columns lie within the normaliser's clip. */
function checkStateColumns({ model }: Champion, state: StateMatrix): void {
  const first = state.features - STATE_COLUMNS.length;
  const fault = (asset: number, column: number, needed: string): never => {
    throw new ApiProblem(422, 'STATE_VALUE', needed, { field: `state[${asset}][${column}]` });
  };
  const { clip } = model.normaliser;
  let total = cell(state, 0, 'cashWeight');
  for (let a = 0; a < state.assets; a++) {
    for (let f = 0; f < first; f++) {
      if (Math.abs(state.values[a * state.features + f]) > clip * 1.000001)
        fault(a, f, `a normalised feature lies between -${clip} and ${clip}`);
    }
    for (const column of ['heldWeight', 'drawdown', 'cashWeight'] as const) {
      const value = cell(state, a, column);
      if (value < 0 || value > 1) fault(a, first + COLUMN[column], `${column} is a fraction, 0 to 1`);
    }
    for (const column of ['drawdown', 'cashWeight', 'anchorExposure'] as const) {
      if (cell(state, a, column) !== cell(state, 0, column))
        fault(a, first + COLUMN[column], `${column} is the same for every asset`);
    }
    const tradable = cell(state, a, 'tradable');
    if (tradable !== 0 && tradable !== 1) fault(a, first + COLUMN.tradable, 'tradable is 0 or 1');
    total += cell(state, a, 'heldWeight');
  }
  if (Math.abs(total - 1) > STATE_TOLERANCE)
    fault(0, first + COLUMN.heldWeight, 'heldWeight over all assets and cashWeight sum to 1');
}

/** The decision of that date, when it was made by this model on exactly this observation. */
async function settledDecision(service: ApiService, champion: Champion, state: StateMatrix, date: string) {
  const ref = await service.decisionRefByDate(date);
  if (!ref) return null;
  const decision = await service.decision(ref.hash);
  const seen = sha256(new Uint8Array(state.values.buffer, state.values.byteOffset, state.values.byteLength));
  if (decision.observationHash !== seen || decision.champion.modelHash !== champion.ref.hash) return null;
  const settlement = await service.settlement(ref.hash);
  return settlement && { hash: ref.hash, settlement };
}

async function weightsByDate(service: ApiService, date: string): Promise<unknown> {
  const ref = await service.decisionRefByDate(date);
  if (!ref)
    throw new ApiProblem(404, 'NO_DECISION', `Nothing was decided on ${date}`, {
      field: 'date',
      remedy: 'GET /v1/decisions lists the dates.',
    });
  const decision = await service.decision(ref.hash);
  const { modelHash } = decision.champion;
  const [model, settlement] = await Promise.all([service.model(modelHash), service.settlement(ref.hash)]);
  return {
    weights: Object.fromEntries(Object.entries(decision.weightsBps).map(([symbol, bps]) => [symbol, bps / 10_000])),
    timestamp: date,
    modelHash,
    featureSpecHash: model.featureSpecHash,
    decision: ref.hash,
    settlement: settlement ?? 'not settled',
    limitsHit: decision.limitsHit,
    exposureScale: decision.exposureScale,
  };
}

/** Weights by symbol with cash as the rest; what is not finite or does not sum to 1 never leaves. */
function named(symbols: readonly string[], weights: Float64Array): Record<string, number> {
  const result: Record<string, number> = {};
  let total = 0;
  for (let a = 0; a < symbols.length; a++) {
    result[symbols[a]] = weights[a];
    total += weights[a];
  }
  const cash = Math.max(0, 1 - total);
  if (!(Math.abs(total + cash - 1) <= SUM_TOLERANCE)) throw new Error(`weights sum to ${total + cash}`);
  result[CASH] = cash;
  return result;
}
