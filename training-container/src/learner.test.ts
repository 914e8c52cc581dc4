import { describe, expect, test } from '@jest/globals';
import { Adam, clipGradientNorm } from './adam.ts';
import { advantageScale, explainedVariance, generalisedAdvantage } from './gae.ts';
import { oracles } from './oracles.fixture.ts';

const close = (actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-9): void => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs(actual[i] - value)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(value)));
  });
};

describe('generalised advantage estimation against stable_baselines3', () => {
  test.each(oracles.gae.map((each) => [each.name, each] as const))('%s', (_, each) => {
    const rewards = each.rewards.map((row) => [...row]);
    if (each.truncation)
      rewards[each.truncation.step][each.truncation.env] += each.gamma * each.truncation.terminal_value;
    const rollout = {
      rewards: rewards.flat(),
      values: each.values.flat(),
      dones: each.dones.flat(),
      lastValues: each.last_values,
    };
    const { advantages, returns } = generalisedAdvantage(rollout, each.gamma, each.lam);
    close(advantages, each.advantages.flat());
    close(returns, each.returns.flat());
  });

  test('the hand-computed case: one step, then the end', () => {
    const { advantages } = generalisedAdvantage(
      { rewards: [1, 2], values: [0.5, 0.25], dones: [0, 1], lastValues: [9] },
      0.5,
      0.5,
    );
    expect([...advantages]).toEqual([1 + 0.5 * 0.25 - 0.5 + 0.25 * 1.75, 1.75]);
  });
});

test.each(oracles.ppo.filter((each) => each.normalize_advantage).map((each) => [each.name, each] as const))(
  'advantages are normalised as in %s',
  (_, each) => {
    const { mean, inverse } = advantageScale(each.advantages);
    close(
      each.advantages.map((advantage) => (advantage - mean) * inverse),
      each.expected.normalized_advantages,
    );
  },
);

test('explained variance against stable_baselines3; not defined where nothing varies', () => {
  for (const { predicted, actual, expected } of oracles.explained_variance) {
    const value = explainedVariance(predicted, actual);
    if (expected === 'NaN') expect(value).toBeNull();
    else expect(value).toBeCloseTo(expected, 9);
  }
});

describe('Adam against torch', () => {
  const cases = oracles.adam.filter((each) => each.settings.weight_decay === undefined);
  test.each(cases.map((each) => [`lr ${each.settings.lr}`, each] as const))(
    '%s, three steps',
    (_, { settings, parameters, gradients, expected }) => {
      const adam = new Adam(parameters.length, {
        beta1: settings.betas[0],
        beta2: settings.betas[1],
        epsilon: settings.eps,
      });
      const moving = Float64Array.from(parameters);
      gradients.forEach((gradient, step) => {
        adam.step(moving, Float64Array.from(gradient), settings.lr);
        close(moving, expected.parameters[step]);
      });
    },
  );
});

test('gradient clipping against torch', () => {
  for (const { max_norm, gradients, expected } of oracles.clip_grad_norm) {
    const gradient = Float64Array.from(gradients.flat(2));
    expect(clipGradientNorm(gradient, max_norm)).toBeCloseTo(expected.norm, 9);
    close(gradient, expected.clipped.flat(2));
  }
});
