import { expect, test } from '@jest/globals';
import { createRandom } from '../simulation/random.ts';
import { testDrift } from './drift.ts';

const RUNS = 1_500;
const REFERENCE = 2_000;
/** A rate of 5 % counted in this many runs is itself uncertain: two standard errors. */
const UNCERTAINTY = 2 * Math.sqrt((0.05 * 0.95) / RUNS);

test.each([21, 63, 252].flatMap((n) => [0, 0.5, 0.95].map((rho) => [n, rho])))(
  'false alarms are 5 %% +- 1 at n = %i, autocorrelation %f',
  (n, rho) => {
    let alarms = 0;
    for (let run = 0; run < RUNS; run++) {
      const random = createRandom(7_919 * n + run);
      let x = random.normal();
      const both = Float64Array.from({ length: REFERENCE + n }, () => {
        x = rho * x + Math.sqrt(1 - rho * rho) * random.normal();
        return x;
      });
      if (testDrift(both.subarray(0, REFERENCE), both.slice(REFERENCE), run).pValue <= 0.05) alarms += 1;
    }
    expect(alarms / RUNS).toBeGreaterThan(0.04 - UNCERTAINTY);
    expect(alarms / RUNS).toBeLessThan(0.06 + UNCERTAINTY);
  },
);
