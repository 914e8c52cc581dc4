import { describe, expect, test } from '@jest/globals';
import { type KnownOptimum, type KnownOptimumOptions, simulateKnownOptimum } from './known-optimum.ts';
import { knownOptimumTensor, SIGNAL_COLUMN } from './known-optimum-tensor.ts';
import { promotionMarket } from './promotion-market.ts';

type Rule = (t: number) => ArrayLike<number>;

/** Annual Sharpe ratio of a rule decided at t, filled at t + 1, earning over (t + 1, t + 2]; cost in basis points of traded value. */
function sharpeOf({ panel }: KnownOptimum, rule: Rule, costBps = 0): number {
  const [T, A] = [panel.dates.length, panel.symbols.length];
  const path: number[] = [];
  let before: ArrayLike<number> = new Float64Array(A);
  for (let t = 260; t + 2 < T; t++) {
    const weights = rule(t);
    let earned = 0;
    for (let a = 0; a < A; a++) {
      earned += weights[a] * panel.returns[(t + 2) * A + a] - (costBps / 10_000) * Math.abs(weights[a] - before[a]);
    }
    before = weights;
    path.push(earned);
  }
  const mean = path.reduce((sum, r) => sum + r, 0) / path.length;
  const variance = path.reduce((sum, r) => sum + (r - mean) ** 2, 0) / (path.length - 1);
  return (Math.sqrt(252) * mean) / Math.sqrt(variance);
}

describe('a market with a known optimum', () => {
  const cases: Partial<KnownOptimumOptions>[] = [
    { assets: 4 },
    { assets: 3, cashShare: 0, meanRegimeDays: 60 },
    { assets: 8, cashShare: 0.5, onMean: 0.002 },
    { assets: 6, cashShare: 0.1, meanRegimeDays: 10, costBps: 10 },
  ];

  test.each(cases)('has the Sharpe ratio of its closed form: %j', (options) => {
    const market = simulateKnownOptimum({ seed: 5, sessions: 12_000, assets: 4, ...options });
    const realised = sharpeOf(market, market.optimalWeights, options.costBps);
    // Standard error of a Sharpe ratio over 46 years: about 0.16; regimes add to it.
    expect(Math.abs(realised - market.optimalSharpe)).toBeLessThan(0.6);
  });

  const market = simulateKnownOptimum({ seed: 5, sessions: 12_000, assets: 4 });

  test('gives nothing to a policy that does not see the regime', () => {
    expect(Math.abs(sharpeOf(market, () => [0.25, 0.25, 0.25, 0.25]))).toBeLessThan(0.5);
    expect(market.optimalSharpe).toBeGreaterThan(5);
  });

  test('is not beaten by less concentration, by holding on in cash regimes, or by acting a day late', () => {
    const best = sharpeOf(market, market.optimalWeights);
    const spread: Rule = (t) => market.optimalWeights(t).map((w) => 0.7 * w + 0.3 / 4);
    const invested: Rule = (t) => (market.regimes[t] >= 0 ? market.optimalWeights(t) : [0.25, 0.25, 0.25, 0.25]);
    const late: Rule = (t) => market.optimalWeights(t - 1);
    for (const rule of [spread, invested, late]) expect(sharpeOf(market, rule)).toBeLessThan(best);
  });

  test('a cap on weights leaves the Sharpe ratio of the optimum as it is', () => {
    const capped: Rule = (t) => market.optimalWeights(t).map((w) => 0.25 * w);
    expect(sharpeOf(market, capped)).toBeCloseTo(sharpeOf(market, market.optimalWeights), 10);
  });

  test('shows its regime at t only through the signal of t', () => {
    market.regimes.forEach((on, t) => {
      const row = [...market.signal.subarray(t * 4, t * 4 + 4)];
      if (row.indexOf(1) !== on || row.filter((x) => x === 1).length !== (on < 0 ? 0 : 1)) {
        throw new Error(`signal and regime differ at ${t}`);
      }
    });
    expect(market.signal).toHaveLength(12_000 * 4);
  });

  test('is the same for the same seed, and every price is positive', () => {
    const options = { seed: 9, sessions: 400, assets: 5 };
    expect(simulateKnownOptimum(options).panel).toEqual(simulateKnownOptimum(options).panel);
    expect(simulateKnownOptimum({ ...options, seed: 10 }).panel.close).not.toEqual(
      simulateKnownOptimum(options).panel.close,
    );
    expect(market.panel.close.every((price) => price > 0)).toBe(true);
    expect(market.panel.tradable.every((one) => one === 1)).toBe(true);
  });

  test.each([
    { assets: 1 },
    { sessions: 2 },
    { cashShare: 1 },
    { meanRegimeDays: 0.5 },
    { onMean: 0 },
    { costBps: -1 },
  ])('refuses %j', (options) => {
    expect(() => simulateKnownOptimum({ seed: 1, sessions: 100, assets: 4, ...options })).toThrow(
      expect.objectContaining({ code: 'SIMULATION_SETTINGS' }),
    );
  });

  test("has the product's own features and the signal as its observation", () => {
    const small = simulateKnownOptimum({ seed: 9, sessions: 400, assets: 3 });
    const { tensor, spec } = knownOptimumTensor(small);
    const width = spec.columns.length;
    expect(tensor.columns.at(-1)).toBe(SIGNAL_COLUMN);
    expect(tensor.columns).toEqual(spec.columns.map(({ name }) => name));
    expect(tensor.values).toHaveLength(400 * 3 * width);
    for (const row of [0, 500, 1_199]) expect(tensor.values[row * width + width - 1]).toBe(small.signal[row]);
    expect(tensor.values.subarray(1_199 * width).every(Number.isFinite)).toBe(true);
  });
});

describe('the market for promotion', () => {
  const market = promotionMarket({ seed: 5 });
  const { panel } = market;
  const A = panel.symbols.length;

  test('covers the stress windows', () => {
    expect(panel.dates[0] <= '2006-01-03').toBe(true);
    expect(panel.dates[panel.dates.length - 1] > '2023-01-01').toBe(true);
  });

  test('shows its regime in prices: following the best of the last 21 sessions reaches 85 % of the optimum, with little turnover', () => {
    let held = 0;
    let switches = 0;
    const follow: Rule = (t) => {
      const moves = panel.symbols.map((_, a) => Math.log(panel.close[t * A + a] / panel.close[(t - 21) * A + a]));
      const best = moves.indexOf(Math.max(...moves));
      if (moves[best] > moves[held] + 0.02) {
        held = best;
        switches++;
      }
      return Float64Array.from(moves, (_, a) => (a === held ? 1 : 0));
    };
    expect(sharpeOf(market, follow, 2) / sharpeOf(market, market.optimalWeights, 2)).toBeGreaterThan(0.85);
    expect(switches / (panel.dates.length / 252)).toBeLessThan(2.5);
    expect(sharpeOf(market, () => new Float64Array(A).fill(1 / A))).toBeLessThan(1);
  });
});
