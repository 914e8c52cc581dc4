import { z } from 'zod';
import { figuresSchema } from '../lineage/gate-report.ts';
import { calmar } from '../metrics/calmar.ts';
import { conditionalValueAtRisk } from '../metrics/cvar.ts';
import { drawdownDurations } from '../metrics/drawdown-duration.ts';
import { hitRate } from '../metrics/hit-rate.ts';
import { omega } from '../metrics/omega.ts';
import { sortino } from '../metrics/sortino.ts';
import { tailRatio } from '../metrics/tail-ratio.ts';
import { totalReturn } from '../metrics/total-return.ts';
import { valueAtRisk } from '../metrics/var.ts';
import type { BacktestResult } from './backtest.ts';
import { figuresOf, returnsBetween } from './figures.ts';

const number = z.number().nullable();

/** `tear-sheet.json` of a backtest. Fractions, not per cent; drawdowns negative or 0. */
export const tearSheetSchema = z.strictObject({
  schema: z.literal(1),
  name: z.string(),
  universe: z.string(),
  from: z.iso.date(),
  to: z.iso.date(),
  sessions: z.number().int(),
  figures: figuresSchema,
  more: z.strictObject({
    totalReturn: number,
    sortino: number,
    calmar: number,
    omega: number,
    hitRate: number,
    tailRatio: number,
    valueAtRisk95: number,
    conditionalValueAtRisk95: number,
    averageDrawdownDays: number,
    longestDrawdownDays: number,
    averageExposure: number,
  }),
  years: z.array(z.strictObject({ year: z.string(), return: z.number(), maxDrawdown: number, sharpe: number })),
  drawdowns: z.array(
    z.strictObject({
      depth: z.number(),
      from: z.iso.date(),
      trough: z.iso.date(),
      recovered: z.iso.date().nullable(),
      sessions: z.number().int(),
    }),
  ),
  /** Sessions on which each limit changed the target. */
  limitsHit: z.record(z.string(), z.number().int()),
  sourceLine: z.string(),
  caveats: z.array(z.string()),
});
export type TearSheet = z.infer<typeof tearSheetSchema>;

export interface TearSheetFacts {
  universe: string;
  sourceLine: string;
  caveats: readonly string[];
}

const DEEPEST = 5;

export function tearSheetOf(result: BacktestResult, facts: TearSheetFacts): TearSheet {
  const { dates } = result;
  const returns = returnsBetween(result);
  const durations = drawdownDurations(returns);
  const years = [...new Set(dates.slice(1).map((date) => date.slice(0, 4)))];
  return {
    schema: 1,
    name: result.name,
    universe: facts.universe,
    from: dates[0],
    to: dates[dates.length - 1],
    sessions: dates.length,
    figures: figuresOf(result),
    more: {
      totalReturn: totalReturn(returns),
      sortino: sortino(returns),
      calmar: calmar(returns),
      omega: omega(returns),
      hitRate: hitRate(returns),
      tailRatio: tailRatio(returns),
      valueAtRisk95: valueAtRisk(returns, 0.95),
      conditionalValueAtRisk95: conditionalValueAtRisk(returns, 0.95),
      averageDrawdownDays: durations.average,
      longestDrawdownDays: durations.longest,
      averageExposure: result.exposure.reduce((sum, value) => sum + value, 0) / result.exposure.length,
    },
    years: years.map((year) => {
      const { sharpe, maxDrawdown } = figuresOf(result, `${year}-01-01`, `${year}-12-31`);
      return {
        year,
        return: totalReturn(returnsBetween(result, `${year}-01-01`, `${year}-12-31`)),
        maxDrawdown,
        sharpe,
      };
    }),
    drawdowns: deepestDrawdowns(result),
    limitsHit: result.limitsHit,
    sourceLine: facts.sourceLine,
    caveats: [...facts.caveats],
  };
}

/** The deepest spells below a previous high, deepest first. */
function deepestDrawdowns({ nav, dates }: BacktestResult): TearSheet['drawdowns'] {
  const spells: TearSheet['drawdowns'] = [];
  let peak = 0;
  let trough = 0;
  const close = (end: number, recovered: boolean) => {
    if (nav[trough] >= nav[peak]) return;
    const depth = nav[trough] / nav[peak] - 1;
    spells.push({
      depth,
      from: dates[peak],
      trough: dates[trough],
      recovered: recovered ? dates[end] : null,
      sessions: end - peak,
    });
  };
  for (let t = 1; t < nav.length; t += 1) {
    if (nav[t] >= nav[peak]) {
      close(t, true);
      peak = t;
      trough = t;
    } else if (nav[t] < nav[trough]) trough = t;
  }
  close(nav.length - 1, false);
  return spells.sort((a, b) => a.depth - b.depth).slice(0, DEEPEST);
}
