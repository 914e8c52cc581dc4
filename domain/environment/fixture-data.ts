import type { FeatureTensor, Normaliser } from '../features/spec.ts';
import type { MarketPanel } from '../market/panel.ts';
import type { Costs } from '../portfolio/costs.ts';
import { type FixtureOptions, fixtureMarket } from '../portfolio/fixture-market.ts';
import type { Limits } from '../risk/limits.ts';
import type { EnvironmentData } from './environment.ts';

export const fixtureLimits: Limits = {
  maxWeight: 0.4,
  maxGroupWeight: 0.7,
  groupOverrides: {},
  maxIlliquidWeight: 0.5,
  maxHubWeight: 0.6,
  maxGross: 1,
  maxTurnover: 0.6,
  drawdown: { budget: 0.2, hardLimit: 0.25, resetAfterDays: 60 },
};

export const fixtureCosts: Costs = {
  commissionBps: 1,
  slippageBps: 4,
  slippageOverrides: {},
  impactCoefficient: 0.1,
  capital: 1e6,
  cashRateAnnual: 0.02,
};

/** Twelve columns, each the mean return of the last 1..12 sessions; NaN before there are as many, or without a bar. */
export function fixtureTensor(panel: MarketPanel): FeatureTensor {
  const [sessions, assets, width] = [panel.dates.length, panel.symbols.length, 12];
  const values = new Float32Array(sessions * assets * width).fill(Number.NaN);
  const anchorLogit = new Float32Array(sessions * assets).fill(Number.NaN);
  for (let t = 0; t < sessions; t += 1) {
    for (let a = 0; a < assets; a += 1) {
      if (panel.tradable[t * assets + a] === 0) continue;
      let sum = 0;
      for (let f = 0; f < width && f < t; f += 1) {
        sum += panel.returns[(t - f) * assets + a];
        values[(t * assets + a) * width + f] = sum / (f + 1);
      }
      anchorLogit[t * assets + a] = -Math.log(1 + a / 10);
    }
  }
  const columns = Array.from({ length: width }, (_, f) => `mean${f + 1}`);
  return {
    dates: panel.dates,
    symbols: panel.symbols,
    columns,
    values,
    anchorLogit,
    anchorExposure: new Float32Array(sessions).fill(-0.2),
  };
}

/** A whole environment's data on a fixture market, with hubs that change half-way. */
export function fixtureData(options: FixtureOptions): EnvironmentData {
  const panel = fixtureMarket(options);
  const tensor = fixtureTensor(panel);
  const width = tensor.columns.length;
  const normaliser: Normaliser = {
    from: panel.dates[0],
    to: panel.dates[1],
    mean: new Array(width).fill(0),
    std: new Array(width).fill(0.01),
    clip: 5,
  };
  const mask = (a: number): Uint8Array => Uint8Array.from(panel.symbols, (_, i) => Number(i === a));
  const groups = {
    dates: [panel.dates[20], panel.dates[Math.floor(panel.dates.length / 2)]],
    symbols: panel.symbols,
    hubs: [mask(0), mask(1)],
    illiquid: [mask(2), mask(2)],
  };
  return { panel, tensor, normaliser, groups, limits: fixtureLimits, costs: fixtureCosts };
}
