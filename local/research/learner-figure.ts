import type { BacktestResult } from '../../domain/backtest/backtest.ts';
import { returnsBetween, rowsBetween } from '../../domain/backtest/figures.ts';
import { sharpe } from '../../domain/metrics/sharpe.ts';
import { type ChartSeries, escapeText, lineChart } from '../../functions/backtest/chart.ts';
import type { LearnerDocument, PolicyRow, StudiedRuns } from './learner-summary.ts';

const WIDTH = 860;
const LABELS = 190;
const ROW = 22;
const TOP = 34;
const EQUITY_HEIGHT = 240;
const COLOURS: Record<string, string> = { ppo: '#1f77b4', sac: '#d95f02', direct: '#1b9e77' };
const YARDSTICK = { name: 'volTargetEqualWeight', colour: '#555555' };
const OTHER = '#9a9a9a';

const colourOf = (policy: string): string => COLOURS[policy] ?? (policy === YARDSTICK.name ? YARDSTICK.colour : OTHER);

/** One self-contained SVG: the Sharpe ratio of every policy with its interval and its seeds, and equity curves below. */
export function learnerFigure(document: LearnerDocument, runs: StudiedRuns): string {
  const { policies, universe, from, to, sourceLine } = document;
  const height = TOP + policies.length * ROW + 24;
  const total = height + EQUITY_HEIGHT + 24;
  const equity = lineChart(equityOf(runs, document), {
    title: 'Value of 1 (a learner by the seed in the middle)',
    dates: sessionsOf(runs.baselines[0], document),
    format: (value) => value.toFixed(2),
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${total}" role="img" aria-label="Net Sharpe ratio out of sample by policy" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${total}" fill="white"/>`,
    `<text x="10" y="18" font-size="13">${escapeText(`Net Sharpe ratio out of sample, ${universe}, ${from} to ${to}: 90 % interval, seeds as rings`)}</text>`,
    ...intervalPlot(policies, height),
    `<svg y="${height}" width="${WIDTH}" height="${EQUITY_HEIGHT}" viewBox="0 0 ${WIDTH} ${EQUITY_HEIGHT}">${equity}</svg>`,
    `<text x="10" y="${total - 8}">${escapeText(sourceLine)}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function intervalPlot(policies: readonly PolicyRow[], height: number): string[] {
  const values = policies.flatMap(({ sharpe: own, seeds }) => [
    ...(own ? [own.lower, own.upper] : []),
    ...seeds.flatMap((seed) => seed.sharpe ?? []),
  ]);
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const step = [0.1, 0.2, 0.5, 1, 2, 5].find((size) => (high - low) / size <= 10) ?? 10;
  const [first, last] = [Math.floor(low / step), Math.max(Math.ceil(high / step), 1)];
  const x = (value: number): string =>
    (LABELS + ((value / step - first) / (last - first)) * (WIDTH - LABELS - 20)).toFixed(1);
  const bottom = height - 20;
  const ticks = Array.from({ length: last - first + 1 }, (_, k) => (first + k) * step);
  return [
    ...ticks.map(
      (tick) =>
        `<line x1="${x(tick)}" x2="${x(tick)}" y1="${TOP - 6}" y2="${bottom}" stroke="${Math.abs(tick) < step / 2 ? '#666' : '#ddd'}"/><text x="${x(tick)}" y="${bottom + 13}" text-anchor="middle">${tick.toFixed(1)}</text>`,
    ),
    ...policies.map((row, index) => intervalRow(row, TOP + index * ROW + ROW / 2, x)),
  ];
}

function intervalRow({ policy, sharpe: own, seeds }: PolicyRow, y: number, x: (value: number) => string): string {
  const colour = colourOf(policy);
  const rings = seeds.flatMap(({ sharpe: value }) =>
    value === null ? [] : [`<circle cx="${x(value)}" cy="${y}" r="3" fill="none" stroke="${colour}"/>`],
  );
  const line = own
    ? `<line x1="${x(own.lower)}" x2="${x(own.upper)}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="2"/><circle cx="${x(own.estimate)}" cy="${y}" r="4.5" fill="${colour}"/>`
    : '';
  return `<g><title>${escapeText(policy)}</title><text x="${LABELS - 10}" y="${y + 4}" text-anchor="end" fill="${colour}">${escapeText(policy)}</text>${line}${rings.join('')}</g>`;
}

function equityOf({ learners, baselines }: StudiedRuns, range: LearnerDocument): ChartSeries[] {
  const others = baselines.map((run) => ({ name: run.name, run }));
  const learned = learners.map(({ algorithm, seeds }) => ({
    name: algorithm as string,
    run: middleSeed(
      seeds.map(({ run }) => run),
      range,
    ),
  }));
  return [...others, ...learned].map(({ name, run }) => ({
    name,
    colour: colourOf(name),
    values: growthOf(run, range),
  }));
}

/** By Sharpe ratio; the lower of two. */
function middleSeed(runs: readonly BacktestResult[], { from, to }: LearnerDocument): BacktestResult {
  const ratio = (run: BacktestResult): number => sharpe(returnsBetween(run, from, to)) ?? 0;
  return [...runs].sort((a, b) => ratio(a) - ratio(b))[Math.floor((runs.length - 1) / 2)];
}

function growthOf(run: BacktestResult, { from, to }: LearnerDocument): Float64Array {
  let value = 1;
  return returnsBetween(run, from, to).map((r) => {
    value *= 1 + r;
    return value;
  });
}

function sessionsOf(run: BacktestResult, { from, to }: LearnerDocument): string[] {
  const { first, end } = rowsBetween(run, from, to);
  return run.dates.slice(first, end);
}
