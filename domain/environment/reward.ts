/** What counts, and the weights of the penalties: each makes the same thing count again that the log return already contains, or prices a risk. */
export interface RewardConfig {
  /** `log`: net log return. `differentialSharpe`: what a step adds to a running Sharpe ratio. @default 'log' */
  kind?: 'log' | 'differentialSharpe';
  lambdaVolatility: number;
  lambdaTurnover: number;
  lambdaDrawdown: number;
  /** Sessions over which the running Sharpe ratio remembers. */
  differentialSharpeDays?: number;
}

/** Running first and second moment of net returns, before a step: the state of the differential Sharpe ratio. */
export interface ReturnMoments {
  mean: number;
  square: number;
}

/** Moments at the start of an episode: nothing earned yet, at a daily volatility of one per cent. */
export const START_MOMENTS: Readonly<ReturnMoments> = { mean: 0, square: 1e-4 };

/** A running variance counts as no smaller than this. */
export const VARIANCE_FLOOR = 1e-10;

/**
 * What the return R adds to a Sharpe ratio that is exponentially averaged, per unit of the averaging rate:
 * D = (B dA - A dB / 2) / (B - A^2)^(3/2), dA = R - A, dB = R^2 - B (Moody and Saffell 2001, eq. 14).
 */
export function differentialSharpe(r: number, { mean, square }: ReturnMoments): number {
  const variance = Math.max(VARIANCE_FLOOR, square - mean * mean);
  return (square * (r - mean) - 0.5 * mean * (r * r - square)) / variance ** 1.5;
}

/** The moments after the return R. */
export function updateMoments(moments: ReturnMoments, r: number, { differentialSharpeDays = 63 }: RewardConfig): void {
  moments.mean += (r - moments.mean) / differentialSharpeDays;
  moments.square += (r * r - moments.square) / differentialSharpeDays;
}

/** What one decision did: cost of its fill at t + 1, and the interval (t + 1, t + 2] that the filled weights earn. */
export interface DecisionOutcome {
  /** Fraction of NAV paid at the fill. */
  cost: number;
  /** NAV at t + 2 before any fill, over NAV after the fill at t + 1. */
  growth: number;
  /** One-way turnover of the fill. */
  turnover: number;
  /** Drawdown after the fill at t + 1 and at t + 2. */
  drawdownBefore: number;
  drawdownAfter: number;
}

/** Daily log returns are thousandths; in per cent they are of the size that a value network likes. */
export const REWARD_SCALE = 100;

/**
 * Reward of one decision, in per cent of NAV:
 * 100 x [ log((1 - cost) growth) - lambdaVolatility (growth - 1)^2 - lambdaTurnover turnover - lambdaDrawdown (rise of drawdown)+ ].
 * With `differentialSharpe` the log is replaced by D / 100, so that both are of order one.
 * Without penalties the rewards of an episode sum to 100 x the log of its net NAV. The squared return stands for the variance: log
 * utility holds half of it already, so relative risk aversion is 1 + 2 lambdaVolatility.
 */
export function rewardOf(
  config: RewardConfig,
  outcome: DecisionOutcome,
  moments: ReturnMoments = START_MOMENTS,
): number {
  const { cost, growth, turnover, drawdownBefore, drawdownAfter } = outcome;
  const move = growth - 1;
  const penalty =
    config.lambdaVolatility * move * move +
    config.lambdaTurnover * turnover +
    config.lambdaDrawdown * Math.max(0, drawdownAfter - drawdownBefore);
  const net = (1 - cost) * growth;
  const gain =
    config.kind === 'differentialSharpe' ? differentialSharpe(net - 1, moments) / REWARD_SCALE : Math.log(net);
  return REWARD_SCALE * (gain - penalty);
}
