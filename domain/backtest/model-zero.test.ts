import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { computeFeatures } from '../features/compute.ts';
import { defaultFeatureSpec } from '../features/default-spec.ts';
import { fitNormaliser } from '../features/normaliser.ts';
import type { FeatureTensor, Normaliser } from '../features/spec.ts';
import { buildPanel } from '../market/build-panel.ts';
import { currencyInstruments, parseCurrencyReference } from '../market/currencies.ts';
import { ecbToBars, parseEcbCsv } from '../market/ecb.ts';
import { checkBars } from '../market/quality.ts';
import { baselinePolicy } from '../policy/baselines.ts';
import type { Policy } from '../policy/policy.ts';
import { type Costs, NO_COSTS } from '../portfolio/costs.ts';
import { type Limits, limitsSchema, NO_LIMITS } from '../risk/limits.ts';
import { type RiskGatesConfig, verdictOf } from '../validation/gates.ts';
import { runRiskGates } from '../validation/run-risk-gates.ts';
import { type BacktestResult, type MarketData, modelPolicy, runBacktest } from './backtest.ts';
import { figuresOf } from './figures.ts';

const read = (path: string): Buffer => readFileSync(new URL(`../../${path}`, import.meta.url));
const universe = JSON.parse(read('config/universes/fx-ecb.json').toString()) as {
  members: string[];
  numeraire: string;
  costs: Costs;
  limits: Limits;
};
const { gates } = JSON.parse(read('config/config.json').toString()) as { gates: { risk: RiskGatesConfig } };

/** Model 0: the anchor's action, as the ONNX model of a new installation gives it. State columns end the observation. */
const anchor: Policy = {
  act(observations, batch, assets, features) {
    const actions = new Float32Array(batch * (assets + 1));
    for (let b = 0; b < batch; b += 1) {
      const row = (a: number): number => (b * assets + a) * features;
      for (let a = 0; a < assets; a += 1) actions[b * (assets + 1) + a] = observations[row(a) + features - 3];
      actions[b * (assets + 1) + assets] = observations[row(0) + features - 2];
    }
    return actions;
  },
};

let data: MarketData;
let tensor: FeatureTensor;
let normaliser: Normaliser;
let last = 0;

beforeAll(() => {
  const rates = parseEcbCsv(
    gunzipSync(read('data/ecb_fx_reference_rates.csv.gz')).toString(),
    'ecb_fx_reference_rates.csv',
  );
  const parsed = ecbToBars(rates, universe.numeraire, new Set(universe.members));
  const { bars } = checkBars([parsed], { calendar: 'TARGET', asOf: '2026-10-30', members: new Set(universe.members) });
  const asOf = bars.date.at(-1) as string;
  const reference = parseCurrencyReference(read('data/fx_currencies.csv').toString(), 'fx_currencies.csv');
  const panel = buildPanel(bars, currencyInstruments(bars, reference, asOf), asOf);
  tensor = computeFeatures(panel, defaultFeatureSpec({ hasVolume: false, embeddings: false }));
  normaliser = fitNormaliser(tensor, panel.dates[0], panel.dates[3000]);
  data = { panel, groups: null, limits: limitsSchema.parse(universe.limits), costs: universe.costs };
  last = panel.dates.length - 1;
});

const modelZero = () => modelPolicy('model 0', anchor, tensor, normaliser);

describe('model 0 on the bundled currencies, 1999-2026', () => {
  test('passes every risk gate over the full history', async () => {
    const list = await runRiskGates(data, modelZero(), 0, gates.risk, true);
    expect(list.filter(({ pass }) => !pass)).toEqual([]);
    expect(verdictOf(list).verdict).toBe('accepted');
    const values = Object.fromEntries(list.map(({ gate, value }) => [gate, value as number]));
    expect(values.maxDrawdown).toBeLessThan(0.125);
    expect(values.turnover).toBeLessThan(2);
    expect(values.limits).toBe(0);
  });

  test('holds its budget of 12 %, where the same weights without drawdown control fall by more than 30 %', async () => {
    const controlled = figuresOf(await runBacktest(data, modelZero(), 0, last));
    const free = figuresOf(await runBacktest(data, modelZero(), 0, last, { project: false }));
    expect(controlled.maxDrawdown).toBeGreaterThan(-0.12);
    expect(free.maxDrawdown).toBeLessThan(-0.3);
  });
});

describe('what the README of the data says to expect', () => {
  const run = (name: string, budget: number | null): Promise<BacktestResult> =>
    runBacktest(
      { ...data, limits: { ...NO_LIMITS, drawdown: { ...NO_LIMITS.drawdown, budget: budget ?? 1 } }, costs: NO_COSTS },
      baselinePolicy(name) as NonNullable<ReturnType<typeof baselinePolicy>>,
      0,
      last,
      { project: budget !== null },
    );

  // Sharpe, volatility, max drawdown of a plain script: without lag, rebalanced daily; so within rounding of a different rule
  test.each([
    ['equalWeight', null, 0.04, 0.081, -0.388],
    ['volTargetEqualWeight', null, 0.03, 0.071, -0.392],
    ['volTargetEqualWeight', 0.15, 0.12, 0.032, -0.148],
  ])('%s with a drawdown budget of %p', async (name, budget, sharpe, volatility, maxDrawdown) => {
    const figures = figuresOf(await run(name, budget));
    expect(Math.abs((figures.sharpe as number) - sharpe)).toBeLessThan(0.03);
    expect(Math.abs((figures.volatility as number) - volatility)).toBeLessThan(0.002);
    expect(Math.abs((figures.maxDrawdown as number) - maxDrawdown)).toBeLessThan(0.01);
  });

  test.each(['equalWeight', 'maxSharpe'])(
    '%s finds no premium worth the name: a Sharpe ratio of 1 here is a leak',
    async (name) => {
      const policy = baselinePolicy(name) as NonNullable<ReturnType<typeof baselinePolicy>>;
      const { sharpe } = figuresOf(await runBacktest(data, policy, 0, last));
      expect(Math.abs(sharpe as number)).toBeLessThan(0.4);
    },
  );
});
