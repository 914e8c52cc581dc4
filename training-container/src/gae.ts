/**
 * Generalised advantage estimation (Schulman et al. 2016, eq. 16) by the backward recursion, in float64. Arrays are [steps, n]
 * row-major; dones[t] = 1 means that the episode ended with step t, so nothing after it is bootstrapped. Returns = advantages + values.
 */
export function generalisedAdvantage(
  rollout: {
    rewards: ArrayLike<number>;
    values: ArrayLike<number>;
    dones: ArrayLike<number>;
    lastValues: ArrayLike<number>;
  },
  gamma: number,
  lambda: number,
): { advantages: Float64Array; returns: Float64Array } {
  const { rewards, values, dones, lastValues } = rollout;
  const n = lastValues.length;
  const advantages = new Float64Array(rewards.length);
  const returns = new Float64Array(rewards.length);
  for (let at = rewards.length - 1; at >= 0; at--) {
    const last = at + n >= rewards.length;
    const alive = 1 - dones[at];
    const nextValue = last ? lastValues[at % n] : values[at + n];
    const delta = rewards[at] + gamma * nextValue * alive - values[at];
    advantages[at] = delta + gamma * lambda * alive * (last ? 0 : advantages[at + n]);
    returns[at] = advantages[at] + values[at];
  }
  return { advantages, returns };
}

/** Mean and inverse sample deviation (ddof 1, 1e-8 added) of a minibatch's advantages: normalised = (a - mean) x inverse. */
export function advantageScale(advantages: ArrayLike<number>): { mean: number; inverse: number } {
  const n = advantages.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += advantages[i];
  mean /= n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (advantages[i] - mean) ** 2;
  return { mean, inverse: 1 / (Math.sqrt(squares / (n - 1)) + 1e-8) };
}

/** 1 - var(actual - predicted) / var(actual); null where the actual values do not vary. */
export function explainedVariance(predicted: ArrayLike<number>, actual: ArrayLike<number>): number | null {
  const total = variance(Array.from(actual));
  return total === 0 ? null : 1 - variance(Array.from(actual, (value, i) => value - predicted[i])) / total;
}

function variance(values: number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}
