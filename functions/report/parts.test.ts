import { describe, expect, test } from '@jest/globals';
import { exactRuntime } from '../../adapters/policy-runtime/exact.ts';
import { loadSettings } from '../../config/load.ts';
import { FIXTURE_SYMBOLS, FIXTURE_TILT, fixtureModel, fixturePolicy, fixtureState } from '../api/fixture.ts';
import { sharpeArithmetic } from './arithmetic.ts';
import { escapeHtml, lineChart, weightBars } from './charts.ts';
import { explainDecision } from './explain.ts';
import { percent, signed, words } from './format.ts';
import { markdownTable } from './markdown-table.ts';
import { championName, type DailySummary, whoDecided } from './summary.ts';

const settings = loadSettings({ root: new URL('../../', import.meta.url).pathname });
const ref = (kind: 'datasets' | 'features') => ({ kind, hash: 'a'.repeat(64) });

describe('why these weights', () => {
  test('the tilt is the first feature times its weight, and that feature is named as its only cause', async () => {
    const state = fixtureState(7);
    const policy = await exactRuntime.load(fixturePolicy());
    const { rows, exposureShift } = await explainDecision(
      policy,
      fixtureModel(settings, ref('datasets'), ref('features')),
      Float32Array.from(state.flat()),
    );
    await policy.close();
    const first = state.map((row) => FIXTURE_TILT * row[0]);
    const mean = first.reduce((a, b) => a + b, 0) / first.length;
    expect(exposureShift).toBe(0);
    for (const { symbol, tilt, causes } of rows) {
      const a = FIXTURE_SYMBOLS.indexOf(symbol);
      expect(tilt).toBeCloseTo(first[a] - mean, 5);
      expect(causes).toHaveLength(1);
      expect(causes[0].effect).toBeCloseTo(tilt, 5);
      expect(causes[0].value).toBeCloseTo(state[a][0], 6);
    }
    const sizes = rows.map((row) => Math.abs(row.tilt));
    expect(sizes).toEqual([...sizes].sort((x, y) => y - x));
  });

  test('an asset that cannot be traded has no tilt', async () => {
    const state = fixtureState(8);
    state[2][state[2].length - 1] = 0;
    const policy = await exactRuntime.load(fixturePolicy());
    const { rows } = await explainDecision(
      policy,
      fixtureModel(settings, ref('datasets'), ref('features')),
      Float32Array.from(state.flat()),
    );
    await policy.close();
    expect(rows.map((row) => row.symbol).sort()).toEqual(
      FIXTURE_SYMBOLS.filter((symbol) => symbol !== FIXTURE_SYMBOLS[2]).sort(),
    );
  });
});

test('what two years can show: the arithmetic of quant.md', () => {
  const sums = sharpeArithmetic(settings.config.gates);
  expect(sums.standardError).toBeCloseTo(0.71, 2);
  expect(sums.passes.map((pass) => Math.round(pass.chance * 100))).toEqual([8, 29, 50]);
  expect(sums.needed.find((need) => need.years === 2)?.sharpe).toBeCloseTo(2.3, 1);
  expect(sums.needed.find((need) => need.years === 10)?.sharpe).toBeCloseTo(1.0, 1);
});

describe('charts', () => {
  const chart = (values: (number | null)[]) =>
    lineChart({
      title: 'a < b',
      dates: values.map((_, i) => `2026-01-${String(i + 1).padStart(2, '0')}`),
      lines: [{ name: '"x"', tone: 'champion', values }],
      format: (v) => v.toFixed(2),
      level: 1,
    });
  test('axis ticks are round and enclose the data and the level', () => {
    const ticks = [...chart([0.93, 1.02, 1.07]).matchAll(/%">([\d.]+)<\/span>/g)].map((match) => Number(match[1]));
    expect(ticks).toEqual([0.9, 0.95, 1, 1.05, 1.1]);
  });
  test('a gap breaks the line; a flat line and one point have an axis; text is escaped', () => {
    expect(
      chart([1, null, 1.1, 1.2])
        .match(/ d="([^"]*)"/)?.[1]
        ?.match(/M/g),
    ).toHaveLength(2);
    for (const values of [[1, 1, 1], [1]]) expect(chart(values)).not.toMatch(/NaN|Infinity/);
    expect(chart([1, 2, 3])).toContain('a &#60; b');
    expect(escapeHtml(`<&>"'`)).toBe('&#60;&#38;&#62;&#34;&#39;');
  });
  test('long series are thinned, their ends kept', () => {
    const svg = lineChart({
      title: 't',
      dates: Array.from({ length: 5_000 }, (_, i) => String(i)),
      lines: [{ name: 'x', tone: 'champion', values: Array.from({ length: 5_000 }, (_, i) => i) }],
      format: String,
    });
    expect(svg.match(/L/g)?.length).toBeLessThan(600);
    expect(svg).toContain('M0.0 300.0');
    expect(svg).toContain('L1000.0 ');
  });
  test('bars are on one scale', () => {
    const bars = weightBars([
      { name: 'EUR', before: 0.1, after: 0.2, label: '20 %', change: '+10 %' },
      { name: 'CASH', before: 0.4, after: 0.3, label: '30 %', change: '-10 %' },
    ]);
    expect([...bars.matchAll(/rect class="(before|after)" x="0" y="\d" width="([\d.]+)"/g)].map((m) => m[2])).toEqual([
      '25.00',
      '50.00',
      '100.00',
      '75.00',
    ]);
  });
});

describe('words', () => {
  test('formats', () => {
    expect([
      percent(null),
      percent(-0.0512),
      signed(percent(0.1)),
      signed(percent(0)),
      signed(percent(-0.1)),
      words('volTargetEqualWeight'),
    ]).toEqual(['–', '-5.1 %', '+10.0 %', '0.0 %', '-10.0 %', 'vol target equal weight']);
  });
  test('a cell of a Markdown table cannot break it', () => {
    expect(markdownTable({ head: ['a', 'b'], numbers: 1, rows: [['x|y', 'line\nbreak']] })).toBe(
      '| a | b |\n| --- | ---: |\n| x\\|y | line break |',
    );
  });
  test('the champion keeps its own name among the policies', () => {
    expect(championName('m (champion)', 'm')).toBe('m');
    expect(championName('m (as champion)', 'm')).toBe('m');
    expect(championName('n (champion)', 'm')).toBe('n (champion)');
  });
});

describe('who decided', () => {
  const summary = (challenger: Partial<NonNullable<DailySummary['challenger']>> | null): DailySummary => ({
    date: '2026-01-02',
    universe: 'u',
    datasetHash: null,
    outOfSample: {},
    decision: null,
    settlement: null,
    reconcile: null,
    alerts: [],
    champion: { modelHash: 'a'.repeat(64), name: 'model 0', kind: 'baseline' },
    challenger: challenger && {
      modelHash: 'b'.repeat(64),
      name: 'ppo',
      verdict: 'accepted',
      reasons: [],
      gates: [],
      ...challenger,
    },
  });
  test.each([
    [null, 0, 'No challenger has been trained yet'],
    [
      {
        verdict: 'rejected' as const,
        gates: [{ gate: 'deflatedSharpe', group: 'alpha' as const, value: 0.4, threshold: 0.95, pass: false }],
      },
      0,
      'failed 1 of 1 gates (deflated sharpe)',
    ],
    [{}, 0.1, 'decided with 90 % of the capital, the challenger ppo with 10 %'],
    [{}, 0, 'runs in the shadow'],
  ])('%#', (challenger, alpha, words_) => {
    expect(whoDecided(summary(challenger), alpha)).toContain(words_);
  });
});
