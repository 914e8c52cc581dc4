import { describe, expect, test } from '@jest/globals';
import { modelPolicy, runBacktest } from '../../domain/backtest/backtest.ts';
import type { EnvironmentData } from '../../domain/environment/environment.ts';
import { fixtureCosts, fixtureData, fixtureLimits } from '../../domain/environment/fixture-data.ts';
import { createExactPolicy } from '../../domain/policy/exact/exact.ts';
import type { Limits } from '../../domain/risk/limits.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import type { TrainingSettings } from '../../domain/training/settings.ts';
import { shortSettings } from '../../functions/train/small-market.ts';
import { learnerOf } from './learn.ts';
import { initialParameters } from './networks/parameters.ts';
import { baselineModel } from './networks/portfolio.ts';

const [FROM, TO, ASSETS] = [20, 159, 6];
const longShort: Limits = { ...fixtureLimits, mode: 'longShort', maxGross: 1.4, maxNet: 1 };
const market = (limits: Limits): EnvironmentData => ({
  ...fixtureData({ sessions: 160, assets: ASSETS, seed: 11, halts: [[60, 1]], listedFrom: { 3: 50 }, volume: 5e6 }),
  limits,
  costs: { ...fixtureCosts, borrowRateAnnual: 0.02 },
});

const backtestOf = (data: EnvironmentData, onnx: Uint8Array) =>
  runBacktest(data, modelPolicy('policy', createExactPolicy(onnx), data.tensor, data.normaliser), FROM, TO);

const MODES: [string, Limits][] = [
  ['long only', fixtureLimits],
  ['long/short', longShort],
];
const LEARNERS: [string, TrainingSettings][] = Object.entries(shortSettings);

describe.each(MODES)('%s', (_, limits) => {
  const data = market(limits);
  const columns = data.tensor.columns.length;

  test.each(LEARNERS)(
    'before its first update a policy of %s is the anchor: the same book to the bit',
    async (__, settings) => {
      for (const architecture of ['set', 'attention'] as const) {
        const learner = learnerOf({ ...settings, architecture }, ASSETS, columns, limits);
        const start = await backtestOf(data, learner.policy(initialParameters(learner, createRandom(3))));
        const anchor = await backtestOf(data, baselineModel(data.tensor.columns.length + 6));
        expect(start.nav).toEqual(anchor.nav);
        expect(start.weights).toEqual(anchor.weights);
        expect(anchor.nav.at(-1)).not.toBe(1);
      }
    },
  );

  test.each(LEARNERS)(
    'permuting the assets permutes the book of %s, limits and costs included',
    async (__, settings) => {
      const learner = learnerOf({ ...settings, architecture: 'attention' }, ASSETS, columns, limits);
      const random = createRandom(4);
      const onnx = learner.policy(Float64Array.from({ length: learner.parameterCount }, () => 0.3 * random.normal()));
      const order = [4, 2, 0, 5, 1, 3];
      const [book, permuted] = [await backtestOf(data, onnx), await backtestOf(permute(data, order), onnx)];
      expect(Object.keys(book.limitsHit).length).toBeGreaterThan(1);
      for (let k = 0; k < book.nav.length; k++) {
        expect(Math.abs(permuted.nav[k] - book.nav[k])).toBeLessThan(1e-6);
        order.forEach((from, to) => {
          expect(Math.abs(permuted.weights[k * ASSETS + to] - book.weights[k * ASSETS + from])).toBeLessThan(1e-5);
        });
      }
    },
  );
});

/** The same market with its assets in another order: place `to` holds asset `order[to]`. */
function permute(data: EnvironmentData, order: readonly number[]): EnvironmentData {
  const { panel, tensor } = data;
  const columns = <T extends Float64Array | Float32Array | Uint8Array>(values: T, width = 1): T => {
    const out = values.slice() as T;
    for (let t = 0; t < panel.dates.length; t++)
      order.forEach((from, to) => {
        const [source, target] = [(t * ASSETS + from) * width, (t * ASSETS + to) * width];
        out.set(values.subarray(source, source + width), target);
      });
    return out;
  };
  const names = (list: readonly string[]): string[] => order.map((a) => list[a]);
  return {
    ...data,
    panel: {
      ...panel,
      symbols: names(panel.symbols),
      groups: names(panel.groups),
      close: columns(panel.close),
      returns: columns(panel.returns),
      tradable: columns(panel.tradable),
      listed: columns(panel.listed),
      volume: columns(panel.volume),
    },
    tensor: {
      ...tensor,
      symbols: names(tensor.symbols),
      values: columns(tensor.values, tensor.columns.length),
      anchorLogit: columns(tensor.anchorLogit),
    },
    groups: null,
  };
}
