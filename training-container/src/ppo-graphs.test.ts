import { describe, expect, test } from '@jest/globals';
import { Adam, clipGradientNorm } from './adam.ts';
import { gradients } from './autodiff/gradients.ts';
import { GraphBuilder } from './autodiff/graph-builder.ts';
import { runGraph } from './autodiff/run-graph.fixture.ts';
import { Engine } from './engine.ts';
import { advantageScale, generalisedAdvantage } from './gae.ts';
import type { ActorCritic } from './networks/portfolio.ts';
import { oracles } from './oracles.fixture.ts';
import { gaussianEntropy, gaussianLogProbability, ppoLoss, STATS } from './ppo-graphs.ts';
import { ROW } from './shared-batch.ts';

const near = (actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs(actual[i] - value)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(value)));
  });
};

describe('the Gaussian policy against torch', () => {
  test.each(oracles.gaussian.map((each, i) => [i, each] as const))(
    'case %i',
    async (_, { mean, log_std, z, expected }) => {
      const D = mean.length;
      const g = new GraphBuilder();
      const [m, s] = [g.input('mean', [1, D], true), g.input('logStd', [1, D], true)];
      const logProbability = gaussianLogProbability(g, m, s, g.constant(z, [1, D]), null);
      const [gradMean, gradLogStd] = gradients(g, g.total(logProbability), [m, s]);
      const outputs = { logProbability, entropy: gaussianEntropy(g, s, m, null), gradMean, gradLogStd };
      const onnx = g.encode(
        'gaussian',
        Object.entries(outputs).map(([name, tensor]) => g.output(name, tensor)),
      );
      const out = await runGraph(onnx, {
        mean: { dims: [1, D], data: Float32Array.from(mean) },
        logStd: { dims: [1, D], data: Float32Array.from(log_std) },
      });
      near(out.logProbability, [expected.log_prob_z], 2e-6);
      near(out.entropy, [expected.entropy_z], 2e-6);
      near(out.gradMean, expected.grad_mean, 5e-6);
      near(out.gradLogStd, expected.grad_log_std, 5e-6);
    },
  );

  test('a masked dimension adds nothing', async () => {
    const g = new GraphBuilder();
    const [m, s] = [g.input('mean', [1, 2]), g.constant([0.1, -0.4], [1, 2])];
    const action = g.constant([0.3, 5], [1, 2]);
    const masked = gaussianLogProbability(g, m, s, action, g.constant([1, 0], [1, 2]));
    const single = gaussianLogProbability(g, g.slice(m, 1, 0, 1), g.slice(s, 1, 0, 1), g.slice(action, 1, 0, 1), null);
    const out = await runGraph(g.encode('masked', [g.output('a', masked), g.output('b', single)]), {
      mean: { dims: [1, 2], data: Float32Array.of(0.2, 0) },
    });
    expect(out.a[0]).toBe(out.b[0]);
  });
});

describe('the loss against stable_baselines3', () => {
  test.each(oracles.ppo.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    const n = each.advantages.length;
    const g = new GraphBuilder();
    const vector = (name: string, differentiable: boolean) => g.input(name, [n], differentiable);
    const terms = {
      logProbability: vector('logProbability', true),
      value: vector('value', true),
      entropy: vector('entropy', true),
      oldLogProbability: vector('old', false),
      advantage: vector('advantage', false),
      target: vector('target', false),
    };
    const { loss, stats } = ppoLoss(
      g,
      terms,
      { clipCoef: each.clip_range, entCoef: each.ent_coef, vfCoef: each.vf_coef },
      n,
    );
    const leaves = gradients(g, loss, [terms.logProbability, terms.value, terms.entropy]);
    const onnx = g.encode('loss', [
      g.output('loss', loss),
      g.output('stats', stats),
      ...leaves.map((leaf, i) => g.output(`g${i}`, leaf)),
    ]);
    const values = {
      logProbability: each.new_log_prob,
      value: each.values,
      entropy: each.entropy,
      old: each.old_log_prob,
      advantage: each.expected.normalized_advantages,
      target: each.returns,
    };
    const out = await runGraph(
      onnx,
      Object.fromEntries(
        Object.entries(values).map(([name, data]) => [name, { dims: [n], data: Float32Array.from(data) }]),
      ),
    );
    const { expected } = each;
    const stat = (name: (typeof STATS)[number]): number => out.stats[STATS.indexOf(name)];
    near([stat('losses/policy_loss')], [expected.policy_loss], 3e-6);
    near([-stat('losses/entropy')], [expected.entropy_loss], 3e-6);
    near([stat('losses/approx_kl')], [expected.approx_kl], 3e-6);
    near([stat('losses/clipfrac')], [expected.clip_fraction], 1e-6);
    near(out.g0, expected.grad_new_log_prob, 3e-6);
    near(out.g2, expected.grad_entropy, 3e-6);
    if (each.clip_range_vf !== null) return; // the value loss is not clipped here (Andrychowicz et al. 2021 find that it hurts)
    near([stat('losses/value_loss')], [expected.value_loss], 3e-6);
    near([out.loss[0]], [expected.loss], 3e-6);
    near(out.g1, expected.grad_values, 3e-6);
  });
});

/** The 3-4-2 network of the oracle, in this engine's terms: weights are [in, out]. */
const mlp: ActorCritic = {
  observationDims: [3],
  actionSize: 2,
  parameters: [
    ['log_std', [2]],
    ['mlp_extractor.policy_net.0.weight', [3, 4]],
    ['mlp_extractor.policy_net.0.bias', [4]],
    ['mlp_extractor.value_net.0.weight', [3, 4]],
    ['mlp_extractor.value_net.0.bias', [4]],
    ['action_net.weight', [4, 2]],
    ['action_net.bias', [2]],
    ['value_net.weight', [4, 1]],
    ['value_net.bias', [1]],
  ].map(([name, shape]) => ({
    name: name as string,
    shape: shape as number[],
    start: { kind: 'constant' as const, value: 0 },
  })),
  forward(g, p, x) {
    const layer = (name: string) => g.tanh(g.linear(x, p[`${name}.weight`], p[`${name}.bias`]));
    const value = g.linear(layer('mlp_extractor.value_net.0'), p['value_net.weight'], p['value_net.bias']);
    const mean = g.linear(layer('mlp_extractor.policy_net.0'), p['action_net.weight'], p['action_net.bias']);
    return {
      mean,
      offset: mean,
      logStd: g.reshape(p.log_std, [1, 2]),
      mask: null,
      value: g.reshape(value, [x.dims[0]]),
    };
  },
};

const flatten = (named: Record<string, number[] | number[][]>): number[] =>
  mlp.parameters.flatMap(({ name }) => {
    const value = named[name];
    if (!Array.isArray(value[0])) return value as number[];
    const rows = value as number[][];
    return rows[0].flatMap((_, input) => rows.map((row) => row[input])); // torch stores [out, in]
  });

test('one whole PPO update of an MLP ends at the parameters of stable_baselines3', async () => {
  const { hyperparameters: h, expected, ...each } = oracles.ppo_update;
  const n = each.rewards.length;
  const engine = await Engine.create(mlp, {
    clipCoef: h.clip_range,
    entCoef: h.ent_coef,
    vfCoef: h.vf_coef,
    environments: n,
    rolloutDays: 1,
    minibatch: n,
    workers: 1,
  });
  try {
    const dones = [...each.episode_starts.slice(1), each.last_done];
    const { advantages, returns } = generalisedAdvantage(
      { rewards: each.rewards, values: each.old_values, dones, lastValues: [each.last_value] },
      h.gamma,
      h.gae_lambda,
    );
    near(advantages, expected.advantages, 1e-5);
    near(returns, expected.returns, 1e-5);
    const { shared } = engine;
    shared.observations.set(each.observations.flat());
    for (let row = 0; row < n; row++) {
      const values = {
        [ROW.logProbability]: each.old_log_prob[row],
        [ROW.value]: each.old_values[row],
        [ROW.advantage]: advantages[row],
        [ROW.target]: returns[row],
      };
      shared.rows.set(each.actions[row], row * shared.rowWidth);
      for (const [column, value] of Object.entries(values))
        shared.rows[row * shared.rowWidth + 2 + Number(column)] = value;
      shared.order[row] = row;
    }
    const { mean, inverse } = advantageScale(advantages);
    shared.scale.set([mean, inverse]);
    const parameters = Float64Array.from(flatten(each.parameters_before));
    shared.parameters.set(parameters);
    const gradient = new Float64Array(parameters.length);
    const stats = new Float64Array(STATS.length);
    await engine.gradient(0, gradient, stats);
    const { log } = expected;
    near(
      stats,
      [log.policy_gradient_loss, log.value_loss, -log.entropy_loss, stats[3], log.approx_kl, log.clip_fraction],
      1e-5,
    );
    clipGradientNorm(gradient, h.max_grad_norm);
    new Adam(parameters.length).step(parameters, gradient, h.learning_rate);
    near(parameters, flatten(expected.parameters_after), 1e-5);
  } finally {
    await engine.close();
  }
});
