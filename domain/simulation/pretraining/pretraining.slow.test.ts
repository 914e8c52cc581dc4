import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { computeFeatures } from '../../features/compute.ts';
import { defaultFeatureSpec } from '../../features/default-spec.ts';
import { fitNormaliser } from '../../features/normaliser.ts';
import { buildPanel } from '../../market/build-panel.ts';
import { currencyInstruments, parseCurrencyReference } from '../../market/currencies.ts';
import { ecbToBars, parseEcbCsv } from '../../market/ecb.ts';
import type { MarketPanel } from '../../market/panel.ts';
import { checkBars } from '../../market/quality.ts';
import { LOOSE_LIMITS, proportionalCosts } from '../one-asset.ts';
import { createRandom } from '../random.ts';
import { bootstrapScores } from './bootstrap.ts';
import { type Calibration, calibrate } from './calibration.ts';
import { factorScores, principalLoadings } from './factors.ts';
import { type MarketKind, PretrainingMarkets, WARM_UP_DAYS } from './market.ts';
import { cholesky, fitHiddenMarkov, regimeScores } from './regimes.ts';

const KINDS: MarketKind[] = ['bootstrap', 'factors', 'regimes'];
const SCORES = { bootstrap: bootstrapScores, factors: factorScores, regimes: regimeScores };
let panel: MarketPanel;
let history: Calibration;
const CUT = 4000;

beforeAll(() => {
  const read = (path: string): Buffer => readFileSync(new URL(`../../../${path}`, import.meta.url));
  const { members, numeraire } = JSON.parse(read('config/universes/fx-ecb.json').toString()) as {
    members: string[];
    numeraire: string;
  };
  const wanted = new Set(members);
  const rates = parseEcbCsv(gunzipSync(read('data/ecb_fx_reference_rates.csv.gz')).toString(), 'reference rates');
  const checks = { calendar: 'TARGET', asOf: '2026-10-30', members: wanted } as const;
  const { bars } = checkBars([ecbToBars(rates, numeraire, wanted)], checks);
  const asOf = bars.date.at(-1) as string;
  const reference = parseCurrencyReference(read('data/fx_currencies.csv').toString(), 'currencies');
  panel = buildPanel(bars, currencyInstruments(bars, reference, asOf), asOf);
  history = calibrate(panel, 0, CUT);
});

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What a market is judged by: mean and mean square of a score, kurtosis, correlation between assets, of |score| on successive days. */
function momentsOf(scores: Float64Array, assets: number) {
  const n = scores.length / assets;
  const column = (a: number): number[] => Array.from({ length: n }, (_, i) => scores[i * assets + a]);
  const columns = Array.from({ length: assets }, (_, a) => column(a));
  const correlation = (x: readonly number[], y: readonly number[]): number => {
    const [mx, my] = [average(x), average(y)];
    const cov = average(x.map((value, i) => (value - mx) * (y[i] - my)));
    return cov / Math.sqrt(average(x.map((v) => (v - mx) ** 2)) * average(y.map((v) => (v - my) ** 2)));
  };
  const kurtosis = columns.map((x) => average(x.map((v) => v ** 4)) / average(x.map((v) => v ** 2)) ** 2);
  const pairs = columns.flatMap((x, a) => columns.slice(a + 1).map((y) => correlation(x, y)));
  const clustering = columns.map((x) => {
    const sizes = x.map(Math.abs);
    return correlation(sizes.slice(0, -1), sizes.slice(1));
  });
  return {
    mean: average(columns.map(average)),
    square: average(columns.map((x) => average(x.map((v) => v * v)))),
    kurtosis: kurtosis.sort((a, b) => a - b)[assets >> 1],
    correlation: average(pairs),
    clustering: average(clustering),
  };
}

describe.each(KINDS)('%s', (kind) => {
  test('has the moments of history: means, variances, correlations, fat tails, clustered volatility', () => {
    const past = momentsOf(history.scores, history.assets);
    const seeds = [1, 2, 3, 4].map((seed) =>
      momentsOf(SCORES[kind](history, 5000, createRandom(seed)), history.assets),
    );
    const of = (name: keyof typeof past): number => average(seeds.map((each) => each[name]));
    expect(Math.abs(of('mean') - past.mean)).toBeLessThan(0.03);
    expect(Math.abs(of('square') - past.square)).toBeLessThan(0.12);
    expect(Math.abs(of('correlation') - past.correlation)).toBeLessThan(0.05);
    expect(of('kurtosis')).toBeGreaterThan(3.5);
    expect(of('clustering')).toBeGreaterThan(0.05);
  });

  test('the same seed gives the same market, another seed another', () => {
    const make = (seed: number): Float64Array => SCORES[kind](history, 500, createRandom(seed));
    expect(make(3)).toEqual(make(3));
    expect(make(3)).not.toEqual(make(4));
  });

  test('nothing after the cut has a say', () => {
    const changed = { ...panel, returns: panel.returns.map((r, i) => (i >= (CUT + 1) * history.assets ? 0.5 : r)) };
    expect(SCORES[kind](calibrate(changed, 0, CUT), 300, createRandom(1))).toEqual(
      SCORES[kind](history, 300, createRandom(1)),
    );
  });

  test('is a market of the same assets with every feature known, from the warm-up on', () => {
    const tensor = computeFeatures(panel, defaultFeatureSpec({ hasVolume: false, embeddings: false }));
    const normaliser = fitNormaliser(tensor, panel.dates[300], panel.dates[CUT]);
    const data = { panel, tensor, normaliser, groups: null, limits: LOOSE_LIMITS, costs: proportionalCosts(1) };
    const market = new PretrainingMarkets(data, 300, CUT).make(kind, 7, 800);
    expect(market.panel.symbols).toEqual(panel.symbols);
    expect(market.tensor.columns).toEqual(tensor.columns);
    const from = WARM_UP_DAYS * history.assets;
    expect(market.tensor.values.subarray(from * tensor.columns.length).every(Number.isFinite)).toBe(true);
    expect(market.tensor.anchorLogit.subarray(from).every(Number.isFinite)).toBe(true);
  });
});

test('a late listing keeps its correlation with the market', () => {
  const late = { ...panel, tradable: panel.tradable.slice() };
  for (let t = 0; t < 2000; t++) late.tradable[t * history.assets] = 0;
  const filled = calibrate(late, 0, CUT);
  const [whole, part] = [history, filled].map(({ scores, assets }) => momentsOf(scores, assets).correlation);
  expect(Math.abs(whole - part)).toBeLessThan(0.03);
});

test('Baum and Welch find the chain that made the data, and never lose likelihood', () => {
  const random = createRandom(5);
  let state = 0;
  const values = Float64Array.from({ length: 6000 }, () => {
    if (random.uniform() < (state === 0 ? 0.01 : 0.04)) state = 1 - state;
    return state === 0 ? 0.05 + 0.5 * random.normal() : -0.2 + 2 * random.normal();
  });
  const { model, logLikelihood } = fitHiddenMarkov(values);
  logLikelihood.slice(1).forEach((value, i) => {
    expect(value).toBeGreaterThanOrEqual(logLikelihood[i] - 1e-6);
  });
  expect(Math.sqrt(model.variance[0])).toBeCloseTo(0.5, 1);
  expect(Math.sqrt(model.variance[1])).toBeCloseTo(2, 0);
  expect(Math.abs(model.transition[0][1] - 0.01)).toBeLessThan(0.005);
  expect(Math.abs(model.transition[1][0] - 0.04)).toBeLessThan(0.015);
});

test('the loadings explain what assets share: their products are the leading part of the correlation', () => {
  const random = createRandom(9);
  const [assets, sessions] = [6, 20_000];
  const scores = new Float64Array(assets * sessions);
  for (let i = 0; i < sessions; i++) {
    const common = random.normal();
    for (let a = 0; a < assets; a++) scores[i * assets + a] = 0.8 * common + 0.6 * random.normal();
  }
  const [first] = principalLoadings({ ...history, assets, sessions, scores });
  // eigenvalue 1 + 5 x 0.64 = 4.2 of the equicorrelation matrix, every loading sqrt(4.2 / 6)
  for (const loading of first) expect(Math.abs(Math.abs(loading) - Math.sqrt(4.2 / 6))).toBeLessThan(0.02);
});

test('the Cholesky factor times its transpose is the matrix', () => {
  const matrix = Float64Array.of(4, 0, 0, 2, 5, 0, 1, 3, 6);
  const factor = cholesky(matrix, 3);
  for (let a = 0; a < 3; a++)
    for (let b = 0; b <= a; b++) {
      let sum = 0;
      for (let k = 0; k < 3; k++) sum += factor[a * 3 + k] * factor[b * 3 + k];
      expect(sum).toBeCloseTo(matrix[a * 3 + b], 12);
    }
});
