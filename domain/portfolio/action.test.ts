import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../simulation/random.ts';
import { actionToWeights } from './action.ts';
import { expOfNegative } from './exp.ts';

const weightsOf = (action: number[], usable: number[]): Float64Array => {
  const out = new Float64Array(usable.length);
  actionToWeights(Float32Array.from(action), 0, Uint8Array.from(usable), out);
  return out;
};

describe('action -> weights', () => {
  test('is exposure times softmax over usable assets', () => {
    const weights = weightsOf([0, Math.log(3), 50, Math.log(0.5)], [1, 1, 0]);
    expect(weights[0]).toBeCloseTo(0.125, 7);
    expect(weights[1]).toBeCloseTo(0.375, 7);
    expect(weights[2]).toBe(0);
  });

  test('never invests more than everything', () => {
    const weights = weightsOf([1, 2, 3, 5], [1, 1, 1]);
    expect(weights.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 15);
  });

  test('does not change when all logits move together, and survives extreme ones', () => {
    expect(weightsOf([3e4, 3e4 - 1, -0.5], [1, 1])).toEqual(weightsOf([0, -1, -0.5], [1, 1]));
    expect(weightsOf([1e30, -1e30, 0], [1, 1])).toEqual(Float64Array.of(1, 0));
  });

  test('holds cash when nothing is usable', () => {
    expect(weightsOf([1, 2, 0], [0, 0])).toEqual(Float64Array.of(0, 0));
  });

  test('refuses NaN by name, but ignores it where the asset is not usable', () => {
    expect(() => weightsOf([Number.NaN, 0, 0], [1, 1])).toThrow(
      expect.objectContaining({ code: 'POLICY_NOT_FINITE', facts: { what: 'logit of asset 0', value: 'NaN' } }),
    );
    expect(() => weightsOf([0, 0, Number.POSITIVE_INFINITY], [1, 1])).toThrow(
      expect.objectContaining({ facts: { what: 'log exposure', value: 'Infinity' } }),
    );
    expect(weightsOf([Number.NaN, 0, 0], [0, 1])).toEqual(Float64Array.of(0, 1));
  });
});

describe('the exponential', () => {
  test('agrees with Math.exp to 2e-15', () => {
    const random = createRandom(5);
    let worst = 0;
    for (let i = 0; i < 20_000; i += 1) {
      const x = -random.uniform() * (i % 2 === 0 ? 30 : 700);
      worst = Math.max(worst, Math.abs(expOfNegative(x) / Math.exp(x) - 1));
    }
    expect(worst).toBeLessThan(2e-15);
  });

  test('is exact at 0, 0 far out, and refuses what it is not made for', () => {
    expect(expOfNegative(0)).toBe(1);
    expect(expOfNegative(-1e6)).toBe(0);
    expect(expOfNegative(Number.NEGATIVE_INFINITY)).toBe(0);
    expect(() => expOfNegative(0.1)).toThrow(RangeError);
    expect(() => expOfNegative(Number.NaN)).toThrow(RangeError);
  });
});
