import { expect, test } from '@jest/globals';
import { createRandom } from '../simulation/random.ts';
import { cvarPenalty, startCvar, updateCvar } from './cvar.ts';
import { differentialSharpe, rewardOf, START_MOMENTS, updateMoments } from './reward.ts';

const constraint = { level: 0.95, limit: 0.02, learningRate: 0.05 };

test('quantile and shortfall are those of a known distribution: 1.645 and 2.063 standard deviations of a normal loss', () => {
  const random = createRandom(1);
  const state = startCvar();
  for (let k = 0; k < 400; k++)
    updateCvar(
      state,
      Float64Array.from({ length: 1024 }, () => 0.01 * random.normal()),
      constraint,
    );
  expect(Math.abs(state.quantile / 0.01 - 1.645)).toBeLessThan(0.05);
  expect(Math.abs(state.shortfall / 0.01 - 2.063)).toBeLessThan(0.05);
});

test('the multiplier rises while the shortfall is beyond its limit, falls to nothing when it is within, and prices the tail alone', () => {
  const random = createRandom(2);
  const state = startCvar();
  const batch = (deviation: number): Float64Array =>
    Float64Array.from({ length: 1024 }, () => deviation * random.normal());
  const risen: number[] = [];
  for (let k = 0; k < 50; k++) {
    updateCvar(state, batch(0.03), constraint);
    risen.push(state.multiplier);
  }
  risen.slice(1).forEach((value, k) => {
    expect(value).toBeGreaterThan(risen[k]);
  });
  expect(cvarPenalty(state.quantile, state, constraint)).toBe(0);
  expect(cvarPenalty(state.quantile + 0.01, state, constraint)).toBeCloseTo((state.multiplier * 0.01) / 0.05, 12);
  for (let k = 0; k < 400; k++) updateCvar(state, batch(0.001), constraint);
  expect(state.multiplier).toBe(0);
});

test('the differential Sharpe ratio is the derivative of the exponentially averaged ratio by its rate', () => {
  const random = createRandom(3);
  for (let k = 0; k < 200; k++) {
    const mean = 0.001 * random.normal();
    const moments = { mean, square: mean * mean + 1e-4 * (0.5 + random.uniform()) };
    const r = 0.02 * random.normal();
    const ratioAfter = (rate: number): number => {
      const a = moments.mean + rate * (r - moments.mean);
      const b = moments.square + rate * (r * r - moments.square);
      return a / Math.sqrt(b - a * a);
    };
    const slope = (ratioAfter(1e-6) - ratioAfter(-1e-6)) / 2e-6;
    expect(Math.abs(differentialSharpe(r, moments) - slope)).toBeLessThan(1e-5 * Math.max(1, Math.abs(slope)));
  }
});

test('the running moments forget at their rate, and the reward of an outcome is D, less the same penalties', () => {
  const config = {
    kind: 'differentialSharpe' as const,
    lambdaVolatility: 0,
    lambdaTurnover: 0.001,
    lambdaDrawdown: 0,
    differentialSharpeDays: 10,
  };
  const moments = { ...START_MOMENTS };
  updateMoments(moments, 0.02, config);
  expect(moments.mean).toBeCloseTo(0.002, 15);
  expect(moments.square).toBeCloseTo(1e-4 + 0.1 * (4e-4 - 1e-4), 15);
  const outcome = { cost: 0.001, growth: 1.01, turnover: 0.3, drawdownBefore: 0, drawdownAfter: 0 };
  const net = (1 - 0.001) * 1.01 - 1;
  expect(rewardOf(config, outcome, moments)).toBeCloseTo(differentialSharpe(net, moments) - 100 * 0.001 * 0.3, 12);
});
