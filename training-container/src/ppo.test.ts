import { expect, test } from '@jest/globals';
import { sha256 } from '../../domain/lineage/canonical.ts';
import type { LearnerCheckpoint } from './learner.ts';
import { trainPpo } from './ppo.ts';
import { network, SetMarket, settings } from './set-market.fixture.ts';

const train = (seed: number, changes: Partial<typeof settings> = {}) =>
  trainPpo({ network, environments: new SetMarket(5), settings: { ...settings, ...changes }, seed });
const bits = (parameters: Float64Array): string => sha256(new Uint8Array(parameters.buffer));

test('the same seed gives the same bits, another seed others; one worker and two give identical bits', async () => {
  const first = await train(1);
  expect(bits((await train(1)).parameters)).toBe(bits(first.parameters));
  expect(bits((await train(2)).parameters)).not.toBe(bits(first.parameters));
  const two = await train(1, { workers: 2 });
  expect(bits(two.parameters)).toBe(bits(first.parameters));
  expect(two.curve).toEqual(first.curve);
});

test('training resumed from a checkpoint, through JSON where it is JSON, ends in the same bits', async () => {
  const checkpoints: LearnerCheckpoint[] = [];
  const environments = new SetMarket(5);
  const whole = await trainPpo({
    network,
    environments,
    settings,
    seed: 1,
    onIteration: (_, checkpoint) => void checkpoints.push(checkpoint()),
  });
  const middle = checkpoints[3];
  const resume = {
    ...middle,
    environments: JSON.parse(JSON.stringify(middle.environments)),
    random: JSON.parse(JSON.stringify(middle.random)),
  };
  const resumed = await trainPpo({ network, environments: new SetMarket(99), settings, seed: 1, resume });
  expect(bits(resumed.parameters)).toBe(bits(whole.parameters));
  expect(resumed.curve).toEqual(whole.curve);
});

test('the asset that pays is found: the last tenth of training earns 90 % of the best', async () => {
  const { curve } = await train(3, { totalSteps: 16_384, learningRate: 0.01 });
  const last = curve.slice(-Math.ceil(curve.length / 10)).map((point) => point['charts/mean_reward'] as number);
  expect(curve[0]['charts/mean_reward']).toBeLessThan(0.35);
  expect(last.reduce((sum, reward) => sum + reward, 0) / last.length).toBeGreaterThan(0.9);
});

test('the curve carries the metrics under their usual names, and a KL target ends the epochs early', async () => {
  const { curve } = await train(1, { totalSteps: 512, targetKl: 1e-9 });
  expect(Object.keys(curve[0]).sort()).toEqual([
    'charts/epochs',
    'charts/learning_rate',
    'charts/mean_reward',
    'global_step',
    'losses/approx_kl',
    'losses/clipfrac',
    'losses/entropy',
    'losses/explained_variance',
    'losses/grad_norm',
    'losses/old_approx_kl',
    'losses/policy_loss',
    'losses/value_loss',
  ]);
  expect(curve.every((point) => point['charts/epochs'] === 1)).toBe(true);
});

test('a rollout that does not divide into minibatches is refused with the numbers', async () => {
  await expect(train(1, { minibatch: 100 })).rejects.toMatchObject({
    code: 'TRAIN_BATCH',
    kind: 'badInput',
    facts: { environments: 16, rolloutDays: 16, minibatch: 100 },
  });
});

test('an observation that is not finite ends training with an error that names the metric', async () => {
  const environments = new SetMarket(5);
  environments.observations[0] = Number.NaN;
  await expect(trainPpo({ network, environments, settings, seed: 1 })).rejects.toMatchObject({
    code: 'TRAIN_NOT_FINITE',
  });
});
