/** Weights of the penalties; each makes the same thing count again that the log return already contains, or prices a risk. */
export interface RewardConfig {
  lambdaVolatility: number;
  lambdaTurnover: number;
  lambdaDrawdown: number;
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
 * Without penalties the rewards of an episode sum to 100 x the log of its net NAV. The squared return stands for the variance: log
 * utility holds half of it already, so relative risk aversion is 1 + 2 lambdaVolatility.
 */
export function rewardOf(config: RewardConfig, outcome: DecisionOutcome): number {
  const { cost, growth, turnover, drawdownBefore, drawdownAfter } = outcome;
  const move = growth - 1;
  const penalty =
    config.lambdaVolatility * move * move +
    config.lambdaTurnover * turnover +
    config.lambdaDrawdown * Math.max(0, drawdownAfter - drawdownBefore);
  return REWARD_SCALE * (Math.log((1 - cost) * growth) - penalty);
}
