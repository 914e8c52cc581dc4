import { describe, expect, test } from '@jest/globals';
import { sha256 } from '../../domain/lineage/canonical.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { GraphBuilder } from './autodiff/graph-builder.ts';
import { runGraph } from './autodiff/run-graph.fixture.ts';
import type { LearnerCheckpoint } from './learner.ts';
import { type SoftActorCritic, softPortfolioNetwork } from './networks/critic.ts';
import { oracles } from './oracles.fixture.ts';
import { Replay, ReplayBatch } from './replay.ts';
import { followTargets, type SacSettings, temperatureGradient, trainSac } from './sac.ts';
import { sampleAction, softTarget } from './sac-graphs.ts';
import { ASSETS, FEATURES, SetMarket } from './set-market.fixture.ts';

describe('against torch and stable_baselines3', () => {
  test.each(oracles.sac.map((each, i) => [i, each] as const))(
    'the squashed Gaussian: action and log-probability of case %i',
    async (_, { mean, log_std, pre_tanh, expected }) => {
      const D = mean.length;
      const g = new GraphBuilder();
      const zero = g.constant(new Float32Array(D), [1, D]);
      const network = {
        actor: {
          bound: 1,
          forward: () => ({
            start: zero,
            preSquash: g.constant(mean, [1, D]),
            logStd: g.constant(log_std, [1, D]),
            mask: g.constant(new Float32Array(D).fill(1), [1, D]),
          }),
        },
      } as unknown as SoftActorCritic;
      const sample = sampleAction(g, network, {}, zero, g.input('noise', [1, D]));
      const onnx = g.encode('sample', [g.output('action', sample.action), g.output('log', sample.logProbability)]);
      const noise = Float32Array.from(pre_tanh, (u, i) => (u - mean[i]) / Math.exp(log_std[i]));
      const { action, log } = await runGraph(onnx, { noise: { dims: [1, D], data: noise } });
      expected.action.forEach((value, i) => {
        expect(Math.abs(action[i] - value)).toBeLessThan(1e-5);
      });
      expect(Math.abs(log[0] - expected.log_prob)).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected.log_prob)));
    },
  );

  const { sac_targets: given } = oracles;

  test('the soft target of the critics', async () => {
    const g = new GraphBuilder();
    const rows = given.rewards.length;
    const column = (values: readonly number[]) => g.constant(values, [rows]);
    const target = softTarget(
      g,
      {
        reward: column(given.rewards),
        alive: column(given.dones.map((done) => 1 - done)),
        first: column(given.next_q1),
        second: column(given.next_q2),
        logProbability: column(given.next_log_prob),
        alpha: g.constant([Math.exp(given.log_alpha)], [1]),
      },
      given.gamma,
    );
    const out = await runGraph(g.encode('target', [g.output('target', target)]), {});
    given.expected.target.forEach((value, i) => {
      expect(Math.abs(out.target[i] - value)).toBeLessThan(1e-5);
    });
  });

  test('the gradient of the temperature, and the slow targets', () => {
    const mean = given.next_log_prob.reduce((sum, value) => sum + value, 0) / given.next_log_prob.length;
    expect(temperatureGradient(mean + given.target_entropy)).toBeCloseTo(given.expected.grad_log_alpha, 9);
    const { tau, source, target_before, target_after } = given.expected.polyak;
    const targets = Float64Array.from(target_before);
    followTargets(targets, source, tau);
    target_after.forEach((value, i) => {
      expect(Math.abs(targets[i] - value)).toBeLessThan(1e-9);
    });
  });
});

describe('replay', () => {
  const row = (value: number, width: number): Float32Array => new Float32Array(width).fill(value);
  const filled = (count: number): Replay => {
    const replay = new Replay(5, 3, 2);
    for (let i = 0; i < count; i++) replay.add(row(i, 3), row(i, 2), i, i % 2, row(i + 0.5, 3));
    return replay;
  };

  test('keeps the last transitions, whole, and draws each as often', () => {
    const replay = filled(8);
    const batch = new ReplayBatch(5000, 3, 2);
    replay.sample(createRandom(1), batch);
    const counts = new Map<number, number>();
    for (let i = 0; i < 5000; i++) {
      const reward = batch.step[2 * i];
      counts.set(reward, (counts.get(reward) ?? 0) + 1);
      expect([batch.observation[3 * i], batch.action[2 * i], batch.step[2 * i + 1], batch.next[3 * i]]).toEqual([
        reward,
        reward,
        reward % 2,
        reward + 0.5,
      ]);
    }
    expect([...counts.keys()].sort()).toEqual([3, 4, 5, 6, 7]);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  test('restored, it goes on as if nothing had been', () => {
    for (const count of [3, 5, 8]) {
      const [one, other] = [filled(count), new Replay(5, 3, 2)];
      other.restore(one.arrays(), one.counters());
      for (const replay of [one, other]) replay.add(row(99, 3), row(99, 2), 99, 1, row(99, 3));
      expect(other.arrays()).toEqual(one.arrays());
      expect(other.counters()).toEqual(one.counters());
    }
  });
});

describe('training', () => {
  const network = softPortfolioNetwork({ assets: ASSETS, features: FEATURES, hidden: 16, logStdInit: -0.5 });
  const settings: SacSettings = {
    environments: 16,
    totalSteps: 4096,
    bufferSize: 2000,
    batchSize: 64,
    learningStarts: 256,
    stepsPerUpdate: 16,
    learningRate: 0.002,
    qLearningRate: 0.004,
    gamma: 0.5,
    tau: 0.02,
    targetEntropyPerDimension: -1,
    initialAlpha: 0.05,
  };
  const train = (seed: number, changes: Partial<SacSettings> = {}) =>
    trainSac({ network, environments: new SetMarket(5), settings: { ...settings, ...changes }, seed });
  const bits = (parameters: Float64Array): string => sha256(new Uint8Array(parameters.buffer));

  test('the same seed gives the same bits, another seed others; resumed, memory and all, it ends in the same bits', async () => {
    const checkpoints: LearnerCheckpoint[] = [];
    const whole = await trainSac({
      network,
      environments: new SetMarket(5),
      settings,
      seed: 1,
      onIteration: (_, checkpoint) => void checkpoints.push(checkpoint()),
    });
    expect(bits((await train(1)).parameters)).toBe(bits(whole.parameters));
    expect(bits((await train(2)).parameters)).not.toBe(bits(whole.parameters));
    const resume = { ...checkpoints[1], environments: JSON.parse(JSON.stringify(checkpoints[1].environments)) };
    const resumed = await trainSac({ network, environments: new SetMarket(99), settings, seed: 1, resume });
    expect(bits(resumed.parameters)).toBe(bits(whole.parameters));
    expect(resumed.curve).toEqual(whole.curve);
  });

  test('the asset that pays is found; the curve carries the usual names', async () => {
    const { curve } = await train(3, { totalSteps: 16_384 });
    expect(curve.at(-1)?.['charts/mean_reward']).toBeGreaterThan(0.8);
    expect(Object.keys(curve.at(-1) ?? {})).toEqual(
      expect.arrayContaining([
        'losses/qf1_loss',
        'losses/qf2_loss',
        'losses/qf1_values',
        'losses/actor_loss',
        'losses/alpha',
        'losses/alpha_loss',
        'charts/entropy',
      ]),
    );
  });
});
