/** Where the learning of the constraint stands. */
export interface CvarState {
  /** Estimate of the quantile of the loss of one session (value at risk). */
  quantile: number;
  /** Estimate of the mean loss beyond it (expected shortfall). */
  shortfall: number;
  /** What a loss beyond the quantile is priced at; never negative. */
  multiplier: number;
}

export interface CvarConstraint {
  /** 0.95: the worst 5 % of sessions are averaged. */
  level: number;
  /** Largest expected shortfall of one session that is accepted, a fraction of NAV. */
  limit: number;
  learningRate: number;
}

/** Before the first loss is seen: no quantile, no price. */
export const startCvar = (): CvarState => ({ quantile: 0, shortfall: 0, multiplier: 0 });

/**
 * What a session's loss costs on top of itself under the Lagrangian of max E[r] subject to CVaR(level) <= limit, with the shortfall written as
 * min over nu of nu + E[(loss - nu)+] / (1 - level) (Rockafellar and Uryasev 2000): multiplier x (loss - quantile)+ / (1 - level).
 * The part that does not depend on the action is left out.
 */
export const cvarPenalty = (loss: number, state: CvarState, { level }: CvarConstraint): number =>
  (state.multiplier * Math.max(0, loss - state.quantile)) / (1 - level);

/**
 * One update from a batch of losses, each a fraction of NAV: the quantile and the shortfall follow those of the batch, and the
 * multiplier rises while the shortfall is above its limit and falls to zero while it is below (Chow et al. 2017, "Risk-constrained reinforcement
 * learning with percentile risk criteria", the ascent step). `learningRate` is the weight of the batch, and the step of the multiplier per
 * whole limit by which the shortfall is off.
 */
export function updateCvar(state: CvarState, losses: ArrayLike<number>, constraint: CvarConstraint): void {
  const { level, limit, learningRate } = constraint;
  const sorted = Float64Array.from(losses).sort();
  const tail = Math.max(1, Math.round((1 - level) * sorted.length));
  let sum = 0;
  for (let i = sorted.length - tail; i < sorted.length; i += 1) sum += sorted[i];
  const first = state.quantile === 0 && state.shortfall === 0;
  const weight = first ? 1 : learningRate;
  state.quantile += weight * (sorted[sorted.length - tail] - state.quantile);
  state.shortfall += weight * (sum / tail - state.shortfall);
  state.multiplier = Math.max(0, state.multiplier + learningRate * (state.shortfall / limit - 1));
}
