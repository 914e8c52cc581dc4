import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LARGEST_TERM, prefixSum, squaredDeviations, WindowMaximum, windowSum } from './rolling.ts';

const floats = (values: readonly number[]): Float64Array => Float64Array.from(values);

test('a window after a huge value is exact: nothing of it is left in the sum', () => {
  const sums = prefixSum(floats([8192, 1e-9, 2e-9, 3e-9, -8192, 0.5, 0.25]));
  expect(windowSum(sums, 1, 3)).toBeCloseTo(6e-9, 18);
  expect(windowSum(sums, 5, 6)).toBe(0.75);
});

test('a value counts 2^13 at most', () => {
  expect(windowSum(prefixSum(floats([1e300, 1, -1e300])), 0, 0)).toBe(LARGEST_TERM);
  expect(windowSum(prefixSum(floats([1e300, 1, -1e300])), 0, 2)).toBe(1);
});

const term = fc.double({ min: -1e4, max: 1e4, noNaN: true });
const tiny = fc.double({ min: -1e-6, max: 1e-6, noNaN: true });

test('window sums equal naive sums', () => {
  fc.assert(
    fc.property(fc.array(tiny, { minLength: 1, maxLength: 60 }), fc.nat(), fc.nat(), (values, x, y) => {
      const [from, to] = [x % values.length, y % values.length].sort((a, b) => a - b);
      const naive = values.slice(from, to + 1).reduce((sum, value) => sum + value, 0);
      expect(windowSum(prefixSum(floats(values)), from, to)).toBeCloseTo(naive, 16);
    }),
  );
});

test('the bits of a window sum do not depend on where the summation began', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(term, tiny), { maxLength: 200 }),
      fc.array(fc.oneof(term, tiny), { minLength: 1, maxLength: 60 }),
      (before, window) => {
        const whole = windowSum(
          prefixSum(floats([...before, ...window])),
          before.length,
          before.length + window.length - 1,
        );
        expect(whole).toBe(windowSum(prefixSum(floats(window)), 0, window.length - 1));
      },
    ),
  );
});

test('rolling maximum equals the naive one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 12 }),
      (values, window) => {
        const maximum = new WindowMaximum(values.length, window);
        maximum.of(Float64Array.from(values, (x) => x + 20));
        const fast = maximum.of(Float64Array.from(values));
        const naive = values.map((_, i) => Math.max(...values.slice(Math.max(0, i - window + 1), i + 1)));
        expect([...fast]).toEqual(naive);
      },
    ),
  );
});

test('a series that does not move has no deviation, and never a negative one', () => {
  expect(squaredDeviations(3, 0.3, 0.03)).toBeGreaterThanOrEqual(0);
  expect(squaredDeviations(5, 0, 0)).toBe(0);
});
