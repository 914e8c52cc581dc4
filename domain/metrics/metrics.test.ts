import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { alpha } from './alpha.ts';
import { beta } from './beta.ts';
import { breakEvenCostBps } from './break-even-cost.ts';
import { cagr } from './cagr.ts';
import { calmar } from './calmar.ts';
import { downCapture, upCapture } from './capture.ts';
import { conditionalValueAtRisk } from './cvar.ts';
import { drawdownDurations } from './drawdown-duration.ts';
import { hitRate } from './hit-rate.ts';
import { informationRatio, trackingError } from './information-ratio.ts';
import { interquartileMean } from './interquartile-mean.ts';
import { maxDrawdown, ulcerIndex } from './max-drawdown.ts';
import { shapeOf } from './moments.ts';
import { normalCdf, normalQuantile } from './normal-distribution.ts';
import { omega } from './omega.ts';
import { minimumTrackRecordLength, probabilisticSharpe, trackRecordOf } from './psr.ts';
import { dailySharpe, rollingSharpe, sharpe, sharpeStandardError } from './sharpe.ts';
import { downsideDeviation, sortino } from './sortino.ts';
import { stability } from './stability.ts';
import { tailRatio } from './tail-ratio.ts';
import { totalReturn } from './total-return.ts';
import { annualCostBps, annualTurnover } from './turnover.ts';
import { valueAtRisk } from './var.ts';
import { volatility } from './volatility.ts';

interface Oracle {
  inputs: { benchmark: number[]; series: Record<string, number[]> };
  expected: Record<string, Record<string, { value: number | string | null }>>;
}
const oracle = JSON.parse(readFileSync(new URL('./oracles/kpi.json', import.meta.url), 'utf8')) as Oracle;

const withRecord = (
  r: Float64Array,
  of: (record: NonNullable<ReturnType<typeof trackRecordOf>>) => number | null,
): number | null => {
  const record = trackRecordOf(r);
  return record === null ? null : of(record);
};

/** Oracle name -> our figure of the series r against the benchmark b. */
const FIGURES: Record<string, (r: Float64Array, b: Float64Array) => number | null> = {
  total_return: totalReturn,
  cagr,
  volatility,
  sharpe_rf0: (r) => sharpe(r),
  sharpe_rf2pct: (r) => sharpe(r, 1.02 ** (1 / 252) - 1),
  sharpe_rf2pct_simple: (r) => sharpe(r, 0.02 / 252),
  sortino,
  downside_deviation: downsideDeviation,
  max_drawdown: maxDrawdown,
  calmar,
  drawdown_count: (r) => drawdownDurations(r).count,
  drawdown_longest: (r) => drawdownDurations(r).longest,
  drawdown_average: (r) => drawdownDurations(r).average,
  var_95: (r) => valueAtRisk(r, 0.95),
  var_99: (r) => valueAtRisk(r, 0.99),
  cvar_95: (r) => conditionalValueAtRisk(r, 0.95),
  cvar_99: (r) => conditionalValueAtRisk(r, 0.99),
  beta,
  alpha,
  information_ratio_daily: informationRatio,
  tracking_error: trackingError,
  tail_ratio: tailRatio,
  omega,
  hit_rate: hitRate,
  skew_biased: (r) => shapeOf(r)?.skewness ?? null,
  kurtosis_excess_biased: (r) => {
    const shape = shapeOf(r);
    return shape === null ? null : shape.kurtosis - 3;
  },
  rolling_sharpe_63_last: (r) => rollingSharpe(r, 63),
  ulcer_index: ulcerIndex,
  up_capture: upCapture,
  down_capture: downCapture,
  stability,
  psr_0: (r) => withRecord(r, (record) => probabilisticSharpe(record)),
  psr_annual_half: (r) => withRecord(r, (record) => probabilisticSharpe(record, 0.5 / Math.sqrt(252))),
  min_track_record_length_0: (r) => withRecord(r, (record) => minimumTrackRecordLength(record)),
};

const cases = Object.entries(oracle.expected).flatMap(([series, metrics]) =>
  Object.keys(FIGURES).flatMap((metric) => (metrics[metric] ? [[series, metric, metrics[metric].value] as const] : [])),
);

describe('metrics against quantstats, empyrical, pyfolio, scipy and skfolio', () => {
  test('every figure of the oracle that has a convention of ours is checked', () => {
    expect(cases.length).toBeGreaterThan(280);
  });

  test.each(cases)('%s %s', (series, metric, expected) => {
    const returns = Float64Array.from(oracle.inputs.series[series]);
    const benchmark = Float64Array.from(oracle.inputs.benchmark.slice(0, returns.length));
    const value = FIGURES[metric](returns, benchmark);
    // the oracle writes 0/0 and x/0 as NaN and infinities; what is not defined is null here
    if (typeof expected !== 'number') expect(value).toBeNull();
    else expect(Math.abs((value as number) - expected)).toBeLessThanOrEqual(1e-12 + 1e-9 * Math.abs(expected));
  });
});

describe('what is not defined is null, never a huge number', () => {
  const nothing = new Float64Array(0);
  test.each<[string, (r: Float64Array) => number | null]>([
    ['sharpe', (r) => sharpe(r)],
    ['daily sharpe', (r) => dailySharpe(r)],
    ['volatility', volatility],
    ['cagr', cagr],
    ['calmar', calmar],
    ['max drawdown', maxDrawdown],
    ['ulcer index', ulcerIndex],
    ['sortino', sortino],
    ['downside deviation', downsideDeviation],
    ['omega', omega],
    ['VaR', (r) => valueAtRisk(r, 0.95)],
    ['CVaR', (r) => conditionalValueAtRisk(r, 0.95)],
    ['beta', (r) => beta(r, r)],
    ['alpha', (r) => alpha(r, r)],
    ['information ratio', (r) => informationRatio(r, r)],
    ['tail ratio', tailRatio],
    ['hit rate', hitRate],
    ['turnover', annualTurnover],
    ['cost', annualCostBps],
    ['stability', stability],
    ['interquartile mean', interquartileMean],
  ])('%s of no returns', (_name, metric) => {
    expect(metric(nothing)).toBeNull();
  });

  test('a constant series has no Sharpe, whatever its rounding', () => {
    for (const value of [0.1, 0.001, 1 / 3, -0.07]) expect(sharpe(new Float64Array(1000).fill(value))).toBeNull();
  });

  test('returns and benchmark must be of the same sessions', () => {
    for (const metric of [beta, alpha, informationRatio, trackingError, upCapture, downCapture]) {
      expect(() => metric([0.1, 0.2], [0.1])).toThrow(expect.objectContaining({ code: 'METRIC_LENGTH' }));
    }
  });
});

describe('the normal distribution', () => {
  test.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.959963984540054, 0.025],
    [2.3263478740408408, 0.99],
    [-5, 2.866515718791939e-7],
    [-8, 6.220960574271785e-16],
    [3.6, 0.9998408914098424],
  ])('Phi(%f) = %f, and back', (x, p) => {
    expect(Math.abs(normalCdf(x) / p - 1)).toBeLessThan(1e-13);
    expect(normalQuantile(p)).toBeCloseTo(x, 11);
  });

  test('ends at the infinities', () => {
    expect([normalQuantile(0), normalQuantile(1), normalQuantile(2)]).toEqual([
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]);
  });
});

describe('own figures', () => {
  test('turnover and cost are annualised sums', () => {
    expect(annualTurnover([0.01, 0, 0.02])).toBeCloseTo(2.52, 12);
    expect(annualCostBps([0.0001, 0, 0.0002])).toBeCloseTo(252, 12);
  });

  test('the standard error of a two-year Sharpe ratio is 0.71', () => {
    expect(sharpeStandardError(504)).toBeCloseTo(Math.SQRT1_2, 12);
    expect(sharpeStandardError(0)).toBeNull();
  });

  test('break-even cost brings the return to nothing', () => {
    expect(breakEvenCostBps(0.02, 30, 1.5)).toBeCloseTo((200 + 30) / 1.5, 12);
    expect(breakEvenCostBps(0.02, 0, 0)).toBeNull();
  });

  test('the interquartile mean leaves a quarter out at each end, in fractions too', () => {
    expect(interquartileMean([100, 1, 2, -50])).toBeCloseTo(1.5, 12);
    expect(interquartileMean([1, 2, 3])).toBeCloseTo((0.25 * 1 + 2 + 0.25 * 3) / 1.5, 12);
    expect(interquartileMean([7])).toBe(7);
  });
});
