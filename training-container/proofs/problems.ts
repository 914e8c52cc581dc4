import type { EnvironmentData } from '../../domain/environment/environment.ts';
import { computeFeatures } from '../../domain/features/compute.ts';
import { defaultFeatureSpec } from '../../domain/features/default-spec.ts';
import { fitNormaliser } from '../../domain/features/normaliser.ts';
import { isoOfDay } from '../../domain/market/days.ts';
import type { MarketPanel } from '../../domain/market/panel.ts';
import { simulateCostBand } from '../../domain/simulation/cost-band.ts';
import { simulateKnownOptimum } from '../../domain/simulation/known-optimum.ts';
import { knownOptimumTensor } from '../../domain/simulation/known-optimum-tensor.ts';
import { simulateMeanReversion } from '../../domain/simulation/mean-reversion.ts';
import { simulateMerton } from '../../domain/simulation/merton.ts';
import { LOOSE_LIMITS, proportionalCosts } from '../../domain/simulation/one-asset.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import { type RewardSettings, rewardSchema } from '../../domain/training/settings.ts';
import { bundledHistory, withColumn } from './history.fixture.ts';

/** A market as a task for a learner. */
export interface Task {
  readonly name: string;
  readonly data: EnvironmentData;
  /** Sessions that may be learned from, inclusive. */
  readonly from: number;
  readonly to: number;
  readonly reward: RewardSettings;
  readonly gamma: number;
}

/** A task whose best policy is known. */
export interface Problem extends Task {
  /** Best action [A + 1] at the close of t with `held` in hand. */
  best(t: number, held: Float64Array): number[];
}

/** Log of a weight, as an exposure; nothing is e^-30. */
const logOf = (weight: number): number => Math.log(Math.max(weight, 1e-13));
const plain = (lambdaVolatility = 0): RewardSettings =>
  rewardSchema.parse({ lambdaVolatility, lambdaTurnover: 0, lambdaDrawdown: 0 });
const whole = (data: EnvironmentData): { data: EnvironmentData; from: number; to: number } => ({
  data,
  from: 0,
  to: data.panel.dates.length - 1,
});

/** Merton (1969): a constant fraction, 0.6 here, found from an anchor that is fully invested. */
export function mertonProblem(seed: number, sessions = 20_000): Problem & { fraction: number } {
  const market = simulateMerton({ seed, sessions, mean: 0.055, volatility: 0.3 });
  return {
    name: 'merton',
    ...whole(market.data),
    reward: plain(),
    gamma: 0,
    fraction: market.best,
    best: () => [0, logOf(market.best)],
  };
}

/** A weight that follows a mean-reverting state, found from an anchor of one half. */
export function meanReversionProblem(seed: number, sessions = 20_000): Problem & { weight(t: number): number } {
  const market = simulateMeanReversion({ seed, sessions, persistence: 0.9, pull: 0.04, volatility: 0.24 });
  const weight = (t: number): number => market.rule(market.state[t]);
  return {
    name: 'mean-reversion',
    ...whole(market.data),
    reward: plain(),
    gamma: 0,
    weight,
    best: (t) => [0, logOf(weight(t))],
  };
}

/** Proportional costs: trade only from outside a band, and to its nearer edge. */
export function costBandProblem(): Problem & Pick<ReturnType<typeof simulateCostBand>, 'bands' | 'slow' | 'fast'> {
  const { data, bands, slow, fast, lambdaVolatility } = simulateCostBand({
    sessions: 1000,
    regimeDays: 20,
    costBps: 20,
  });
  return {
    name: 'cost-band',
    ...whole(data),
    reward: plain(lambdaVolatility),
    gamma: 0,
    bands,
    slow,
    fast,
    best: (t, held) => [0, logOf(Math.min(bands[t].high, Math.max(bands[t].low, held[0])))],
  };
}

/** Days before the first on which every feature of the product is known. */
const WARM_UP = 260;

/**
 * Which of several assets is on, or none: seen among the product's own features.
 * @param onMean mean daily return of the asset that is on; its deviation is 0.01.
 */
export function regimeProblem(seed: number, assets = 6, sessions = 5000, onMean = 0.004): Problem {
  const market = simulateKnownOptimum({ seed, assets, sessions: WARM_UP + sessions, onMean });
  const { tensor } = knownOptimumTensor(market);
  const { panel, limits, costs } = market;
  const normaliser = fitNormaliser(tensor, panel.dates[WARM_UP], panel.dates[panel.dates.length - 1]);
  return {
    name: 'regimes',
    data: { panel, tensor, normaliser, groups: null, limits, costs },
    from: WARM_UP,
    to: panel.dates.length - 1,
    reward: plain(0.5),
    gamma: 0.9,
    best: (t) => {
      const weights = market.optimalWeights(t);
      const invested = weights.some((weight) => weight > 0);
      return [...Array.from(weights, (weight) => (weight > 0 ? 0 : -30)), invested ? 0 : -30];
    },
  };
}

/** First session of the test; what came before is learned from. */
export interface Split {
  readonly test: number;
}

/**
 * The bundled real market, with the return that a decision will earn planted as one more feature; no costs, limits that never bind. Whoever
 * does not find it cannot learn.
 */
export function oracleTask(): Task & Split {
  const { panel, tensor: known } = bundledHistory();
  const assets = panel.symbols.length;
  const lag = 2 * assets;
  const tensor = withColumn(
    known,
    'oracle',
    panel.returns.map((_, i) => panel.returns[i + lag] ?? 0),
  );
  const test = panel.dates.findIndex((date) => date >= '2016-01-01');
  return { name: 'oracle feature', ...split(panel, tensor, test, 0) };
}

/** Eight assets that earn nothing but noise, seen through the product's features and one more column of noise; trades cost 10 bps. */
export function noiseTask(seed: number): Task & Split {
  const random = createRandom(seed);
  const [sessions, assets, test] = [WARM_UP + 4500, 8, WARM_UP + 3000];
  const size = sessions * assets;
  const returns = Float64Array.from({ length: size }, (_, i) => (i < assets ? 0 : 0.01 * random.normal()));
  const close = new Float64Array(size).fill(100);
  for (let i = assets; i < size; i++) close[i] = close[i - assets] * (1 + returns[i]);
  const always = new Uint8Array(size).fill(1);
  const panel: MarketPanel = {
    dates: Array.from({ length: sessions }, (_, t) => isoOfDay(t)),
    symbols: Array.from({ length: assets }, (_, a) => `NOISE${a + 1}`),
    groups: new Array<string>(assets).fill('noise'),
    close,
    returns,
    tradable: always,
    listed: always,
    volume: new Float64Array(size).fill(Number.NaN),
    exits: [],
  };
  const known = computeFeatures(panel, defaultFeatureSpec({ hasVolume: false, embeddings: false }));
  const tensor = withColumn(
    known,
    'noise',
    returns.map(() => random.normal()),
  );
  return { name: 'noise', ...split(panel, tensor, test, 10) };
}

function split(panel: MarketPanel, tensor: EnvironmentData['tensor'], test: number, costBps: number) {
  const normaliser = fitNormaliser(tensor, panel.dates[WARM_UP], panel.dates[test - 1]);
  const data = { panel, tensor, normaliser, groups: null, limits: LOOSE_LIMITS, costs: proportionalCosts(costBps) };
  return { data, from: WARM_UP, to: test - 1, test, reward: plain(0.5), gamma: 0.9 };
}
