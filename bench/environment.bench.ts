import { type EnvironmentData, PortfolioEnvironment, VectorEnvironment } from '../domain/environment/environment.ts';
import { STATE_COLUMNS } from '../domain/policy/policy.ts';
import { fixtureMarket } from '../domain/portfolio/fixture-market.ts';
import type { Limits } from '../domain/risk/limits.ts';
import { createRandom } from '../domain/simulation/random.ts';
import { report } from './report.ts';

/** 30 assets x 40 columns of observation, 32 environments behind one step, costs and limits on; one thread. */
const [ASSETS, COLUMNS, ENVIRONMENTS, SESSIONS] = [30, 40, 32, 2000];
const BATCHES = 4000;

const limits: Limits = {
  maxWeight: 0.25,
  maxGroupWeight: 0.7,
  groupOverrides: {},
  maxIlliquidWeight: 0.5,
  maxHubWeight: 0.5,
  maxGross: 1,
  maxTurnover: 1,
  drawdown: { budget: 0.2, hardLimit: 0.25, resetAfterDays: 252 },
};

function market(impactCoefficient: number, change: Partial<Limits>): EnvironmentData {
  const panel = fixtureMarket({ sessions: SESSIONS, assets: ASSETS, volume: 1e8 });
  const random = createRandom(2);
  const columns = Array.from({ length: COLUMNS - STATE_COLUMNS.length }, (_, f) => `feature${f}`);
  const size = SESSIONS * ASSETS;
  return {
    panel,
    tensor: {
      dates: panel.dates,
      symbols: panel.symbols,
      columns,
      values: Float32Array.from({ length: size * columns.length }, () => random.normal()),
      anchorLogit: new Float32Array(size),
      anchorExposure: new Float32Array(SESSIONS),
    },
    normaliser: {
      from: panel.dates[0],
      to: panel.dates[SESSIONS - 1],
      mean: columns.map(() => 0),
      std: columns.map(() => 1),
      clip: 5,
    },
    groups: null,
    limits: { ...limits, ...change },
    costs: {
      commissionBps: 1,
      slippageBps: 4,
      slippageOverrides: {},
      impactCoefficient,
      capital: 1e6,
      cashRateAnnual: 0.02,
    },
  };
}

/** Steps a second, observations written, with random tilts around the anchor. */
function stepsPerSecond(data: EnvironmentData): number {
  const reward = { lambdaVolatility: 0.5, lambdaTurnover: 0.001, lambdaDrawdown: 0.1 };
  const options = { from: 0, to: SESSIONS - 1, episodeDays: 252, reward };
  const environments = new VectorEnvironment(
    () => new PortfolioEnvironment(data, options),
    ENVIRONMENTS,
    createRandom(1),
  );
  const random = createRandom(3);
  const width = ENVIRONMENTS * (ASSETS + 1);
  const actions = Array.from({ length: 8 }, () => Float32Array.from({ length: width }, () => 0.3 * random.normal()));
  for (let k = 0; k < 400; k++) environments.step(actions[k % 8]);
  const started = performance.now();
  for (let k = 0; k < BATCHES; k++) environments.step(actions[k % 8]);
  return (BATCHES * ENVIRONMENTS * 1000) / (performance.now() - started);
}

const CASES = {
  env_steps_per_s_observed: market(0, {}),
  env_steps_per_s_observed_impact: market(0.1, {}),
  env_steps_per_s_observed_projected: market(0, { maxWeight: 0.04 }),
  env_steps_per_s_observed_turnover_bound: market(0, { maxTurnover: 0.05 }),
};
for (const [figure, data] of Object.entries(CASES))
  await report('environment', figure, 'steps/s', 5, async () => stepsPerSecond(data));
