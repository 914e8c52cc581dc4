import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { prefixSum, rollingMaximum, squaredDeviations, windowSum } from './rolling.ts';

test('a window after a huge value is exact: nothing of it is left in the sum', () => {
  const values = [1e17, 1, 2, 3, -1e17, 0.5, 0.25];
  const sums = prefixSum(values.length, (i) => values[i]);
  expect(windowSum(sums, 1, 3)).toBe(6);
  expect(windowSum(sums, 5, 6)).toBe(0.75);
});

test('window sums equal naive sums', () => {
  const finite = fc.double({ min: -10, max: 10, noNaN: true });
  fc.assert(
    fc.property(fc.array(finite, { minLength: 1, maxLength: 60 }), fc.nat(), fc.nat(), (values, x, y) => {
      const [from, to] = [x % values.length, y % values.length].sort((a, b) => a - b);
      const naive = values.slice(from, to + 1).reduce((sum, value) => sum + value, 0);
      expect(
        windowSum(
          prefixSum(values.length, (i) => values[i]),
          from,
          to,
        ),
      ).toBeCloseTo(naive, 11);
    }),
  );
});

test('rolling maximum equals the naive one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 12 }),
      (values, window) => {
        const fast = rollingMaximum(Float64Array.from(values), window);
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
