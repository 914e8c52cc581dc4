import { markdownTable } from '../../functions/report/markdown-table.ts';
import { printJson } from '../commands/args.ts';
import { table } from '../table.ts';
import { percent, ratio } from './format.ts';
import { learnerFigure } from './learner-figure.ts';
import type { LearnerDocument, PolicyRow, StudiedRuns } from './learner-summary.ts';
import { writeStudy } from './study-files.ts';

const HEADER = [
  'policy',
  'seeds',
  'Sharpe',
  '90 % interval',
  'seeds from..to',
  'less vol. target 1/N',
  'less direct',
  'return/yr',
  'volatility',
  'max drawdown',
  'turnover/yr',
  'cost bps/yr',
];

/** Print the study, and leave it as files where a folder is named. */
export function publish(
  document: LearnerDocument,
  runs: StudiedRuns,
  { json, out }: { json?: boolean; out?: string },
): void {
  if (out !== undefined) writeFiles(document, runs, out);
  if (json) printJson(document);
  else console.log(`${heading(document)}\n\n${table(HEADER, rows(document))}\n\n${remarks(document).join('\n')}`);
}

function writeFiles(document: LearnerDocument, runs: StudiedRuns, folder: string): void {
  writeStudy(folder, `${document.universe}-learners`, {
    json: `${JSON.stringify(document, null, 2)}\n`,
    md: `# ${heading(document)}\n\n${markdownTable({ head: HEADER, rows: rows(document), numbers: HEADER.length - 1 })}\n\n${remarks(
      document,
    )
      .map((remark) => `- ${remark}\n`)
      .join('')}`,
    svg: learnerFigure(document, runs),
  });
}

const heading = ({ universe, from, to, sessions }: LearnerDocument): string =>
  `Learners out of sample: ${universe}, ${from} to ${to}, ${sessions} sessions`;

const interval = (found: { lower: number; upper: number } | null): string =>
  found ? `${ratio(found.lower)}..${ratio(found.upper)}` : '-';

const difference = (found: PolicyRow['lessDirect']): string =>
  found ? `${ratio(found.difference)} (${interval(found)})` : '-';

const rows = ({ policies }: LearnerDocument): string[][] =>
  policies.map((row) => {
    const ratios = row.seeds.flatMap(({ sharpe }) => sharpe ?? []);
    return [
      row.policy,
      row.learned ? String(row.seeds.length) : '-',
      ratio(row.sharpe?.estimate),
      interval(row.sharpe),
      ratios.length > 0 ? `${ratio(Math.min(...ratios))}..${ratio(Math.max(...ratios))}` : '-',
      difference(row.lessVolTarget),
      difference(row.lessDirect),
      percent(row.annualReturn),
      percent(row.volatility),
      percent(row.maxDrawdown),
      percent(row.turnover),
      row.costBps?.toFixed(0) ?? '-',
    ];
  });

function remarks({ method, notes, caveats, learners, windows, redistribution, sourceLine }: LearnerDocument): string[] {
  return [
    method,
    ...notes,
    `${windows.length} windows; environment steps in all: ${learners.map(({ algorithm, environmentSteps, warmStart }) => `${algorithm} ${environmentSteps.toLocaleString('en-US')}${warmStart ? ' (each window from the one before)' : ''}`).join(', ')}.`,
    ...caveats,
    ...(redistribution
      ? []
      : ['The prices may not be passed on: only figures of the policies are shown, no price and no weight.']),
    sourceLine,
  ];
}
