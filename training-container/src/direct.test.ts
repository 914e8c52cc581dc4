import { beforeAll, describe, expect, test } from '@jest/globals';
import type { EnvironmentData } from '../../domain/environment/environment.ts';
import { sha256 } from '../../domain/lineage/canonical.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { type RewardSettings, rewardSchema } from '../../domain/training/settings.ts';
import { smallMarket } from '../../functions/train/small-market.ts';
import { gradients } from './autodiff/gradients.ts';
import { GraphBuilder } from './autodiff/graph-builder.ts';
import { openGraph } from './autodiff/run-graph.fixture.ts';
import { type DirectSettings, trainDirect } from './direct.ts';
import type { LearnerCheckpoint } from './learner.ts';
import { portfolioActor } from './networks/portfolio.ts';
import { PortfolioEnvironments } from './portfolio-environments.ts';
import { ASSETS, DifferentiableSetMarket, FEATURES, SetMarket } from './set-market.fixture.ts';

const N = 8;
const D = 4;
const small = smallMarket();
const limits = {
  ...small.limits,
  drawdown: { budget: Number.POSITIVE_INFINITY, hardLimit: Number.POSITIVE_INFINITY, resetAfterDays: null },
};
const costs = { ...small.costs, commissionBps: 20, cashRateAnnual: 0.03 };
const loose: EnvironmentData = { ...small, groups: null, limits, costs };
const tight: EnvironmentData = {
  ...loose,
  limits: {
    ...limits,
    maxWeight: 0.4,
    maxGross: 0.8,
    maxTurnover: 0.1,
    drawdown: { ...limits.drawdown, budget: 0.03, hardLimit: 0.06 },
  },
};
const signed: EnvironmentData = {
  ...loose,
  limits: { ...limits, mode: 'longShort', maxGross: 1.4, maxNet: 1.4, maxTurnover: 3 },
  costs: { ...costs, borrowRateAnnual: 0.05, financingSpreadAnnual: 0.02 },
};
const rewardOf = (changes: Partial<RewardSettings>): RewardSettings =>
  rewardSchema.parse({ lambdaVolatility: 0.7, lambdaTurnover: 0.002, lambdaDrawdown: 0.3, ...changes });
const REWARDS: [string, RewardSettings][] = [
  ['log', rewardOf({})],
  ['differential Sharpe', rewardOf({ kind: 'differentialSharpe' })],
  ['log with a shortfall limit', rewardOf({ cvar: { level: 0.9, limit: 0.005, learningRate: 0.5 } })],
];

const open = (data: EnvironmentData, reward: RewardSettings, days = 60): PortfolioEnvironments =>
  new PortfolioEnvironments(data, { from: 10, to: 300, episodeDays: days, reward }, N, createRandom(3));

const randomActions = (random: ReturnType<typeof createRandom>): Float32Array =>
  Float32Array.from({ length: N * D }, (_, i) =>
    i % D === D - 1 ? -0.8 + 0.1 * random.normal() : 0.5 * random.normal(),
  );

/** Rewards [N, days] and their sum's gradient with respect to the actions [N, days, D], as the graph has them. */
async function graphOf(environments: PortfolioEnvironments, days: number) {
  const g = new GraphBuilder();
  const { factsWidth, build } = environments.differentiable;
  const actions = g.input('actions', [N, days, D], true);
  const rewards = build(g, actions, g.input('facts', [N, days, factsWidth]));
  const [gradient] = gradients(g, g.total(rewards), [actions]);
  const run = await openGraph(g.encode('rewards', [g.output('rewards', rewards), g.output('gradient', gradient)]));
  return (actionData: Float32Array, factData: Float32Array) =>
    run({
      actions: { dims: [N, days, D], data: actionData },
      facts: { dims: [N, days, factsWidth], data: factData },
    });
}

/** Walk so many days with these actions [days][N * D]; actions, facts and rewards by environment, then day. */
function walk(environments: PortfolioEnvironments, actions: readonly Float32Array[]) {
  const days = actions.length;
  const { factsWidth, facts } = environments.differentiable;
  const out = {
    actions: new Float32Array(N * days * D),
    facts: new Float32Array(N * days * factsWidth),
    rewards: new Float64Array(N * days),
  };
  actions.forEach((action, day) => {
    environments.step(action);
    for (let i = 0; i < N; i++) {
      out.actions.set(action.subarray(i * D, (i + 1) * D), (i * days + day) * D);
      out.facts.set(facts.subarray(i * factsWidth, (i + 1) * factsWidth), (i * days + day) * factsWidth);
      out.rewards[i * days + day] = environments.rewards[i];
    }
  });
  return out;
}

describe.each(REWARDS)('the reward as a graph: %s', (_, reward) => {
  test.each([
    ['limits that never bind', loose],
    ['limits that bind', tight],
    ['short positions and leverage', signed],
  ])('its value is what the environment paid, under %s', async (_name, data) => {
    const environments = open(data, reward);
    const random = createRandom(5);
    const run = await graphOf(environments, 3);
    for (let k = 0; k < 40; k++) {
      const { actions, facts, rewards } = walk(
        environments,
        [1, 2, 3].map(() => randomActions(random)),
      );
      const { rewards: built } = await run(actions, facts);
      built.forEach((value, i) => {
        expect(Math.abs(value - rewards[i])).toBeLessThan(2e-4 * Math.max(1, Math.abs(rewards[i])));
      });
    }
  });

  test('its gradient of a day is that of the environment', () => holdsToFiniteDifferences(loose, reward, 1));

  test('and with short positions', () => holdsToFiniteDifferences(signed, reward, 1));
});

test('over several days the gradient goes on through drift, turnover and costs', () =>
  holdsToFiniteDifferences(loose, rewardOf({ lambdaDrawdown: 0 }), 4));

/** What the graph does not carry from day to day: the NAV behind a drawdown and its scale, and the moments of the differential Sharpe ratio. */
async function holdsToFiniteDifferences(data: EnvironmentData, reward: RewardSettings, days: number): Promise<void> {
  const environments = open(data, reward);
  const random = createRandom(6);
  for (let k = 0; k < 30; k++) environments.step(randomActions(random));
  const state = JSON.stringify(environments.state());
  const actions = Array.from({ length: days }, () => randomActions(random));
  const base = walk(environments, actions);
  const { gradient } = await (await graphOf(environments, days))(base.actions, base.facts);
  const total = (changed: readonly Float32Array[]): number => {
    environments.restore(JSON.parse(state));
    return walk(environments, changed).rewards.reduce((sum, value) => sum + value, 0);
  };
  for (let day = 0; day < days; day++) {
    for (let probe = 0; probe < 6; probe++) {
      const direction = Float32Array.from({ length: N * D }, () => random.normal());
      const step = 1 / 4096;
      const moved = (by: number): Float32Array[] =>
        actions.map((action, t) => (t === day ? action.map((value, i) => value + by * direction[i]) : action));
      const slope = (total(moved(step)) - total(moved(-step))) / (2 * step);
      let dot = 0;
      for (let i = 0; i < N; i++)
        for (let d = 0; d < D; d++) dot += gradient[(i * days + day) * D + d] * direction[i * D + d];
      expect(Math.abs(dot - slope)).toBeLessThan(0.02 * Math.max(0.2, Math.abs(slope)));
    }
  }
}

test('where a limit binds the gradient passes straight through it: that of the portfolio before the limit', async () => {
  const reward = rewardSchema.parse({ lambdaVolatility: 0, lambdaTurnover: 0, lambdaDrawdown: 0 });
  const free = { ...loose, costs: { ...costs, commissionBps: 0, cashRateAnnual: 0 } };
  const capped = { ...free, limits: { ...limits, maxGross: 0.5, maxWeight: 0.5 } };
  const random = createRandom(7);
  const actions = [randomActions(random)];
  const gradientOf = async (data: EnvironmentData): Promise<Float32Array> => {
    const environments = open(data, reward);
    const { actions: flat, facts } = walk(environments, actions);
    return (await (await graphOf(environments, 1))(flat, facts)).gradient;
  };
  const [within, beyond] = [await gradientOf(free), await gradientOf(capped)];
  // log growth divides by the growth of what is held: that alone tells the two apart
  within.forEach((value, i) => {
    expect(Math.abs(beyond[i] - value)).toBeLessThan(0.1 * Math.max(0.05, Math.abs(value)));
  });
});

describe('training', () => {
  const features = 8;
  const network = portfolioActor({ assets: 3, features, hidden: 16, logStdInit: 0 });
  const settings: DirectSettings = {
    environments: N,
    totalSteps: 8 * 8 * 40,
    segmentDays: 8,
    epochs: 1,
    learningRate: 0.01,
    maxGradNorm: 0.5,
    lambdaOffset: 0.0005,
  };
  const reward = rewardOf({ lambdaDrawdown: 0, lambdaTurnover: 0 });
  const bits = (parameters: Float64Array): string => sha256(new Uint8Array(parameters.buffer));
  const checkpoints: LearnerCheckpoint[] = [];
  let whole: Awaited<ReturnType<typeof trainDirect>>;
  beforeAll(async () => {
    whole = await trainDirect({
      network,
      environments: open(loose, reward),
      settings,
      seed: 1,
      onIteration: (_, checkpoint) => void checkpoints.push(checkpoint()),
    });
  });

  test('the same seed gives the same bits; resumed from a checkpoint it ends in the same bits', async () => {
    const again = await trainDirect({ network, environments: open(loose, reward), settings, seed: 1 });
    expect(bits(again.parameters)).toBe(bits(whole.parameters));
    const resume = { ...checkpoints[12], environments: JSON.parse(JSON.stringify(checkpoints[12].environments)) };
    const resumed = await trainDirect({ network, environments: open(loose, reward), settings, seed: 1, resume });
    expect(bits(resumed.parameters)).toBe(bits(whole.parameters));
    expect(resumed.curve).toEqual(whole.curve);
  });

  test('earns more the longer it learns', () => {
    const paid = whole.curve.map((point) => point['charts/mean_reward'] as number);
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(paid.slice(-10))).toBeGreaterThan(mean(paid.slice(0, 10)) + 0.2);
  });

  test('finds in every row the asset that is on: what it is paid is what it holds of it', async () => {
    const identity = portfolioActor({ assets: ASSETS, features: FEATURES, hidden: 16, logStdInit: 0 });
    const environments = new DifferentiableSetMarket(5);
    const { curve } = await trainDirect({
      network: identity,
      environments,
      settings: { ...settings, environments: 16, totalSteps: 32_768, learningRate: 0.02 },
      seed: 1,
    });
    expect(curve[0]['charts/mean_reward']).toBeCloseTo(1 / ASSETS, 1);
    expect(curve.at(-1)?.['charts/mean_reward']).toBeGreaterThan(0.95);
  });

  test('an environment that does not say how its reward follows from the action is refused', async () => {
    await expect(trainDirect({ network, environments: new SetMarket(1), settings, seed: 1 })).rejects.toMatchObject({
      code: 'TRAIN_NOT_DIFFERENTIABLE',
    });
  });
});
