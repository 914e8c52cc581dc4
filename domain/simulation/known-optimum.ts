import { ProductError } from '../errors.ts';
import type { BarTable } from '../market/bar.ts';
import { buildPanel } from '../market/build-panel.ts';
import { sessionsBetween } from '../market/calendar.ts';
import { dayOfIso, isoOfDay } from '../market/days.ts';
import type { Instrument } from '../market/instrument.ts';
import type { MarketPanel } from '../market/panel.ts';
import { type Costs, NO_COSTS } from '../portfolio/costs.ts';
import { type Limits, NO_LIMITS } from '../risk/limits.ts';
import { createRandom, type Random } from './random.ts';

export interface KnownOptimumOptions {
  seed: number;
  sessions: number;
  assets: number;
  /** Expected sessions between two draws of the regime. @default 20 */
  meanRegimeDays?: number;
  /** Share of time in which no asset is on and cash is best. @default 0.2 */
  cashShare?: number;
  /** Mean daily return of the asset that is on, and the daily standard deviation of every asset. @default 0.004, 0.01 */
  onMean?: number;
  volatility?: number;
  /** Mean daily return of an asset that is off. @default what makes every asset's unconditional mean 0 */
  offMean?: number;
  /** Proportional cost of a trade, basis points of its value. @default 0 */
  costBps?: number;
  /** First session. @default 2004-01-02 */
  start?: string;
}

export interface KnownOptimum {
  panel: MarketPanel;
  bars: BarTable;
  instruments: Instrument[];
  /** [T, A]: 1 where the asset is on in the regime known at t, -1 elsewhere. Observable at the close of t. */
  signal: Float32Array;
  /** Regime known at t: index of the asset that is on, -1 for cash. */
  regimes: Int8Array;
  /** Annual Sharpe ratio of the optimal policy, net of proportional costs, in closed form. */
  optimalSharpe: number;
  /** Best target decided at the close of t: all in the asset that is on, or all cash. */
  optimalWeights(t: number): Float64Array;
  /** Limits and costs under which the closed form holds. */
  limits: Limits;
  costs: Costs;
}

const SESSIONS_PER_YEAR = 252;
/** A decision made at t is filled at t + 1 and earns over (t + 1, t + 2]: the regime known at t drives that return. */
const DECISION_LAG = 2;

/**
 * A market whose best policy is known. A regime s(t), known at the close of t, says which one of the assets is on, or none. At each session it is
 * drawn anew with probability 1 / meanRegimeDays: cash with `cashShare`, else an asset, all alike. Then
 *
 *   r_i(t + 2) = mu_i + sigma e_i,  mu_i = +m if s(t) = i, else -d,  e_i independent standard normal,
 *
 * with d, unless it is given, such that every asset's unconditional mean is 0: a policy that does not see the regime earns nothing,
 * inverse volatility included.
 * Every asset that is off has a negative mean and no correlation to hedge with, so the best long-only policy holds the asset that is
 * on and nothing else, whatever the aversion to risk; a constant share of it (a cap on weights) has the same Sharpe ratio. In closed form,
 * with p = 1 - cashShare:
 *
 *   Sharpe = sqrt(252) (p m - k) / sqrt(p (sigma^2 + m^2) - (p m)^2),
 *
 * k the expected daily cost of following the regime: traded value 2 from asset to asset, 1 from or to cash.
 */
export function simulateKnownOptimum(options: KnownOptimumOptions): KnownOptimum {
  const settings = withDefaults(options);
  const random = createRandom(settings.seed);
  const dates = sessionsFrom(settings.start, settings.sessions);
  const regimes = drawRegimes(random.fork(1), settings);
  const bars = drawBars(random.fork(2), settings, dates, regimes);
  const instruments = instrumentsOf(settings.assets, dates);
  const { assets } = settings;
  const signal = new Float32Array(settings.sessions * assets).fill(-1);
  regimes.forEach((on, t) => {
    if (on >= 0) signal[t * assets + on] = 1;
  });
  return {
    panel: buildPanel(bars, instruments, dates[dates.length - 1]),
    bars,
    instruments,
    signal,
    regimes,
    optimalSharpe: closedForm(settings),
    optimalWeights(t) {
      const weights = new Float64Array(assets);
      if (regimes[t] >= 0) weights[regimes[t]] = 1;
      return weights;
    },
    limits: NO_LIMITS,
    costs: { ...NO_COSTS, capital: 1_000_000, commissionBps: settings.costBps },
  };
}

type Settings = Required<KnownOptimumOptions>;

/** The asset that is on earns what all others lose, on average. */
const fairOffMean = (options: Pick<Settings, 'assets' | 'cashShare' | 'onMean'>): number => {
  const shareOn = (1 - options.cashShare) / options.assets;
  return (-shareOn * options.onMean) / (1 - shareOn);
};

function withDefaults(options: KnownOptimumOptions): Settings {
  const chosen = {
    meanRegimeDays: 20,
    cashShare: 0.2,
    onMean: 0.004,
    volatility: 0.01,
    costBps: 0,
    start: '2004-01-02',
    ...options,
  };
  const settings: Settings = { ...chosen, offMean: options.offMean ?? fairOffMean(chosen) };
  const valid =
    settings.assets >= 2 &&
    settings.assets <= 100 &&
    settings.sessions > DECISION_LAG &&
    settings.meanRegimeDays >= 1 &&
    settings.cashShare >= 0 &&
    settings.cashShare < 1 &&
    settings.onMean > 0 &&
    settings.offMean < 0 &&
    settings.volatility > 0 &&
    settings.costBps >= 0;
  if (valid) return settings;
  throw new ProductError('SIMULATION_SETTINGS', 'The settings of the simulated market make no market', {
    facts: { ...settings },
    remedy:
      'assets 2..100, sessions > 2, meanRegimeDays >= 1, 0 <= cashShare < 1, onMean and volatility > 0, offMean < 0, costBps >= 0.',
  });
}

function closedForm({ assets, meanRegimeDays, cashShare, onMean, volatility, costBps }: Settings): number {
  const on = 1 - cashShare;
  const tradedPerDraw = 2 * on * on * (1 - 1 / assets) + 2 * on * cashShare;
  const cost = (costBps / 10_000) * (tradedPerDraw / meanRegimeDays);
  const variance = on * (volatility ** 2 + onMean ** 2) - (on * onMean) ** 2;
  return (Math.sqrt(SESSIONS_PER_YEAR) * (on * onMean - cost)) / Math.sqrt(variance);
}

function drawRegimes(random: Random, { sessions, assets, meanRegimeDays, cashShare }: Settings): Int8Array {
  const draw = (): number => (random.uniform() < cashShare ? -1 : random.integer(assets));
  const regimes = new Int8Array(sessions);
  let regime = draw();
  for (let t = 0; t < sessions; t++) {
    if (random.uniform() < 1 / meanRegimeDays) regime = draw();
    regimes[t] = regime;
  }
  return regimes;
}

function drawBars(random: Random, settings: Settings, dates: string[], regimes: Int8Array): BarTable {
  const { assets, sessions, onMean, offMean, volatility } = settings;
  const rows = sessions * assets;
  const bars: BarTable = {
    symbol: new Array<string>(rows),
    date: new Array<string>(rows),
    open: new Float64Array(rows),
    high: new Float64Array(rows),
    low: new Float64Array(rows),
    close: new Float64Array(rows),
    volume: new Float64Array(rows),
  };
  const symbols = symbolsOf(assets);
  const price = new Float64Array(assets).fill(100);
  for (let t = 0; t < sessions; t++) {
    const on = t >= DECISION_LAG ? regimes[t - DECISION_LAG] : -1;
    for (let a = 0; a < assets; a++) {
      const row = t * assets + a;
      const previous = price[a];
      // A daily loss beyond 90 % is out of reach of any sensible volatility; the floor only keeps prices positive.
      if (t > 0) price[a] *= 1 + Math.max(-0.9, (a === on ? onMean : offMean) + volatility * random.normal());
      bars.symbol[row] = symbols[a];
      bars.date[row] = dates[t];
      bars.open[row] = previous;
      bars.close[row] = price[a];
      bars.high[row] = Math.max(previous, price[a]);
      bars.low[row] = Math.min(previous, price[a]);
      bars.volume[row] = Math.round(1_000_000 * Math.exp(0.3 * random.normal()));
    }
  }
  return bars;
}

const symbolsOf = (assets: number): string[] =>
  Array.from({ length: assets }, (_, a) => `KNOWN${String(a + 1).padStart(2, '0')}`);

const instrumentsOf = (assets: number, dates: string[]): Instrument[] =>
  symbolsOf(assets).map((symbol, a) => ({
    symbol,
    name: `Simulated asset ${a + 1}`,
    kind: 'equity',
    group: `sector-${(a % 3) + 1}`,
    firstDate: dates[0],
    lastDate: dates[dates.length - 1],
    events: [],
    reference: { sector: `sector-${(a % 3) + 1}`, region: 'simulated' },
  }));

/** The first `count` sessions of XNYS from `start` on. */
export function sessionsFrom(start: string, count: number): string[] {
  const end = isoOfDay(dayOfIso(start) + Math.ceil(count * 1.5) + 30);
  return sessionsBetween('XNYS', start, end).slice(0, count);
}
