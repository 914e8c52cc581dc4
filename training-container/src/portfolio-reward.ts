import type { EnvironmentData, PortfolioEnvironment } from '../../domain/environment/environment.ts';
import { REWARD_SCALE, VARIANCE_FLOOR } from '../../domain/environment/reward.ts';
import { borrowRate, cashRate } from '../../domain/portfolio/book.ts';
import type { Limits } from '../../domain/risk/limits.ts';
import type { RewardSettings } from '../../domain/training/settings.ts';
import type { GraphBuilder } from './autodiff/graph-builder.ts';
import type { Tensor } from './autodiff/tensor.ts';
import { anchoredWeights } from './networks/weights.ts';

/** Facts of one decision that are one number each, after the six rows of A numbers. */
const SCALARS = [
  'scale',
  'cashReturn',
  'cost',
  'navOverHigh',
  'drawdownBefore',
  'offset',
  'fresh',
  'mean',
  'square',
  'tailPrice',
  'quantile',
] as const;
const ROWS = ['earned', 'before', 'after', 'usable', 'costRate', 'anchor'] as const;

export const factsWidth = (assets: number): number => ROWS.length * assets + SCALARS.length;

/** What the book knew and did around one decision: see `writeFacts`. */
export interface DecisionFacts {
  /** Subtracted from the reward whatever the action was, in the scale of the reward. */
  readonly offset: number;
  /** 1: the portfolio before this decision was not chosen by the row before it. */
  readonly fresh: number;
  /** Running first and second moment of the differential Sharpe ratio before this step. */
  readonly mean: number;
  readonly square: number;
  /** Price of a loss beyond the tail's quantile, and that quantile. */
  readonly tailPrice: number;
  readonly quantile: number;
}

/** Write the facts of the decision that `environment` has just stepped through. */
export function writeFacts(
  environment: PortfolioEnvironment,
  data: EnvironmentData,
  usable: Uint8Array,
  extra: DecisionFacts,
  out: Float32Array,
  offset: number,
): void {
  const { loop } = environment;
  const { panel, tensor, costs, limits } = data;
  const { book, drifted } = loop;
  const assets = book.held.length;
  const next = (loop.t + 1) * assets;
  const decided = (loop.t - 1) * assets;
  const { symbols } = panel;
  for (let a = 0; a < assets; a++) {
    const fee = book.held[a] < 0 ? borrowRate(symbols[a], costs) : 0;
    out[offset + a] = panel.returns[next + a] + fee;
    out[offset + assets + a] = drifted[a];
    out[offset + 2 * assets + a] = book.held[a];
    out[offset + 3 * assets + a] = usable[a];
    out[offset + 4 * assets + a] =
      (costs.commissionBps + (costs.slippageOverrides[symbols[a]] ?? costs.slippageBps)) / 10_000;
    const logit = tensor.anchorLogit[decided + a];
    out[offset + 5 * assets + a] = Number.isNaN(logit) ? 0 : logit;
  }
  for (const exit of panel.exits)
    if (exit.t === loop.t + 1)
      out[offset + exit.asset] = (1 + panel.returns[next + exit.asset]) * (1 + exit.finalReturn) - 1;
  out.set(
    [
      loop.exposureScale,
      cashRate(book.cash, costs),
      loop.cost,
      book.nav / book.highWaterMark,
      book.drawdown(limits),
      extra.offset,
      extra.fresh,
      extra.mean,
      extra.square,
      extra.tailPrice,
      extra.quantile,
    ],
    offset + ROWS.length * assets,
  );
}

/**
 * The reward of segments of L consecutive decisions as a function of the actions [B, L, A + 1] and the facts [B, L, W]: [B, L].
 *
 * Its value is that of the portfolios that were executed. Its gradient is that of scale x exposure x softmax, the portfolio before
 * the limits: where no limit binds the two are the same; where one does, the gradient passes straight through the projection, as if
 * the limit were not there. It flows to a decision from what it earns and pays, and, through the weights that the next one starts
 * from, from what the next one pays.
 */
export function buildPortfolioReward(
  g: GraphBuilder,
  actions: Tensor,
  facts: Tensor,
  assets: number,
  reward: RewardSettings,
  limits: Pick<Limits, 'mode' | 'maxGross'>,
): Tensor {
  const [batch, days] = actions.dims as number[];
  const row = (name: (typeof ROWS)[number]): Tensor =>
    g.slice(facts, 2, ROWS.indexOf(name) * assets, (ROWS.indexOf(name) + 1) * assets);
  const scalar = (name: (typeof SCALARS)[number]): Tensor => {
    const at = ROWS.length * assets + SCALARS.indexOf(name);
    return g.slice(facts, 2, at, at + 1);
  };
  const signed = limits.mode === 'longShort' ? { anchor: row('anchor'), maxGross: limits.maxGross } : null;
  const chosen = g.mul(anchoredWeights(g, actions, row('usable'), signed), scalar('scale'));
  const after = valued(g, chosen, row('after'));
  const invested = g.sum(after, [2], true);
  const one = g.constant([1]);
  const growth = g.add(
    g.add(one, g.sum(g.mul(after, row('earned')), [2], true)),
    g.mul(g.sub(one, invested), scalar('cashReturn')),
  );
  const drifted = g.div(g.mul(after, g.add(row('earned'), one)), growth);
  const before = valued(g, follow(g, drifted, scalar('fresh'), batch, days, assets), row('before'));
  const change = g.sub(after, before);
  const size = absolute(g, change);
  const cost = valued(g, g.sum(g.mul(size, row('costRate')), [2], true), scalar('cost'));
  const net = g.mul(g.sub(one, cost), growth);
  const turnover = g.scale(g.add(g.sum(size, [2], true), absolute(g, g.sum(change, [2], true))), 0.5);
  const fall = g.sub(g.relu(g.sub(one, g.mul(scalar('navOverHigh'), growth))), scalar('drawdownBefore'));
  const penalty = g.add(
    g.add(g.scale(g.square(g.sub(growth, one)), reward.lambdaVolatility), g.scale(turnover, reward.lambdaTurnover)),
    g.scale(g.relu(fall), reward.lambdaDrawdown),
  );
  const gain =
    reward.kind === 'log'
      ? g.log(net)
      : g.scale(differentialSharpe(g, g.sub(net, one), scalar('mean'), scalar('square')), 1 / REWARD_SCALE);
  const tail = g.mul(scalar('tailPrice'), g.relu(g.sub(g.sub(one, net), scalar('quantile'))));
  const scaled = g.scale(g.sub(g.sub(gain, penalty), tail), REWARD_SCALE);
  return g.reshape(g.sub(scaled, scalar('offset')), [batch, days]);
}

/** The value of `fact`, the gradient of `x`. */
const valued = (g: GraphBuilder, x: Tensor, fact: Tensor): Tensor => g.add(g.sub(x, g.stopGradient(x)), fact);

const absolute = (g: GraphBuilder, x: Tensor): Tensor => g.max(x, g.neg(x));

/** Row l of the answer is row l - 1 of `x` [B, L, A], where it led there; else nothing. */
function follow(g: GraphBuilder, x: Tensor, fresh: Tensor, batch: number, days: number, assets: number): Tensor {
  const none = g.constant(new Float32Array(batch * assets), [batch, 1, assets]);
  const shifted = days === 1 ? none : g.concat([none, g.slice(x, 1, 0, days - 1)], 1);
  return g.mul(shifted, g.sub(g.constant([1]), fresh));
}

/** As `differentialSharpe` of `domain/environment/reward.ts`. */
function differentialSharpe(g: GraphBuilder, r: Tensor, mean: Tensor, square: Tensor): Tensor {
  const variance = g.max(g.sub(square, g.square(mean)), g.constant([VARIANCE_FLOOR]));
  const numerator = g.sub(g.mul(square, g.sub(r, mean)), g.scale(g.mul(mean, g.sub(g.square(r), square)), 0.5));
  return g.div(numerator, g.exp(g.scale(g.log(variance), 1.5)));
}
