import { signedAction, UsableTable } from '../environment/environment.ts';
import { type MarketData, PortfolioLoop } from '../environment/portfolio-loop.ts';
import { badInput } from '../errors.ts';
import { ObservationBuilder } from '../features/observation.ts';
import type { FeatureTensor, Normaliser } from '../features/spec.ts';
import type { MarketPanel } from '../market/panel.ts';
import type { Policy } from '../policy/policy.ts';
import { actionToWeights } from '../portfolio/action.ts';
import type { PortfolioBook } from '../portfolio/book.ts';
import { checkWeights } from '../risk/check.ts';

export type { MarketData } from '../environment/portfolio-loop.ts';

/** A strategy as the backtest sees it. */
export interface TargetPolicy {
  name: string;
  /**
   * Target weights [A] decided at the close of `t` from nothing later than `t`; not yet projected, not scaled for drawdown (the
   * projection does both). To trade nothing but for drawdown, return the unscaled portfolio drifted, never `book.held`.
   */
  decide(t: number, book: PortfolioBook, data: MarketData): Float64Array | Promise<Float64Array>;
  /** [A] 1 where the policy may trade at `t`; default: every asset with a bar. The rest keep their drifted weight. */
  usable?(t: number, panel: MarketPanel): Uint8Array;
  /**
   * Orders are sent as units, so that a portfolio left alone is not traded back by one day's drift; default: as weights, which is what
   * the contract takes.
   */
  ordersInUnits?: boolean;
}

/**
 * Row k is session `from + k`, after the fill at its close. Row 0 is the start: all cash, NAV 1, the first decision made. n rows.
 */
export interface BacktestResult {
  name: string;
  dates: string[];
  symbols: readonly string[];
  nav: Float64Array;
  /** Net simple return over the session; 0 in row 0, and once there is nothing left to earn from. */
  returns: Float64Array;
  /** One-way turnover of the fill at the row's close. */
  turnover: Float64Array;
  /** Cost of that fill, fraction of NAV. */
  costs: Float64Array;
  /** [n, A] held after the fill. */
  weights: Float64Array;
  /** Sum of held weights. */
  exposure: Float64Array;
  /** 1 - NAV / high-water mark (reset rule applied). */
  drawdown: Float64Array;
  /** Sessions on which each limit changed the target. */
  limitsHit: Record<string, number>;
  /** Decisions that `checkWeights` refuses; null where they were not checked. */
  breaches: { date: string; reasons: string[] }[] | null;
}

export interface BacktestOptions {
  /** Added to commission. */
  extraCostBps?: number;
  /** false: targets are taken as they are. */
  project?: boolean;
  /** Check every decision against the limits, apart from the projection: fills `breaches`. */
  checkLimits?: boolean;
}

/**
 * Runs a policy from all cash over sessions `from`..`to` (inclusive indices). The only loop: `PortfolioLoop`, which the environment
 * steps too. Policies that answer at once are never awaited, so the loop then runs without a break.
 * @throws BACKTEST_RANGE when the range is not inside the panel or shorter than two sessions.
 */
export async function runBacktest(
  data: MarketData,
  policy: TargetPolicy,
  from: number,
  to: number,
  options: BacktestOptions = {},
): Promise<BacktestResult> {
  checkRange(data.panel, from, to);
  const extra = options.extraCostBps ?? 0;
  const market =
    extra === 0 ? data : { ...data, costs: { ...data.costs, commissionBps: data.costs.commissionBps + extra } };
  const loop = new PortfolioLoop(market);
  const result = emptyResult(policy.name, data.panel, from, to);
  if (options.checkLimits) result.breaches = [];
  loop.start(from);
  record(result, 0, loop);
  for (let t = from; t < to; t += 1) {
    const usable = policy.usable?.(t, data.panel) ?? tradableAt(data.panel, t);
    const answer = policy.decide(t, loop.book, market);
    const target = isPromise(answer) ? await answer : answer;
    loop.choose(target, usable, options.project ?? true);
    countLimits(result, target, loop);
    if (result.breaches) {
      const { accepted, reasons } = checkWeights(loop.pending, loop.context);
      if (!accepted) result.breaches.push({ date: data.panel.dates[t], reasons });
    }
    loop.advance(policy.ordersInUnits);
    record(result, t + 1 - from, loop);
  }
  return result;
}

const isPromise = <T>(value: T | Promise<T>): value is Promise<T> => typeof (value as Promise<T>).then === 'function';

const tradableAt = (panel: MarketPanel, t: number): Uint8Array =>
  panel.tradable.subarray(t * panel.symbols.length, (t + 1) * panel.symbols.length);

function checkRange(panel: MarketPanel, from: number, to: number): void {
  if (Number.isInteger(from) && Number.isInteger(to) && from >= 0 && to < panel.dates.length && to > from) return;
  throw badInput('BACKTEST_RANGE', 'The range is not inside the data', {
    facts: { from, to, sessions: panel.dates.length },
    remedy: 'Give two sessions of the dataset, the first before the second.',
  });
}

function emptyResult(name: string, panel: MarketPanel, from: number, to: number): BacktestResult {
  const n = to - from + 1;
  const series = (): Float64Array => new Float64Array(n);
  return {
    name,
    dates: panel.dates.slice(from, to + 1),
    symbols: panel.symbols,
    nav: series(),
    returns: series(),
    turnover: series(),
    costs: series(),
    weights: new Float64Array(n * panel.symbols.length),
    exposure: series(),
    drawdown: series(),
    limitsHit: {},
    breaches: null,
  };
}

function record(result: BacktestResult, k: number, loop: PortfolioLoop): void {
  const { book } = loop;
  result.nav[k] = book.nav;
  result.returns[k] = k === 0 || result.nav[k - 1] === 0 ? 0 : book.nav / result.nav[k - 1] - 1;
  result.turnover[k] = loop.turnover;
  result.costs[k] = loop.cost;
  result.weights.set(book.held, k * book.held.length);
  let exposure = 0;
  for (let a = 0; a < book.held.length; a += 1) exposure += book.held[a];
  result.exposure[k] = exposure;
  result.drawdown[k] = book.drawdown(loop.data.limits);
}

function countLimits(result: BacktestResult, target: Float64Array, loop: PortfolioLoop): void {
  const seen = new Set<string>();
  if (loop.projector.untouched) {
    if (loop.exposureScale < 1) seen.add('drawdown');
  } else for (const hit of loop.projector.limitsHit(target, loop.pending, loop.context)) seen.add(hit.limit);
  for (const limit of seen) result.limitsHit[limit] = (result.limitsHit[limit] ?? 0) + 1;
}

/** A model as a target policy: observation, policy, action -> weights, the same functions as in training and serving. */
export function modelPolicy(name: string, policy: Policy, tensor: FeatureTensor, normaliser: Normaliser): TargetPolicy {
  const builder = new ObservationBuilder(tensor, normaliser);
  const assets = tensor.symbols.length;
  const observation = new Float32Array(assets * builder.width);
  const target = new Float64Array(assets);
  let table: { panel: MarketPanel; rows: UsableTable } | null = null;
  const usableAt = (t: number, panel: MarketPanel): Uint8Array => {
    if (table?.panel !== panel) table = { panel, rows: new UsableTable(builder, tensor, panel) };
    return table.rows.at(t);
  };
  return {
    name,
    usable: usableAt,
    decide(t, book, { panel, limits }) {
      const usable = usableAt(t, panel);
      builder.write(t, { held: book.held, cash: book.cash, drawdown: book.drawdown(limits), usable }, observation, 0);
      const answer = policy.act(observation, 1, assets, builder.width);
      const weights = (action: Float32Array): Float64Array => {
        actionToWeights(action, 0, usable, target, signedAction({ limits, tensor }, t));
        return target;
      };
      return isPromise(answer) ? answer.then(weights) : weights(answer);
    },
  };
}

/**
 * Capital blended between two policies: w = (1 - alpha) w_champion + alpha w_challenger. Limits are convex, so the projection of the
 * blend keeps them. An asset is traded only where both may trade it.
 */
export function blendPolicies(champion: TargetPolicy, challenger: TargetPolicy, alpha: number): TargetPolicy {
  const blend = (a: Float64Array, b: Float64Array): Float64Array =>
    a.map((weight, i) => (1 - alpha) * weight + alpha * b[i]);
  return {
    name: `${champion.name} ${1 - alpha} + ${challenger.name} ${alpha}`,
    usable(t, panel) {
      const first = champion.usable?.(t, panel) ?? tradableAt(panel, t);
      const second = challenger.usable?.(t, panel) ?? tradableAt(panel, t);
      return first.map((yes, a) => yes & second[a]);
    },
    decide(t, book, data) {
      const a = champion.decide(t, book, data);
      const b = challenger.decide(t, book, data);
      if (isPromise(a) || isPromise(b)) return Promise.all([a, b]).then(([first, second]) => blend(first, second));
      return blend(a, b);
    },
  };
}
