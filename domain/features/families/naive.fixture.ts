import type { MarketPanel } from '../../market/panel.ts';
import type { PointInTimeTable } from '../../market/point-in-time.ts';
import type { FeatureInputs } from '../market-view.ts';

/** The features once more, straight from their definitions: slow, one value at a time, and of nothing that the product's features are made of. */
export type NaiveFeature = (t: number, a: number) => number;

const sum = (x: readonly number[]): number => x.reduce((total, value) => total + value, 0);
const mean = (x: readonly number[]): number => sum(x) / x.length;
const std = (x: readonly number[], ddof = 1): number =>
  Math.sqrt(sum(x.map((v) => (v - mean(x)) ** 2)) / (x.length - ddof));
const days = (iso: string): number => Date.parse(iso) / 86_400_000;
const FLOOR = 1e-4;
const NONE = Number.NaN;

export class NaiveMarket {
  readonly panel: MarketPanel;
  readonly inputs: Required<FeatureInputs>;
  readonly assets: number[];

  constructor(panel: MarketPanel, inputs: Required<FeatureInputs>) {
    this.panel = panel;
    this.inputs = inputs;
    this.assets = panel.symbols.map((_, a) => a);
  }

  at = (values: ArrayLike<number> | undefined, t: number, a: number): number =>
    (values as ArrayLike<number>)[t * this.assets.length + a];
  bar = (t: number, a: number): boolean => t >= 0 && this.at(this.panel.tradable, t, a) === 1;

  readonly #memory = new Map<string, unknown>();
  once<T>(key: string, value: () => T): T {
    if (!this.#memory.has(key)) this.#memory.set(key, value());
    return this.#memory.get(key) as T;
  }

  /** First bar of the life that goes on at t, or that of the last bar before it. */
  start(t: number, a: number): number {
    let first = Number.POSITIVE_INFINITY;
    for (let s = t; s >= 0 && this.at(this.panel.listed, s, a) === 1; s--) {
      if (!this.bar(s, a)) continue;
      if (first - s > 21 && first !== Number.POSITIVE_INFINITY) break;
      first = s;
    }
    return first;
  }

  observed = (t: number, a: number): boolean =>
    this.once(`observed ${t} ${a}`, () => this.bar(t, a) && this.start(t, a) < t);

  /** Sessions of the window of `length` that ends at t. */
  window = (t: number, length: number): number[] =>
    Array.from({ length }, (_, i) => t - length + 1 + i).filter((s) => s >= 0);

  /** Sessions with a return. */
  moves = (t: number, a: number, length: number): number[] => this.window(t, length).filter((s) => this.observed(s, a));
  returns = (t: number, a: number, length: number): number[] =>
    this.moves(t, a, length).map((s) => this.at(this.panel.returns, s, a));
  logs = (t: number, a: number, length: number): number[] => this.returns(t, a, length).map((r) => Math.log(1 + r));
  /** Log return from `from` to t. */
  between = (from: number, t: number, a: number): number => sum(this.logs(t, a, t - from));
  /** Log prices of the window against that of t. */
  levels = (t: number, a: number, length: number): number[] =>
    this.window(t, length).map((s) => -this.between(s, t, a));
  barLevels = (t: number, a: number, length: number): number[] =>
    this.window(t, length)
      .filter((s) => this.bar(s, a))
      .map((s) => -this.between(s, t, a));

  known = (t: number, a: number, lookback: number): boolean =>
    this.bar(t, a) && t - lookback >= this.start(t, a) && this.moves(t, a, lookback).length >= 0.8 * lookback;
  sigma = (t: number, a: number, length: number): number => Math.max(std(this.returns(t, a, length)), FLOOR);

  market = (t: number): number =>
    this.once(`market ${t}`, () => {
      const there = this.assets.filter((a) => this.observed(t, a));
      return there.length > 0 ? mean(there.map((a) => this.at(this.panel.returns, t, a))) : NONE;
    });
  marketReturns = (t: number, length: number): number[] =>
    this.window(t, length)
      .map((s) => this.market(s))
      .filter((r) => !Number.isNaN(r));

  traded = (t: number, a: number, length: number): number[] =>
    this.window(t, length)
      .filter((s) => this.bar(s, a) && !Number.isNaN(this.at(this.panel.volume, s, a)))
      .map((s) => this.at(this.panel.volume, s, a));

  /** What was known of a series at t: newest value of each event, oldest event first. */
  events = (table: PointInTimeTable | null, series: string, symbol: string, t: number): [number, number][] =>
    this.once(`events ${series} ${symbol} ${t}`, () => {
      const found = new Map<number, number>();
      for (const [event, known, value] of this.rows(table as PointInTimeTable, series, symbol)) {
        if (known <= this.panel.dates[t]) found.set(days(event), value);
      }
      return [...found].sort(([x], [y]) => x - y);
    });
  rows = (table: PointInTimeTable, series: string, symbol: string): [string, string, number][] =>
    this.once(`rows ${series} ${symbol}`, () =>
      [...table.value.keys()]
        .filter((row) => table.series[row] === series && table.symbol[row] === symbol)
        .map((row) => [table.eventDate[row], table.knownDate[row], table.value[row]]),
    );

  quarters(series: string, t: number, a: number): [number, number][] {
    const events = this.events(this.inputs.fundamentals, series, this.panel.symbols[a], t);
    const stale = days(this.panel.dates[t]) - (events.at(-1)?.[0] ?? 0) > 380;
    return !this.bar(t, a) || stale ? [] : events;
  }
  newest = (series: string, t: number, a: number): number => this.quarters(series, t, a).at(-1)?.[1] ?? NONE;
  trailing(series: string, t: number, a: number): number {
    const four = this.quarters(series, t, a).slice(-4);
    const apart = four.length === 4 ? four[3][0] - four[0][0] : NONE;
    return apart >= 225 && apart <= 300 ? sum(four.map(([, value]) => value)) : NONE;
  }
  yearBefore(series: string, t: number, a: number): number {
    const all = this.quarters(series, t, a);
    const apart = ([event]: [number, number]) => all[all.length - 1][0] - event;
    return all.findLast((one) => apart(one) >= 330 && apart(one) <= 400)?.[1] ?? NONE;
  }
  value(t: number, a: number): number {
    const last = this.quarters('sharesOutstanding', t, a).at(-1);
    if (!last) return NONE;
    const since = this.window(t, t + 1).filter((s) => days(this.panel.dates[s]) > last[0]);
    return last[1] * this.at(this.panel.close, t, a) * since.reduce((x, s) => x * this.at(this.panel.split, s, a), 1);
  }

  economy(series: string, t: number, before = 0, symbol = ''): number {
    const events = this.events(this.inputs.macro, series, symbol, t);
    const newest = events.at(-1)?.[0] ?? 0;
    if (days(this.panel.dates[t]) - newest > 100) return NONE;
    const found = events.findLast(([event]) => event <= newest - before);
    return found && found[0] >= newest - before - 45 ? found[1] : NONE;
  }
}

/** Mean-rank of x among known values, -1/2 to 1/2. */
function rank(x: number, all: readonly number[]): number {
  const known = all.filter((value) => !Number.isNaN(value));
  if (known.length === 1) return 0;
  const below = known.filter((value) => value < x).length;
  const equal = known.filter((value) => value === x).length;
  return (below + (equal - 1) / 2) / (known.length - 1) - 0.5;
}

/** Every feature of the catalogue by name. */
export function naiveFeatures(m: NaiveMarket): Record<string, NaiveFeature> {
  const { panel } = m;
  const when =
    (lookback: number, value: NaiveFeature): NaiveFeature =>
    (t, a) =>
      m.known(t, a, lookback) ? value(t, a) : NONE;
  const momentum = (length: number, skip = 0) =>
    when(
      Math.max(length, 63),
      (t, a) => m.between(t - length, t - skip, a) / (m.sigma(t, a, 63) * Math.sqrt(length - skip)),
    );
  const trend = (length: number) =>
    when(Math.max(length, 63), (t, a) => -mean(m.barLevels(t, a, length)) / (m.sigma(t, a, 63) * Math.sqrt(length)));
  const annual = (daily: number): number => Math.log(daily * Math.sqrt(252));
  const line = (t: number, a: number, length: number) => {
    const sessions = m.moves(t, a, length);
    const [x, y] = [sessions.map((s) => m.market(s)), sessions.map((s) => m.at(panel.returns, s, a))];
    const covariance = sum(x.map((v, i) => (v - mean(x)) * (y[i] - mean(y))));
    const beta = covariance / sum(x.map((v) => (v - mean(x)) ** 2));
    const residuals = y.map((v, i) => v - mean(y) - beta * (x[i] - mean(x)));
    const correlation = covariance / (std(x) * std(y) * (x.length - 1));
    return { beta, correlation, residual: Math.sqrt(sum(residuals.map((e) => e * e)) / (x.length - 2)) };
  };
  const pairs = (t: number, a: number): number => {
    const both = m.window(t, 63).filter((s) => m.observed(s, a) && m.observed(s - 1, a));
    const r = (s: number) => m.at(panel.returns, s, a);
    const [now, before] = [both.map(r), both.map((s) => r(s - 1))];
    return mean(now.map((x, i) => (x - mean(now)) * (before[i] - mean(before))));
  };
  const ranged = (term: (o: number, h: number, l: number, c: number) => number) =>
    when(21, (t, a) => {
      const bars = m.window(t, 21).filter((s) => m.bar(s, a));
      const log = (field: 'open' | 'high' | 'low' | 'close', s: number) => Math.log(m.at(panel[field], s, a));
      const terms = bars.map((s) => term(log('open', s), log('high', s), log('low', s), log('close', s)));
      return annual(Math.max(Math.sqrt(Math.max(0, mean(terms))), FLOOR));
    });
  const spread = when(21, (t, a) => {
    const both = m.window(t, 21).filter((s) => m.observed(s, a) && m.bar(s - 1, a));
    if (both.length < 0.8 * 21) return NONE;
    const middle = (s: number) => (Math.log(m.at(panel.high, s, a)) + Math.log(m.at(panel.low, s, a))) / 2;
    const close = (s: number) => Math.log(m.at(panel.close, s, a));
    const terms = both.map((s) => {
      const moved = Math.log(1 + m.at(panel.returns, s, a));
      const then = close(s - 1);
      return Math.sqrt(Math.max(0, 4 * (then - middle(s - 1)) * (then - (then + moved + middle(s) - close(s)))));
    });
    return 100 * mean(terms);
  });
  const traded = (lookback: number, value: NaiveFeature) =>
    when(lookback, (t, a) => (m.traded(t, a, lookback).length >= 0.8 * lookback ? value(t, a) : NONE));
  const ratio = (x: number, y: number): number => (y > 0 ? x / y : NONE);
  const perValue =
    (of: NaiveFeature): NaiveFeature =>
    (t, a) =>
      ratio(of(t, a), m.value(t, a));
  const reports: Record<string, NaiveFeature> = {
    earningsYield: perValue((t, a) => m.trailing('netIncome', t, a)),
    bookToPrice: perValue((t, a) => m.newest('equity', t, a)),
    salesToPrice: perValue((t, a) => m.trailing('revenue', t, a)),
    cashFlowYield: perValue((t, a) => m.trailing('operatingCashFlow', t, a)),
    freeCashFlowYield: perValue((t, a) => m.trailing('operatingCashFlow', t, a) - m.trailing('capex', t, a)),
    returnOnEquity: (t, a) => ratio(m.trailing('netIncome', t, a), m.newest('equity', t, a)),
    accruals: (t, a) =>
      ratio(m.trailing('netIncome', t, a) - m.trailing('operatingCashFlow', t, a), m.newest('totalAssets', t, a)),
    assetGrowth: (t, a) => Math.log(ratio(m.newest('totalAssets', t, a), m.yearBefore('totalAssets', t, a))),
    leverage: (t, a) => Math.log(ratio(m.newest('totalAssets', t, a), m.newest('equity', t, a))),
    earningsSurprise: perValue((t, a) => m.newest('netIncome', t, a) - m.yearBefore('netIncome', t, a)),
    marketValue: (t, a) => Math.log(m.value(t, a)),
    turnover63: traded(63, (t, a) => Math.log(1e-9 + mean(m.traded(t, a, 63)) / m.value(t, a))),
  };
  const everyone =
    (lookback: number, value: (t: number) => number): NaiveFeature =>
    (t, a) =>
      m.bar(t, a) && t >= lookback && m.marketReturns(t, lookback).length >= 0.8 * lookback ? value(t) : NONE;
  const macro = (value: (t: number) => number): NaiveFeature => everyone(0, value);
  const inflation = (t: number, before = 0): number =>
    100 * Math.log(m.economy('CPIAUCSL', t, before) / m.economy('CPIAUCSL', t, before + 365));
  const marketSigma = (t: number, length: number) => Math.max(std(m.marketReturns(t, length)), FLOOR);
  const snapshot = (t: number) => {
    const { dates, snapshots } = m.inputs.graph as NonNullable<FeatureInputs['graph']>;
    return snapshots[dates.filter((date) => date <= panel.dates[t]).length - 1];
  };
  const neighbours = (t: number, a: number): [number, number][] =>
    snapshot(t).edges.flatMap(({ source, target, weight }): [number, number][] => {
      const own = panel.symbols[a];
      if (source === own) return [[panel.symbols.indexOf(target), weight]];
      return target === own ? [[panel.symbols.indexOf(source), weight]] : [];
    });
  const member = (t: number, a: number) => m.bar(t, a) && snapshot(t)?.symbols.includes(panel.symbols[a]);
  const momentum63 = momentum(63);
  const peers: NaiveFeature = (t, a) => {
    const { dates, vectors, dimensions } = m.inputs.embeddings as NonNullable<FeatureInputs['embeddings']>;
    const latest = dates.filter((date) => date <= panel.dates[t]).length - 1;
    if (latest < 0 || Number.isNaN(momentum63(t, a))) return NONE;
    const vector = (b: number) => {
      const from = (latest * panel.symbols.length + b) * dimensions;
      return [...vectors.subarray(from, from + dimensions)];
    };
    const dot = (x: number[], y: number[]) => sum(x.map((v, i) => v * y[i]));
    const cosine = (x: number[], y: number[]) => dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
    const others = m.assets.filter((b) => b !== a && !Number.isNaN(momentum63(t, b)));
    const weights = others.map((b) => Math.exp(4 * cosine(vector(a), vector(b))));
    return others.length > 0
      ? sum(others.map((b, i) => weights[i] * momentum63(t, b))) / sum(weights)
      : momentum63(t, a);
  };
  const base: Record<string, NaiveFeature> = {
    momentum5: momentum(5),
    momentum21: momentum(21),
    momentum63,
    momentum126: momentum(126, 5),
    momentum252: momentum(252, 21),
    groupMomentum63: (t, a) => {
      if (Number.isNaN(momentum63(t, a))) return NONE;
      const same = m.assets.filter((b) => panel.groups[b] === panel.groups[a]).map((b) => momentum63(t, b));
      return mean(same.filter((x) => !Number.isNaN(x)));
    },
    reversal1: when(63, (t, a) => -m.between(t - 1, t, a) / m.sigma(t, a, 63)),
    zscore21: when(21, (t, a) => {
      const levels = m.barLevels(t, a, 21);
      return -mean(levels) / Math.max(std(levels), FLOOR);
    }),
    rsi14: when(14, (t, a) => {
      const moves = m.logs(t, a, 14);
      const [up, down] = [sum(moves.filter((x) => x > 0)), -sum(moves.filter((x) => x < 0))];
      return up + down > 0 ? (up - down) / (up + down) : 0;
    }),
    maxReturn21: when(63, (t, a) => Math.max(-1, ...m.returns(t, a, 21)) / m.sigma(t, a, 63)),
    autocovariance63: when(64, (t, a) => pairs(t, a) / m.sigma(t, a, 63) ** 2),
    volatility21: when(21, (t, a) => annual(m.sigma(t, a, 21))),
    volatility63: when(63, (t, a) => annual(m.sigma(t, a, 63))),
    volatilityRatio: when(126, (t, a) => Math.log(m.sigma(t, a, 21) / m.sigma(t, a, 126))),
    beta252: when(252, (t, a) => line(t, a, 252).beta),
    correlation63: when(63, (t, a) => line(t, a, 63).correlation),
    idiosyncraticVolatility63: when(63, (t, a) => annual(line(t, a, 63).residual)),
    downsideRatio63: when(63, (t, a) => {
      const losses = m.returns(t, a, 63).map((r) => Math.min(0, r) ** 2);
      return Math.log(Math.max(Math.sqrt(mean(losses)), FLOOR) / m.sigma(t, a, 63));
    }),
    skewness126: when(126, (t, a) => {
      const r = m.returns(t, a, 126);
      return mean(r.map((x) => (x - mean(r)) ** 3)) / std(r, 0) ** 3;
    }),
    parkinson21: ranged((_, h, l) => (h - l) ** 2 / (4 * Math.log(2))),
    garmanKlass21: ranged((o, h, l, c) => 0.5 * (h - l) ** 2 - (2 * Math.log(2) - 1) * (c - o) ** 2),
    rogersSatchell21: ranged((o, h, l, c) => (h - c) * (h - o) + (l - c) * (l - o)),
    drawdown252: when(252, (t, a) => Math.exp(-Math.max(...m.levels(t, a, 253))) - 1),
    trend50: trend(50),
    trend200: trend(200),
    crossover: when(
      126,
      (t, a) => (mean(m.barLevels(t, a, 21)) - mean(m.barLevels(t, a, 126))) / (m.sigma(t, a, 63) * Math.sqrt(126)),
    ),
    channel63: when(63, (t, a) => {
      const levels = m.levels(t, a, 63);
      return -Math.min(...levels) / (Math.max(...levels) - Math.min(...levels));
    }),
    efficiencyRatio63: when(63, (t, a) => sum(m.logs(t, a, 63)) / sum(m.logs(t, a, 63).map(Math.abs))),
    varianceRatio126: when(130, (t, a) => {
      const squares = (q: number) => sum(m.window(t, 126).map((s) => m.between(s - q, s, a) ** 2));
      return Math.log((squares(5) + 1e-8) / (5 * squares(1) + 1e-8));
    }),
    tradedValue63: traded(63, (t, a) => Math.log(1 + mean(m.traded(t, a, 63)))),
    volumeRatio: traded(126, (t, a) => Math.log((1 + mean(m.traded(t, a, 21))) / (1 + mean(m.traded(t, a, 126))))),
    volumeShock63: traded(63, (t, a) => {
      const logs = m.traded(t, a, 63).map((x) => Math.log(1 + x));
      return (logs[logs.length - 1] - mean(logs)) / Math.max(0.01, std(logs));
    }),
    signedVolume63: traded(63, (t, a) => {
      const moved = m.moves(t, a, 63).map((s) => Math.sign(m.at(panel.returns, s, a)) * m.at(panel.volume, s, a));
      return sum(moved) / sum(m.traded(t, a, 63));
    }),
    amihud63: traded(63, (t, a) => {
      const terms = m
        .moves(t, a, 63)
        .map((s) => Math.abs(m.at(panel.returns, s, a)) / (m.at(panel.volume, s, a) / 1e6));
      return Math.log(1e-9 + mean(terms));
    }),
    zeroReturns63: when(63, (t, a) => mean(m.returns(t, a, 63).map((r) => (r === 0 ? 1 : 0)))),
    rollSpread63: when(64, (t, a) => 200 * Math.sqrt(Math.max(0, -pairs(t, a)))),
    abdiRanaldo21: spread,
    ...reports,
    marketMomentum63: everyone(
      63,
      (t) => sum(m.marketReturns(t, 63).map((r) => Math.log(1 + r))) / (marketSigma(t, 63) * Math.sqrt(63)),
    ),
    marketVolatility21: everyone(21, (t) => annual(marketSigma(t, 21))),
    averageCorrelation63: everyone(63, (t) => {
      const sigmas = m.assets.filter((a) => m.known(t, a, 63)).map((a) => m.sigma(t, a, 63));
      const squares = sum(sigmas.map((x) => x * x));
      const implied = (marketSigma(t, 63) ** 2 * sigmas.length ** 2 - squares) / (sum(sigmas) ** 2 - squares);
      return Math.max(-1, Math.min(1, implied));
    }),
    marketDrawdown252: everyone(252, (t) => {
      const path = m.window(t, 252).map((s) => 1 + (Number.isNaN(m.market(s)) ? 0 : m.market(s)));
      let [index, high] = [1, 1];
      for (const step of path) {
        index *= step;
        high = Math.max(high, index);
      }
      return index / high - 1;
    }),
    dispersion21: everyone(21, (t) =>
      Math.log(
        mean(
          m.window(t, 21).map((s) => {
            const there = m.assets.filter((a) => m.observed(s, a)).map((a) => m.at(panel.returns, s, a));
            return there.length > 0 ? std(there, 0) : 0;
          }),
        ),
      ),
    ),
    turbulence126: everyone(126, (t) => {
      const sigma = marketSigma(t, 126);
      const density = (r: number, scale: number) => Math.exp(-0.5 * (r / (sigma * scale)) ** 2) / (sigma * scale);
      let prior = [0.5, 0.5];
      let posterior = prior;
      for (const r of m.marketReturns(t, 126)) {
        const joint = [prior[0] * density(r, 0.75), prior[1] * density(r, 2)];
        posterior = joint.map((x) => x / sum(joint));
        prior = [0.98 * posterior[0] + 0.02 * posterior[1], 0.02 * posterior[0] + 0.98 * posterior[1]];
      }
      return posterior[1];
    }),
    policyRate: macro((t) => m.economy('DFF', t)),
    policyRateChange: macro((t) => m.economy('DFF', t) - m.economy('DFF', t, 365)),
    termSpread: macro((t) => m.economy('DGS10', t) - m.economy('DFF', t)),
    inflation: macro((t) => inflation(t)),
    inflationChange: macro((t) => inflation(t) - inflation(t, 91)),
    unemploymentChange: macro((t) => m.economy('UNRATE', t) - m.economy('UNRATE', t, 365)),
    carry: (t, a) =>
      m.bar(t, a) ? m.economy('policyRate', t, 0, panel.symbols[a]) - m.economy('policyRate', t, 0, 'USD') : NONE,
    peerMomentum63: peers,
    peerSpread63: (t, a) => momentum63(t, a) - peers(t, a),
    degree: (t, a) => (member(t, a) ? neighbours(t, a).length / (snapshot(t).symbols.length - 1) : NONE),
    pageRank: (t, a) => (member(t, a) ? Math.log(solvedPageRank(snapshot(t), panel.symbols[a])) : NONE),
    neighbourMomentum63: (t, a) => {
      if (!member(t, a)) return NONE;
      const near = neighbours(t, a).filter(([b]) => !Number.isNaN(momentum63(t, b)));
      if (Number.isNaN(momentum63(t, a)) || near.length === 0) return momentum63(t, a);
      return sum(near.map(([b, w]) => w * momentum63(t, b))) / sum(near.map(([, w]) => w));
    },
  };
  const ranked = Object.entries(base).map(([name, of]): [string, NaiveFeature] => [
    `${name}Rank`,
    (t, a) => {
      const own = of(t, a);
      if (!Number.isNaN(own))
        return rank(
          own,
          m.assets.map((b) => of(t, b)),
        );
      return name in reports && m.bar(t, a) ? 0 : NONE;
    },
  ]);
  return { ...base, ...Object.fromEntries(ranked) };
}

/** PageRank x members as the solution of its linear equations, by elimination. */
function solvedPageRank(
  {
    symbols,
    edges,
  }: { symbols: readonly string[]; edges: readonly { source: string; target: string; weight: number }[] },
  symbol: string,
): number {
  const n = symbols.length;
  const weight = (x: string, y: string) =>
    sum(
      edges
        .filter((e) => (e.source === x && e.target === y) || (e.source === y && e.target === x))
        .map((e) => e.weight),
    );
  const given = symbols.map((x) => sum(symbols.map((y) => weight(x, y))));
  const rows = symbols.map((to, i) => [
    ...symbols.map((from, j) => {
      const share = given[j] > 0 ? weight(from, to) / given[j] : 1 / n;
      return (i === j ? 1 : 0) - 0.85 * share;
    }),
    0.15,
  ]);
  for (let k = 0; k < n; k++)
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = rows[i][k] / rows[k][k];
      rows[i] = rows[i].map((x, c) => x - factor * rows[k][c]);
    }
  const place = symbols.indexOf(symbol);
  return rows[place][n] / rows[place][place];
}
