import { type MarketData, PortfolioLoop, riskContextAt } from '../environment/portfolio-loop.ts';
import { ProductError, refused } from '../errors.ts';
import { CATALOGUE } from '../features/catalogue.ts';
import type { RiskGroupsHistory } from '../features/groups.ts';
import { ObservationBuilder } from '../features/observation.ts';
import type { FeatureTensor } from '../features/spec.ts';
import { hashOf, sha256 } from '../lineage/canonical.ts';
import type { Decision } from '../lineage/decision.ts';
import type { ArtifactRef } from '../lineage/manifest.ts';
import type { Model } from '../lineage/model.ts';
import { CASH } from '../market/instrument.ts';
import { type MarketPanel, withLateExits } from '../market/panel.ts';
import type { Policy } from '../policy/policy.ts';
import { actionToWeights } from '../portfolio/action.ts';
import { PortfolioBook } from '../portfolio/book.ts';
import { oneWayTurnover, tradeCost } from '../portfolio/trade-cost.ts';
import { toBasisPoints } from '../risk/basis-points.ts';
import { isLongShort, type Limits } from '../risk/limits.ts';
import { projectWeights } from '../risk/projection.ts';
import { tightest } from '../risk/tightest.ts';

/** A registered model with its policy loaded into a runtime. */
export interface DecidingModel {
  /** SHA-256 of the model folder's manifest. */
  hash: string;
  model: Model;
  policy: Policy;
}

/** All that a decision rests on. Panel and tensor end at `date`. */
export interface DecisionInputs {
  strategy: string;
  universe: string;
  /** The session at whose close the decision is made. */
  date: string;
  champion: DecidingModel;
  /** Capital share of the challenger: 0 in shadow. */
  challenger: { deciding: DecidingModel; alpha: number } | null;
  dataset: ArtifactRef;
  features: ArtifactRef;
  featureSpecHash: string;
  panel: MarketPanel;
  /** Names of the assets in the ledger, by symbol, where they are others (`lastingNames` of instruments). */
  ledgerNames: ReadonlyMap<string, string>;
  /** Bars of sessions up to the decision before that became known after it. @default none */
  lateBars?: readonly { symbol: string; date: string }[];
  /** The first day of the symbols that instruments took from another, or anew. @default none */
  symbolsTaken?: ReadonlyMap<string, string>;
  tensor: FeatureTensor;
  groups: RiskGroupsHistory | null;
  /** Limits beside those of the champion: the tighter of each holds. @default the champion's alone */
  limits?: Limits;
  /** The decision before this one, with the hash of its folder. null: the first decision, from all cash and NAV 1. */
  previous: { hash: string; decision: Decision } | null;
}

export interface ComputedDecision {
  decision: Decision;
  /** float32 [A, F + 6]: what the champion saw. */
  observation: Float32Array;
}

/**
 * The decision of one day, from its inputs alone: the same inputs give the same bits on every machine (with the exact policy
 * runtime). The decide stage, the reproducibility gate and the replay check call this one function.
 *
 * Assets are matched by the names that the ledger has for them, which a change of symbol leaves. The policy networks are equivariant over assets, so a model decides over the symbols of the
 * dataset, also those that were listed after it was trained; a symbol that is held but is not in the dataset stops the decision.
 */
export async function computeDecision(inputs: DecisionInputs): Promise<ComputedDecision> {
  const t = lastSession(inputs);
  const { panel, champion, challenger } = inputs;
  const { costs } = champion.model;
  const limits = inputs.limits ? tightest(champion.model.limits, inputs.limits) : champion.model.limits;
  if (isLongShort(limits)) throw notSettled(champion.model.name);
  const market: MarketData = { panel, groups: inputs.groups, limits, costs };
  const book = bookAt(inputs, market, t);
  const drawdown = book.drawdown(limits);

  const seen = await observeAndAct(inputs, champion, t, book, drawdown);
  const context = riskContextAt(market, t, book, seen.usable);
  const policyWeights = weightsOf(seen.action, seen.usable);
  let blended = policyWeights;
  if (challenger && challenger.alpha > 0) {
    const other = await observeAndAct(inputs, challenger.deciding, t, book, drawdown);
    const theirs = weightsOf(other.action, other.usable);
    blended = policyWeights.map((w, a) => (1 - challenger.alpha) * w + challenger.alpha * theirs[a]);
  }
  const { weights: projected, limitsHit, exposureScale } = projectWeights(blended, context);
  const bps = toBasisPoints(projected, context);
  const target = Float64Array.from(panel.symbols, (_, a) => bps[a] / 10_000);
  const weightsBps = recordOf([...panel.symbols, CASH], bps);
  const previousBps = previousWeights(inputs);

  const decision: Decision = {
    schema: 1,
    strategy: inputs.strategy,
    universe: inputs.universe,
    date: inputs.date,
    champion: { modelHash: champion.hash, name: champion.model.name, kind: champion.model.kind },
    challenger: challenger && {
      modelHash: challenger.deciding.hash,
      name: challenger.deciding.model.name,
      alpha: challenger.alpha,
    },
    dataset: inputs.dataset,
    features: inputs.features,
    previousDecision: inputs.previous?.hash ?? null,
    book: {
      date: inputs.date,
      nav: book.nav,
      highWaterMark: book.highWaterMark,
      daysSinceHigh: book.daysSinceHigh,
      held: withCash(panel.symbols, book.held, book.cash),
    },
    observationHash: sha256(littleEndian(seen.observation)),
    action: Array.from(seen.action),
    steps: {
      anchor: withCash(panel.symbols, anchorWeights(inputs, t, seen.usable)),
      policy: withCash(panel.symbols, policyWeights),
      blended: withCash(panel.symbols, blended),
      projected: withCash(panel.symbols, projected),
    },
    exposureScale,
    ...(hashOf(limits) !== hashOf(champion.model.limits) && { limits }),
    limitsHit,
    weightsBps,
    previousBps,
    ...(inputs.ledgerNames.size > 0 && { ledgerNames: Object.fromEntries(inputs.ledgerNames) }),
    trades: tradesBetween(previousBps, weightsBps),
    turnover: oneWayTurnover(book.held, target),
    expectedCostBps: tradeCost(panel, t, book.held, target, costs) * 10_000,
  };
  return { decision, observation: seen.observation };
}

/** The little-endian bytes of float32 values, whatever the machine's own order. */
export function littleEndian(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i += 1) view.setFloat32(i * 4, values[i], true);
  return bytes;
}

/** Panel and tensor must end at the decision's date, and hold the same assets; a model must have been trained on this feature spec. */
function lastSession(inputs: DecisionInputs): number {
  const { panel, tensor, date } = inputs;
  const t = panel.dates.length - 1;
  if (panel.dates[t] !== date || tensor.dates.length !== panel.dates.length || tensor.dates[t] !== date) {
    throw refused('DECIDE_DATE', 'Dataset and features do not end at the day to decide', {
      facts: { date, dataset: panel.dates[t], features: tensor.dates[tensor.dates.length - 1] },
      remedy: 'Run the earlier stages of this day first (drl run daily).',
    });
  }
  if (panel.symbols.join() !== tensor.symbols.join()) {
    throw refused('DECIDE_SYMBOLS', 'The features are those of another dataset', {
      facts: { dataset: inputs.dataset.hash, features: inputs.features.hash },
      remedy: 'Run the features stage of this day again.',
    });
  }
  for (const { hash, model } of [inputs.champion, ...(inputs.challenger ? [inputs.challenger.deciding] : [])]) {
    if (model.featureSpecHash !== inputs.featureSpecHash) {
      throw refused('DECIDE_FEATURE_SPEC', `The model ${model.name} was trained on another feature spec than today's`, {
        facts: { modelHash: hash, modelFeatureSpec: model.featureSpecHash, todaysFeatureSpec: inputs.featureSpecHash },
        remedy:
          'Train and promote a model on the new spec (drl run training), or compute the features with the old one.',
      });
    }
  }
  return t;
}

/**
 * The book at the close of session `t`: the previous decision's book taken forward by the one loop, its target filled at the
 * first session after it. Costs are the champion's.
 */
function bookAt(inputs: DecisionInputs, market: MarketData, t: number): PortfolioBook {
  const { date, previous } = inputs;
  const { panel, limits } = market;
  if (!previous) return PortfolioBook.start(panel.symbols.length);
  const { book, weightsBps } = previous.decision;
  const from = panel.dates.indexOf(book.date);
  if (from < 0 || from >= t) {
    throw refused(
      'DECIDE_PREVIOUS',
      'The decision before this one was not made on an earlier session of this dataset',
      {
        facts: { date, previousDate: book.date, previousDecision: previous.hash },
        remedy: 'Decide days in order; a dataset must keep the sessions that were decided.',
      },
    );
  }
  const { nav, highWaterMark, daysSinceHigh } = book;
  const held = byAsset(inputs, book.held);
  const pending = byAsset(inputs, weightsBps).map((bps) => bps / 10_000);
  const late = earnedUnseen(inputs, held, from);
  const loop = new PortfolioLoop({ ...market, panel: withLateExits(panel, held, from) });
  loop.restore({
    t: from,
    book: {
      nav: nav * late,
      highWaterMark,
      daysSinceHigh,
      held: held.map((weight) => weight / late),
      cash: (book.held[CASH] ?? 0) / late,
    },
    pending,
    hasPending: true,
  });
  while (loop.t < t) {
    loop.advance();
    loop.book.drawdown(limits);
  }
  return loop.book;
}

/**
 * Bars up to session `from` that came, or were released, after the book had valued its assets without them: what they earned is added to `held`.
 * @returns growth of the whole book.
 */
function earnedUnseen({ panel, lateBars = [] }: DecisionInputs, held: Float64Array, from: number): number {
  const { dates, symbols, returns, tradable } = panel;
  let growth = 1;
  for (const symbol of new Set(lateBars.map((bar) => bar.symbol))) {
    const asset = symbols.indexOf(symbol);
    if (asset < 0 || held[asset] === 0) continue;
    const late = new Set(lateBars.filter((bar) => bar.symbol === symbol).map(({ date }) => date));
    let earned = 1;
    for (let t = from; t >= 0 && (late.has(dates[t]) || tradable[t * symbols.length + asset] === 0); t -= 1)
      earned *= 1 + returns[t * symbols.length + asset];
    growth += held[asset] * (earned - 1);
    held[asset] *= earned;
  }
  return growth;
}

/** Today's symbol of what the decision before names; null: the dataset does not have it, also where another has taken its symbol since. */
function todaysSymbol(inputs: DecisionInputs): (symbol: string) => string | null {
  const { panel, ledgerNames, symbolsTaken, previous } = inputs;
  const { date = '', ledgerNames: before = {} } = previous?.decision ?? {};
  const symbols = new Map(panel.symbols.map((symbol) => [ledgerNames.get(symbol) ?? symbol, symbol]));
  const isStill = (symbol: string): boolean =>
    panel.symbols.includes(symbol) && (symbolsTaken?.get(symbol) ?? '') <= date;
  return (symbol) => symbols.get(before[symbol] ?? symbol) ?? (isStill(symbol) ? symbol : null);
}

function previousWeights(inputs: DecisionInputs): Record<string, number> {
  if (!inputs.previous) return { [CASH]: 10_000 };
  const today = todaysSymbol(inputs);
  const weights: Record<string, number> = {};
  for (const [symbol, bps] of Object.entries(inputs.previous.decision.weightsBps)) {
    const name = today(symbol) ?? symbol;
    weights[name] = (weights[name] ?? 0) + bps;
  }
  return weights;
}

/** [A] what the decision before says of each asset; cash is left out. Two that have turned out to be one (a change of symbol that was told late) are added. */
function byAsset(inputs: DecisionInputs, values: Record<string, number>): Float64Array {
  const { symbols } = inputs.panel;
  const today = todaysSymbol(inputs);
  const result = new Float64Array(symbols.length);
  for (const [symbol, value] of Object.entries(values)) {
    const name = today(symbol);
    if (name !== null) result[symbols.indexOf(name)] += value;
    else if (symbol !== CASH && value !== 0) {
      throw refused('DECIDE_HELD_SYMBOL', `The book holds ${symbol}, which is not in the dataset`, {
        facts: { asset: symbol, held: value, previousDecision: inputs.previous?.hash },
        remedy:
          'Keep the asset in the dataset with its last bar and what became of it (delisting, merger, change of symbol).',
      });
    }
  }
  return result;
}

async function observeAndAct(
  inputs: DecisionInputs,
  deciding: DecidingModel,
  t: number,
  book: PortfolioBook,
  drawdown: number,
) {
  const { panel, tensor } = inputs;
  const builder = new ObservationBuilder(tensor, deciding.model.normaliser);
  const usable = builder.usable(t, panel);
  const lost = lostFeature(inputs, builder, usable, t);
  if (lost) throw notFinite(lost);
  const observation = new Float32Array(builder.assets * builder.width);
  builder.write(t, { held: book.held, cash: book.cash, drawdown, usable }, observation, 0);
  const bad = observation.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const field = builder.columnAt(bad % builder.width);
    throw notFinite({ asset: panel.symbols[Math.floor(bad / builder.width)], day: inputs.date, field });
  }
  const action = Float32Array.from(await deciding.policy.act(observation, 1, builder.assets, builder.width));
  const wrong = action.findIndex((value, a) => !Number.isFinite(value) && (a === builder.assets || usable[a] === 1));
  if (wrong >= 0 || action.length !== builder.assets + 1) {
    const asset = wrong < 0 ? 'portfolio' : (panel.symbols[wrong] ?? 'portfolio');
    throw notFinite({ asset, day: inputs.date, field: `action of ${deciding.model.name}` });
  }
  return { observation, action: action.map((value) => (Number.isFinite(value) ? value : 0)), usable };
}

/**
 * A feature that was known at the session before and is not known now, although the asset has a bar on both days, is a break in
 * the data, not an asset too young: the line stops. What may lapse by its definition leaves the asset untraded instead.
 */
function lostFeature(inputs: DecisionInputs, builder: ObservationBuilder, usable: Uint8Array, t: number) {
  if (t === 0) return null;
  const { panel, tensor } = inputs;
  const before = builder.usable(t - 1, panel);
  const assets = panel.symbols.length;
  for (let a = 0; a < assets; a += 1) {
    if (usable[a] === 1 || before[a] === 0 || panel.tradable[t * assets + a] === 0) continue;
    const row = (t * assets + a) * tensor.columns.length;
    const unknown = tensor.columns.filter((_, f) => !Number.isFinite(tensor.values[row + f]));
    // an incomplete row has no anchor: that alone says nothing
    const field = unknown.length === 0 ? 'anchorLogit' : unknown.find((name) => !CATALOGUE[name]?.mayLapse);
    if (field) return { asset: panel.symbols[a], day: inputs.date, field };
  }
  return null;
}

const notSettled = (model: string): ProductError =>
  refused('DECIDE_LONG_SHORT', `${model} holds short positions or leverage, which the contract does not settle`, {
    facts: { field: 'limits.mode', value: 'longShort', model },
    remedy: 'Train and promote a model of a long-only universe; long/short books are for training and research.',
  });

const notFinite = ({ asset, day, field }: { asset: string; day: string; field: string }): ProductError =>
  new ProductError('DECIDE_NOT_FINITE', `${field} of ${asset} on ${day} is not a finite number: nothing is decided`, {
    facts: { asset, day, field },
    remedy: 'Check the bars of this asset on this day (drl data check, drl data quarantine), then run the day again.',
  });

function weightsOf(action: Float32Array, usable: Uint8Array): Float64Array {
  const weights = new Float64Array(usable.length);
  actionToWeights(action, 0, usable, weights);
  return weights;
}

/** What model 0 would hold: the weights of the anchor that every policy tilts. */
function anchorWeights({ tensor }: DecisionInputs, t: number, usable: Uint8Array): Float64Array {
  const assets = usable.length;
  const action = new Float32Array(assets + 1);
  for (let a = 0; a < assets; a += 1) action[a] = usable[a] === 1 ? tensor.anchorLogit[t * assets + a] : 0;
  action[assets] = Number.isNaN(tensor.anchorExposure[t]) ? 0 : tensor.anchorExposure[t];
  return weightsOf(action, usable);
}

const recordOf = (names: readonly string[], values: ArrayLike<number>): Record<string, number> =>
  Object.fromEntries(names.map((name, i) => [name, values[i]]));

function withCash(symbols: readonly string[], weights: Float64Array, cash?: number): Record<string, number> {
  return { ...recordOf(symbols, weights), [CASH]: cash ?? 1 - weights.reduce((sum, w) => sum + w, 0) };
}

function tradesBetween(from: Record<string, number>, to: Record<string, number>): Decision['trades'] {
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .sort()
    .map((symbol) => ({ symbol, fromBps: from[symbol] ?? 0, toBps: to[symbol] ?? 0 }))
    .map((trade) => ({ ...trade, changeBps: trade.toBps - trade.fromBps }))
    .filter(({ symbol, changeBps }) => symbol !== CASH && changeBps !== 0);
}
