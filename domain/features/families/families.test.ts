import { describe, expect, test } from '@jest/globals';
import { policyRates } from '../../market/bis.ts';
import { dayOfIso, isoOfDay } from '../../market/days.ts';
import { panelUntil } from '../../market/panel.ts';
import { type PointInTimeTable, pointInTimeTable } from '../../market/point-in-time.ts';
import { CATALOGUE, FAMILIES } from '../catalogue.ts';
import { computeFeatures } from '../compute.ts';
import { featureSpec } from '../default-spec.ts';
import { fixtureWorld } from '../fixture-inputs.ts';
import { selectFeatures } from '../select.ts';
import { NaiveMarket, naiveFeatures } from './naive.fixture.ts';

/** Late listings, ends, halts short and long; days on which each of them has just begun or is over. */
const { panel, inputs } = fixtureWorld({
  seed: 8,
  sessions: 440,
  assets: 6,
  listedFrom: { 4: 90 },
  listedUntil: { 5: 350 },
  halts: [
    [0, 300, 2],
    [1, 250, 15],
    [2, 200, 40],
    [3, 380, 50],
  ],
});
const SESSIONS = [40, 63, 64, 130, 241, 252, 264, 302, 310, 349, 405, 439];
const names = Object.keys(CATALOGUE);
const tensor = computeFeatures(panel, featureSpec(names), inputs);
const naive = naiveFeatures(new NaiveMarket(panel, inputs));

describe('every feature of the catalogue against a naive computation', () => {
  test.each(names)('%s', (name) => {
    const wrong: unknown[] = [];
    let known = 0;
    for (const t of SESSIONS) {
      for (let a = 0; a < panel.symbols.length; a++) {
        const expected = naive[name](t, a);
        const value = tensor.values[(t * panel.symbols.length + a) * names.length + names.indexOf(name)];
        if (!Number.isNaN(expected)) known++;
        if (Object.is(value, expected)) continue;
        const close = Math.abs(value - expected) <= 2e-6 * Math.max(0.05, Math.abs(expected));
        if (!close) wrong.push({ t, a, value, expected });
      }
    }
    expect(wrong).toEqual([]);
    expect(known).toBeGreaterThan(8);
  });
});

test('four quarters are not known where one is missing; one under two ends a few days apart is one, as told last', () => {
  const until = panel.dates[10];
  const bare = names.filter((name) => CATALOGUE[name].needs.length === 0);
  const spec = featureSpec(['returnOnEquity', ...bare]);
  const quarterly = (ends: readonly string[], { last = 1, toldFirst = '' } = {}) => {
    const rows = ends.flatMap((end) => ['netIncome', 'equity'].map((series) => ({ series, end })));
    const fundamentals = pointInTimeTable({
      series: rows.map(({ series }) => series),
      symbol: rows.map(() => panel.symbols[0]),
      eventDate: rows.map(({ end }) => end),
      knownDate: rows.map(({ end }) => (end === toldFirst ? panel.dates[9] : until)),
      value: Float64Array.from(rows, ({ series, end }) => (series === 'equity' ? 8 : end === ends.at(-1) ? last : 1)),
    });
    const { values } = computeFeatures(panelUntil(panel, 11), spec, { fundamentals });
    return values[10 * panel.symbols.length * spec.columns.length];
  };
  const daysBefore = (...days: number[]) => days.map((day) => isoOfDay(dayOfIso(until) - 30 - day));
  expect(quarterly(daysBefore(273, 182, 91, 0))).toBe(0.5);
  expect(quarterly(daysBefore(280, 182, 91, 0))).toBe(0.5);
  expect(quarterly(daysBefore(364, 182, 91, 0))).toBeNaN();
  expect(quarterly(daysBefore(273, 182, 91, 20, 0))).toBeNaN();
  const twice = daysBefore(273, 182, 91, 5, 0);
  expect(quarterly(twice, { last: 5 })).toBe(1);
  expect(quarterly(twice, { last: 5, toldFirst: twice[4] })).toBe(0.5);
});

test('carry is known while policy rates stand for a year, and is not once a bank states none any more', () => {
  const from = dayOfIso(panel.dates[0]);
  const bank = (symbol: string, days: number, value: number) =>
    Array.from({ length: days }, (_, n) => ({ symbol, date: isoOfDay(from - 10 + n), value }));
  const macro = policyRates(
    [...bank(panel.symbols[0], 600, 3), ...bank(panel.symbols[1], 200, 9), ...bank('USD', 600, 5)],
    1,
  );
  const bare = names.filter((name) => CATALOGUE[name].needs.length === 0);
  const { values, columns } = computeFeatures(panel, featureSpec(['carry', ...bare]), { macro });
  const carry = (t: number, a: number) => values[(t * panel.symbols.length + a) * columns.length];
  expect([1, 120, 250, 299].map((t) => carry(t, 0))).toEqual([-2, -2, -2, -2]);
  expect([carry(100, 1), carry(340, 1)]).toEqual([4, Number.NaN]);
});

describe('the series that a feature names are the series that it reads', () => {
  const { fundamentals, macro } = inputs;
  const only = (table: PointInTimeTable, keep: (series: string) => boolean) => {
    const rows = table.series.flatMap((series, row) => (keep(series) ? [row] : []));
    const of = (texts: readonly string[]) => rows.map((row) => texts[row]);
    const { series, symbol, eventDate, knownDate, value } = table;
    return {
      series: of(series),
      symbol: of(symbol),
      eventDate: of(eventDate),
      knownDate: of(knownDate),
      value: Float64Array.from(rows, (row) => value[row]),
    };
  };
  const column = (name: string, keep: (series: string) => boolean): number[] => {
    const bare = names.filter((each) => CATALOGUE[each].needs.length === 0);
    const reduced = { ...inputs, fundamentals: only(fundamentals!, keep), macro: only(macro!, keep) };
    const spec = featureSpec([name, ...bare.filter((each) => each !== name)]);
    const { values, columns } = computeFeatures(panel, spec, reduced);
    return Array.from(values).filter((_, i) => i % columns.length === 0);
  };
  const reading = names.filter((name) => CATALOGUE[name].needs.some((need) => /fundamentals|macro/.test(need)));

  test.each(reading)('%s', (name) => {
    const series: readonly string[] = CATALOGUE[name].series ?? [];
    expect(column(name, (each) => series.includes(each))).toEqual(column(name, () => true));
    for (const without of series) {
      const values = column(name, (each) => each !== without);
      expect(values.filter((value) => value !== 0 && !Number.isNaN(value))).toEqual([]);
    }
  });
});

test('"all" and families leave out what no series is there for', () => {
  const has = new Set(['fundamentals', 'macro', 'volume', 'netIncome', 'sharesOutstanding', 'DFF', 'DGS10']);
  const all = selectFeatures(['all'], has);
  expect(all).toEqual(expect.arrayContaining(['earningsYield', 'earningsYieldRank', 'turnover63', 'termSpread']));
  expect(all).not.toEqual(expect.arrayContaining(['carry']));
  expect(selectFeatures(['fundamentals'], has)).toEqual([
    'earningsYield',
    'earningsSurprise',
    'marketValue',
    'turnover63',
  ]);
  expect(selectFeatures(['carry'], has)).toEqual(['carry']);
});

test('at least 40 features, each described, in one family, and no name twice', () => {
  const listed = Object.values(FAMILIES).flatMap((family) => Object.keys(family));
  expect(listed.length).toBeGreaterThanOrEqual(40);
  expect(new Set(listed).size).toBe(listed.length);
  expect(names.every((name) => CATALOGUE[name].description.length > 20)).toBe(true);
});

test.each([
  ['earningsYield', 'FUNDAMENTALS'],
  ['termSpread', 'MACRO'],
  ['pageRank', 'GRAPH'],
  ['peerMomentum63', 'EMBEDDINGS'],
  ['parkinson21', 'RANGE'],
])('%s without what it reads is refused', (name, needs) => {
  const { open, high, low, ...closes } = panel;
  const spec = featureSpec([name, ...names.filter((each) => CATALOGUE[each].needs.length === 0)]);
  expect(() => computeFeatures(closes, spec)).toThrow(expect.objectContaining({ code: `FEATURES_NEED_${needs}` }));
});
