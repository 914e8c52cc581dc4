import { describe, expect, test } from '@jest/globals';
import type { AssetSeries } from '../../domain/features/asset-series.ts';
import { fixturePanel } from '../../domain/features/fixture-panel.ts';
import { pointInTimeTable } from '../../domain/market/point-in-time.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import type { GraphSnapshot, SnapshotMember } from './asset-graph.ts';
import { correlationEdges, windowSessions } from './correlation.ts';
import { factorClusters } from './factor-clusters.ts';
import { layerEdges } from './layers.ts';
import { macroExposures, macroSeries, macroValues } from './macro.ts';
import { membershipIndex, membershipsOf } from './memberships.ts';
import { barRanges, microstructureRegimes } from './microstructure.ts';
import { marketRegimes } from './regimes.ts';

const T = 900;
const random = createRandom(5);
/** Series with the returns given, all observed. */
const seriesOf = (returns: (t: number) => number): AssetSeries =>
  ({
    observed: new Uint8Array(T).fill(1),
    returns: Float64Array.from({ length: T }, (_, t) => returns(t)),
  }) as unknown as AssetSeries;
const stormy = (t: number) => t >= 600 && t < 700;
const noise = Array.from({ length: 3 }, () => Float64Array.from({ length: T }, () => random.normal()));
const market = noise[0].map((x, t) => x * (stormy(t) ? 0.04 : 0.01));

describe('market regimes', () => {
  const series = [seriesOf((t) => market[t])];
  const regimes = marketRegimes(series, T);

  test('no regime before a year is known, then calm, and turbulent through the storm, with few changes', () => {
    expect(new Set(regimes.slice(0, 251))).toEqual(new Set(['unknown']));
    expect(regimes.slice(615, 700).every((regime) => regime === 'turbulent')).toBe(true);
    expect(regimes.slice(800).filter((regime) => regime === 'turbulent').length).toBeLessThan(30);
    const changes = regimes.filter((regime, t) => t > 252 && regime !== regimes[t - 1]).length;
    expect(changes).toBeLessThan(25);
  });

  test('filtered: what comes after a session changes nothing of it', () => {
    for (const end of [300, 605, 650, 720]) {
      expect(marketRegimes([seriesOf((t) => (t < end ? market[t] : 0.3))], T).slice(0, end)).toEqual(
        regimes.slice(0, end),
      );
    }
  });

  test('layers rest on the sessions of their regime alone and say how recent they are', () => {
    const dates = Array.from({ length: T }, (_, t) => `day ${String(t).padStart(3, '0')}`);
    // together in the storm, apart in the calm
    const pair = [1, 2].map((k) => seriesOf((t) => (regimes[t] === 'turbulent' ? market[t] : 0.01 * noise[k][t])));
    const options = { windowDays: 100, threshold: 0.3, maxNeighbours: 3, dates, regimes };
    const edges = layerEdges(pair, ['A', 'B'], [0, 1], T - 1, options);
    const turbulent = Array.from(regimes.keys()).filter((t) => regimes[t] === 'turbulent');
    expect(edges).toEqual([
      {
        layer: 'turbulent',
        source: 'A',
        target: 'B',
        strength: 1e6,
        sessions: 100,
        lastDate: dates[turbulent.at(-1)!],
      },
    ]);
    expect(layerEdges(pair, ['A', 'B'], [0, 1], 300, options)).toEqual([]);
  });
});

test('a correlation over some sessions is that of their returns', () => {
  const pair = [0, 1].map((k) => seriesOf((t) => (t % 2 ? noise[k][t] : noise[0][t])));
  const even = Int32Array.from({ length: 100 }, (_, k) => 2 * k);
  const options = { threshold: 0.01, maxNeighbours: 3 };
  expect(correlationEdges(pair, ['A', 'B'], [0, 1], even, options)[0].strength).toBe(1e6);
  expect(correlationEdges(pair, ['A', 'B'], [0, 1], windowSessions(400, 300), options)[0].strength).toBeLessThan(8e5);
});

describe('factor clusters', () => {
  test('planted factors are found, whatever moves the market; an asset without a history is in none', () => {
    const factors = [0, 1, 2].map(() => Float64Array.from({ length: T }, () => 0.01 * random.normal()));
    const returns = Array.from({ length: 12 }, (_, a) =>
      Float64Array.from({ length: T }, (_, t) => market[t] + factors[a % 3][t] + 0.005 * random.normal()),
    );
    const series = returns.map((own) => seriesOf((t) => own[t]));
    const late = { ...series[11], observed: new Uint8Array(T) } as unknown as AssetSeries;
    const members = series.map((_, a) => a);
    const clusters = factorClusters([...series.slice(0, 11), late], members, T - 1, 252);
    expect(clusters).toEqual(members.map((a) => (a === 11 ? -1 : a % 3)));
  });

  test('assets that are the market, or do not move, are alone', () => {
    const flat = seriesOf(() => 0);
    expect(factorClusters([flat, flat, seriesOf((t) => market[t])], [0, 1, 2], T - 1, 252)).toEqual([0, 1, 2]);
  });
});

describe('microstructure regimes', () => {
  const panel = fixturePanel({ seed: 4, sessions: 400, assets: 2 });
  const spread = (t: number) => (t >= 350 ? 0.04 : 0.005 + (0.01 * ((t * 7) % 11)) / 11);

  test('a range that widens is wide, one that narrows is tight, each beside its own past', () => {
    const ranges = new Float64Array(800);
    for (let t = 0; t < 400; t++) {
      ranges[2 * t] = spread(t);
      ranges[2 * t + 1] = 0.05 - spread(t);
    }
    const regime = microstructureRegimes(panel, ranges, true);
    expect(regime(0, 399)).toMatch(/^wide-(thin|normal|heavy)$/);
    expect(regime(1, 399)).toMatch(/^tight-(thin|normal|heavy)$/);
    expect(microstructureRegimes(panel, ranges, false)(0, 399)).toBe('wide');
    expect(regime(0, 100)).toBe('unknown');
  });

  test('bars that have a range from some day on change no regime before it', () => {
    const none = microstructureRegimes(panel, null, false);
    const late = microstructureRegimes(panel, new Float64Array(800).fill(0.01, 2 * 350), false);
    for (const asset of [0, 1]) for (let t = 0; t < 350; t++) expect(late(asset, t)).toBe(none(asset, t));
    expect(late(0, 399)).toBe('wide');
  });

  test('ranges come from highs and lows; bars without any have none', () => {
    const [high, low] = [Float64Array.of(11, Number.NaN), Float64Array.of(10, Number.NaN)];
    expect(barRanges({ high, low })).toEqual(Float64Array.of(Math.log(1.1), Number.NaN));
    expect(barRanges({ high, low: high })).toBeNull();
    expect(barRanges({})).toBeNull();
  });
});

describe('macro series', () => {
  const dates = Array.from({ length: 6 }, (_, t) => `2020-01-0${t + 1}`);
  const table = pointInTimeTable({
    series: ['cpi', 'cpi', 'cpi', 'cpi', 'eps'],
    symbol: ['', '', '', '', 'A'],
    eventDate: ['2019-11-30', '2019-12-31', '2019-11-30', '2019-12-31', '2019-12-31'],
    knownDate: ['2020-01-02', '2020-01-04', '2020-01-05', '2020-01-06', '2020-01-01'],
    value: Float64Array.of(1, 2, 3, 4, 9),
  });

  test('the newest period as known at each close: releases wait, older periods restated change nothing, the same one does', () => {
    const all = macroSeries(table, dates);
    expect(dates.map((_, t) => macroValues(all, t).map(({ value }) => value))).toEqual([[], [1], [1], [2], [2], [4]]);
    expect(macroValues(all, 5)).toEqual([
      { series: 'cpi', value: 4, eventDate: '2019-12-31', knownDate: '2020-01-06' },
    ]);
    expect(macroSeries(null, dates)).toEqual([]);
  });

  test('exposures are correlations with news beyond chance', () => {
    const days = Array.from({ length: T }, (_, t) => new Date(Date.UTC(2000, 0, 1 + t)).toISOString().slice(0, 10));
    let rate = 0;
    const daily = pointInTimeTable({
      series: days.map(() => 'rate'),
      symbol: days.map(() => ''),
      eventDate: days,
      knownDate: days,
      value: Float64Array.from(days, (_, t) => {
        rate += noise[0][t];
        return rate;
      }),
    });
    const series = [seriesOf((t) => -0.01 * noise[0][t]), seriesOf((t) => noise[1][t])];
    expect(macroExposures(macroSeries(daily, days), series, ['A', 'B'], [0, 1], T - 1, 252)).toEqual([
      { symbol: 'A', series: 'rate', strength: -1e6 },
    ]);
  });
});

test('a membership that goes on is one relation; it ends where the asset leaves, and as of any day it is what the snapshot said', () => {
  const member = (symbol: string, cluster: number) => ({ symbol, cluster }) as SnapshotMember;
  const snapshots = [
    { asOf: '2020-01-01', members: [member('A', 0), member('B', 0)] },
    { asOf: '2020-02-01', members: [member('A', 0), member('B', 1)] },
    { asOf: '2020-03-01', members: [member('A', -1), member('B', 1)] },
    { asOf: '2020-04-01', members: [member('A', 0)] },
  ] as unknown as GraphSnapshot[];
  const memberships = membershipsOf(snapshots, 'cluster');
  expect(memberships.map(({ symbol, name, validFrom, validTo }) => [symbol, name, validFrom, validTo].join())).toEqual([
    'A,0,2020-01-01,2020-03-01',
    'B,0,2020-01-01,2020-02-01',
    'B,1,2020-02-01,2020-04-01',
    'A,0,2020-04-01,9999-12-31',
  ]);
  const at = membershipIndex(memberships);
  for (const { asOf, members } of snapshots) {
    for (const { symbol, cluster } of members) expect(at(symbol, asOf)).toBe(cluster < 0 ? null : String(cluster));
  }
  expect(at('B', '2020-03-15')).toBe('1');
  expect(at('B', '2020-04-01')).toBeNull();
});
