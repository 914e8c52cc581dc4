import { describe, expect, test } from '@jest/globals';
import { modelPolicy, runBacktest } from '../backtest/backtest.ts';
import { createRandom } from '../simulation/random.ts';
import { checkEnvironment } from './check-environment.ts';
import { type EnvironmentOptions, PortfolioEnvironment, VectorEnvironment } from './environment.ts';
import { fixtureData } from './fixture-data.ts';
import { REWARD_SCALE, rewardOf } from './reward.ts';

const plain = { lambdaVolatility: 0, lambdaTurnover: 0, lambdaDrawdown: 0 };
const options: EnvironmentOptions = { from: 12, to: 199, episodeDays: 40, reward: plain };
const data = fixtureData({
  sessions: 200,
  assets: 5,
  seed: 4,
  halts: [
    [60, 1],
    [61, 1],
    [62, 1],
  ],
  listedFrom: { 3: 50 },
  exits: [{ t: 120, asset: 4, successor: 2, finalReturn: 0.01 }],
  volume: 5e6,
});

/** A policy with a mind of its own: logits from the observation, exposure too. */
const act = (observation: Float32Array, assets: number, features: number): Float32Array => {
  const action = new Float32Array(assets + 1);
  for (let a = 0; a < assets; a += 1)
    action[a] =
      observation[a * features] +
      3 * observation[a * features + features - 6] +
      observation[a * features + features - 3];
  action[assets] = -0.1 - observation[3];
  return action;
};

describe('the environment and the backtest are one loop', () => {
  test('the same policy gives bit-identical NAV, weights, turnover and cost', async () => {
    const policy = { act: (o: Float32Array, _b: number, a: number, f: number) => act(o, a, f) };
    const [from, to] = [15, 199];
    const result = await runBacktest(data, modelPolicy('p', policy, data.tensor, data.normaliser), from, to);
    const environment = new PortfolioEnvironment(data, { ...options, episodeDays: 180 });
    environment.resetAt(from);
    const observation = new Float32Array(environment.assets * environment.features);
    for (let k = 1; k <= to - from - 1; k += 1) {
      environment.observe(observation, 0);
      environment.step(act(observation, environment.assets, environment.features), 0);
      expect(environment.book.nav).toBe(result.nav[k]);
      expect(environment.book.held).toEqual(result.weights.slice(k * 5, (k + 1) * 5));
    }
    expect(Object.keys(result.limitsHit)).toContain('drawdown');
  });

  test('rewards without penalties sum to the log of net NAV, up to the interval still to come', () => {
    const environment = new PortfolioEnvironment(data, options);
    environment.resetAt(30);
    const observation = new Float32Array(environment.assets * environment.features);
    let sum = 0;
    let done = false;
    while (!done) {
      environment.observe(observation, 0);
      const step = environment.step(act(observation, environment.assets, environment.features), 0);
      sum += step.reward;
      done = step.done;
    }
    expect(environment.t).toBe(30 + 40);
    const last = environment.book.growth(data.panel, environment.t + 1, data.costs);
    // the first interval, earned in cash before the first fill, belongs to no decision
    const first = 1 + data.costs.cashRateAnnual / 252;
    expect(sum / REWARD_SCALE).toBeCloseTo(Math.log((environment.book.nav * last) / first), 12);
  });
});

describe('the reward', () => {
  const outcome = { cost: 0.001, growth: 0.98, turnover: 0.5, drawdownBefore: 0.01, drawdownAfter: 0.03 };
  test('is the log net return less each penalty, in per cent', () => {
    expect(rewardOf(plain, outcome)).toBeCloseTo(100 * Math.log(0.999 * 0.98), 12);
    expect(rewardOf({ ...plain, lambdaVolatility: 2 }, outcome)).toBeCloseTo(
      100 * (Math.log(0.999 * 0.98) - 2 * 0.0004),
      12,
    );
    expect(rewardOf({ ...plain, lambdaTurnover: 0.01 }, outcome)).toBeCloseTo(
      100 * (Math.log(0.999 * 0.98) - 0.005),
      12,
    );
    expect(rewardOf({ ...plain, lambdaDrawdown: 1 }, outcome)).toBeCloseTo(100 * (Math.log(0.999 * 0.98) - 0.02), 12);
    expect(rewardOf({ ...plain, lambdaDrawdown: 1 }, { ...outcome, drawdownAfter: 0 })).toBe(
      rewardOf(plain, { ...outcome, drawdownAfter: 0 }),
    );
  });
});

describe('episodes', () => {
  test('start anywhere that leaves room, and read no price beyond the range', () => {
    const environment = new PortfolioEnvironment(data, { ...options, from: 12, to: 60 });
    const poisoned = {
      ...data,
      panel: { ...data.panel, returns: data.panel.returns.map((r, i) => (i >= 61 * 5 ? Number.NaN : r)) },
    };
    const guarded = new PortfolioEnvironment(poisoned, { ...options, from: 12, to: 60 });
    const starts = new Set<number>();
    const random = createRandom(2);
    for (let i = 0; i < 60; i += 1) {
      environment.reset(random);
      starts.add(environment.t);
    }
    expect([Math.min(...starts), Math.max(...starts)]).toEqual([12, 60 - 40 - 1]);
    guarded.resetAt(19);
    const action = new Float32Array(6);
    for (let done = false; !done; ) {
      const step = guarded.step(action, 0);
      expect(Number.isFinite(step.reward)).toBe(true);
      done = step.done;
    }
  });

  test('a changed future never changes what was observed before', () => {
    const changed = fixtureData({ sessions: 200, assets: 5, seed: 4, volume: 5e6 });
    const original = fixtureData({ sessions: 200, assets: 5, seed: 4, volume: 5e6 });
    for (let i = 101 * 5; i < changed.panel.returns.length; i += 1) changed.panel.returns[i] *= -2;
    const watch = (source: typeof data): string => {
      const environment = new PortfolioEnvironment(source, { ...options, episodeDays: 90 });
      environment.resetAt(12);
      const observation = new Float32Array(environment.assets * environment.features);
      const seen: number[] = [];
      while (environment.t <= 100) {
        environment.observe(observation, 0);
        seen.push(...observation, environment.book.nav);
        environment.step(act(observation, environment.assets, environment.features), 0);
      }
      return seen.join();
    };
    expect(watch(changed)).toBe(watch(original));
  });

  test('may start in a drawdown', () => {
    const environment = new PortfolioEnvironment(data, { ...options, extra: { maxStartDrawdown: 0.1 } });
    environment.reset(createRandom(9));
    const drawdown = environment.book.drawdown(data.limits);
    expect(drawdown).toBeGreaterThan(0);
    expect(drawdown).toBeLessThan(0.1);
  });

  test('longer than the data, or features of another market, are bad input', () => {
    expect(() => new PortfolioEnvironment(data, { ...options, episodeDays: 187 })).toThrow(
      expect.objectContaining({ code: 'EPISODE_TOO_LONG', kind: 'badInput' }),
    );
    expect(() => new PortfolioEnvironment(data, { ...options, to: 200 })).toThrow(
      expect.objectContaining({ code: 'EPISODE_TOO_LONG' }),
    );
    expect(() => new PortfolioEnvironment(data, { ...options, episodeDays: 186 })).not.toThrow();
    const other = fixtureData({ sessions: 150, assets: 5 });
    expect(() => new PortfolioEnvironment({ ...data, tensor: other.tensor }, options)).toThrow(
      expect.objectContaining({ code: 'ENVIRONMENT_MISALIGNED' }),
    );
  });
});

describe('the environment checker', () => {
  test('finds nothing wrong with ours', () => {
    expect(checkEnvironment(new PortfolioEnvironment(data, options), 7)).toEqual([]);
  });

  /** Ours with some of it replaced. */
  function broken(parts: (environment: PortfolioEnvironment) => Partial<Record<keyof PortfolioEnvironment, unknown>>) {
    const environment = new PortfolioEnvironment(data, options);
    const replaced = parts(environment) as Record<PropertyKey, unknown>;
    return new Proxy(environment, {
      get(target, name) {
        if (name in replaced) return replaced[name];
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }
  const step = { reward: 0, done: false, terminated: false };
  const cases: [string, Parameters<typeof broken>[0], string][] = [
    [
      'an observation that is not finite',
      () => ({ observe: (out: Float32Array) => out.fill(0, 1) }),
      'observation: asset 0, column 0 is not finite',
    ],
    [
      'a reward that is not finite',
      () => ({ step: () => ({ ...step, reward: Number.NaN }) }),
      'a reward is not finite',
    ],
    [
      'an end that is none',
      () => ({ step: () => ({ ...step, terminated: true }) }),
      'an episode is terminated and goes on',
    ],
    [
      'a short position in a long-only book',
      ({ book }) => ({ book: { ...book.state(), held: Float64Array.of(-0.1, 0.1, 0, 0, 0), cash: 1 } }),
      'a held weight is negative or not a number',
    ],
    [
      'weights that do not add up',
      ({ book }) => ({ book: { ...book.state(), cash: 0.7 } }),
      'weights and cash do not sum to 1',
    ],
    ['a NAV of nothing', ({ book }) => ({ book: { ...book.state(), nav: 0 } }), 'NAV is not positive'],
    [
      'a high-water mark that is none',
      ({ book }) => ({ book: { ...book.state(), nav: 1.5 } }),
      'the high-water mark is below NAV',
    ],
    [
      'a state that does not restore',
      (environment) => ({ restore: () => environment.resetAt(90) }),
      'restoring a state gives another one',
    ],
    [
      'randomness of its own',
      () => ({ step: () => ({ ...step, reward: Math.random() }) }),
      'the same seed does not give the same rewards',
    ],
  ];
  test.each(cases)('finds %s', (_, parts, problem) => {
    expect(checkEnvironment(broken(parts), 7)).toContain(problem);
  });
});

describe('the vectorised form', () => {
  const make = (): PortfolioEnvironment =>
    new PortfolioEnvironment(data, { ...options, extra: { maxStartDrawdown: 0.05 } });
  const actions = (n: number, seed: number): Float32Array => {
    const random = createRandom(seed);
    return Float32Array.from({ length: n * 6 }, () => random.normal());
  };

  test('steps each environment as it would step alone, and resets by itself', () => {
    const vector = new VectorEnvironment(make, 3, createRandom(5));
    const alone = make();
    const parent = createRandom(5);
    const random = parent.fork(0);
    alone.reset(random);
    const observation = new Float32Array(5 * alone.features);
    let dones = 0;
    for (let s = 0; s < 100; s += 1) {
      const batch = actions(3, s);
      vector.step(batch);
      const { reward, done } = alone.step(batch, 0);
      expect(vector.rewards[0]).toBe(reward);
      expect(vector.dones[0]).toBe(Number(done));
      dones += vector.dones[0];
      if (done) alone.reset(random);
      alone.observe(observation, 0);
      expect(vector.observations.slice(0, observation.length)).toEqual(observation);
    }
    expect(dones).toBe(2);
  });

  test('resumes from a JSON checkpoint to the same bits', () => {
    const run = (restart: boolean): number[] => {
      let vector = new VectorEnvironment(make, 4, createRandom(6));
      const trace: number[] = [];
      for (let s = 0; s < 90; s += 1) {
        if (restart && s === 55) {
          const state = JSON.parse(JSON.stringify(vector.state())) as ReturnType<typeof vector.state>;
          vector = new VectorEnvironment(make, 4, createRandom(99));
          vector.restore(state);
        }
        vector.step(actions(4, s));
        trace.push(...vector.rewards, ...vector.observations.slice(0, 40));
      }
      return trace;
    };
    expect(run(true)).toEqual(run(false));
  });
});
