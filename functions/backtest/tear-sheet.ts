import type { BacktestResult } from '../../domain/backtest/backtest.ts';
import type { TearSheet } from '../../domain/backtest/tear-sheet.ts';
import { escapeText, lineChart } from './chart.ts';

const percent = (value: number | null): string => (value === null ? '-' : `${(value * 100).toFixed(2)} %`);
const plain = (value: number | null): string => (value === null ? '-' : value.toFixed(2));

interface Section {
  title: string;
  head: string[];
  rows: string[][];
}

function sections(sheet: TearSheet): Section[] {
  const { figures, more } = sheet;
  const rows: [string, string][] = [
    ['Sharpe ratio', plain(figures.sharpe)],
    ['annual return', percent(figures.annualReturn)],
    ['volatility', percent(figures.volatility)],
    ['maximum drawdown', percent(figures.maxDrawdown)],
    ['total return', percent(more.totalReturn)],
    ['Sortino ratio', plain(more.sortino)],
    ['Calmar ratio', plain(more.calmar)],
    ['Omega', plain(more.omega)],
    ['hit rate', percent(more.hitRate)],
    ['tail ratio', plain(more.tailRatio)],
    ['VaR 95 % (day)', percent(more.valueAtRisk95)],
    ['CVaR 95 % (day)', percent(more.conditionalValueAtRisk95)],
    ['average drawdown (sessions)', plain(more.averageDrawdownDays)],
    ['longest drawdown (sessions)', plain(more.longestDrawdownDays)],
    ['average exposure', percent(more.averageExposure)],
    ['turnover (one-way, a year)', percent(figures.turnover)],
    ['costs (bps a year)', plain(figures.costBps)],
  ];
  return [
    { title: 'Figures', head: ['figure', 'value'], rows },
    {
      title: 'Years',
      head: ['year', 'return', 'maximum drawdown', 'Sharpe'],
      rows: sheet.years.map((year) => [year.year, percent(year.return), percent(year.maxDrawdown), plain(year.sharpe)]),
    },
    {
      title: 'Deepest drawdowns',
      head: ['depth', 'from', 'trough', 'recovered', 'sessions'],
      rows: sheet.drawdowns.map((spell) => [
        percent(spell.depth),
        spell.from,
        spell.trough,
        spell.recovered ?? 'not yet',
        String(spell.sessions),
      ]),
    },
    {
      title: 'Limits that changed the target',
      head: ['limit', 'sessions'],
      rows: Object.entries(sheet.limitsHit).map(([limit, count]) => [limit, String(count)]),
    },
  ];
}

const headline = (sheet: TearSheet): string =>
  `${sheet.name} on ${sheet.universe}, ${sheet.from} to ${sheet.to} (${sheet.sessions} sessions), net of costs, decided at the close and filled at the next`;

export function tearSheetMarkdown(sheet: TearSheet): string {
  const table = ({ title, head, rows }: Section): string =>
    [
      `## ${title}`,
      '',
      `| ${head.join(' | ')} |`,
      `|${head.map(() => '---|').join('')}`,
      ...rows.map((row) => `| ${row.join(' | ')} |`),
    ].join('\n');
  const notes = [...sheet.caveats.map((caveat) => `- ${caveat}`), '', sheet.sourceLine];
  return `${[`# Backtest: ${sheet.name}`, headline(sheet), ...sections(sheet).map(table), '## To keep in mind', notes.join('\n')].join('\n\n')}\n`;
}

/** One self-contained file: style and charts inside, nothing fetched. */
export function tearSheetHtml(sheet: TearSheet, result: BacktestResult): string {
  const table = ({ title, head, rows }: Section): string =>
    `<h2>${title}</h2><table><tr>${head.map((cell) => `<th>${cell}</th>`).join('')}</tr>${rows.map((row) => `<tr>${row.map((cell) => `<td>${escapeText(cell)}</td>`).join('')}</tr>`).join('')}</table>`;
  const { dates } = result;
  const percentAxis = (value: number): string => `${(value * 100).toFixed(0)} %`;
  const charts = [
    lineChart([{ name: sheet.name, values: result.nav, colour: '#2563eb' }], {
      title: 'NAV (1 at the start)',
      dates,
      format: (value) => value.toFixed(2),
    }),
    lineChart([{ name: 'drawdown', values: underwater(result.nav), colour: '#dc2626' }], {
      title: 'Drawdown',
      dates,
      format: percentAxis,
      fillTo: 0,
    }),
    lineChart([{ name: 'exposure', values: result.exposure, colour: '#059669' }], {
      title: 'Exposure',
      dates,
      format: percentAxis,
      fillTo: 0,
    }),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Backtest: ${escapeText(sheet.name)}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:900px;margin:2rem auto;padding:0 1rem;color:#1f2937;background:#fff}table{border-collapse:collapse;margin:.5rem 0}td,th{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #e5e7eb}td:first-child,th:first-child{text-align:left}svg{width:100%;height:auto}</style></head>
<body><h1>Backtest: ${escapeText(sheet.name)}</h1><p>${escapeText(headline(sheet))}</p>
${charts.join('\n')}
${sections(sheet).map(table).join('\n')}
<h2>To keep in mind</h2><ul>${sheet.caveats.map((caveat) => `<li>${escapeText(caveat)}</li>`).join('')}</ul><p>${escapeText(sheet.sourceLine)}</p></body></html>
`;
}

function underwater(nav: Float64Array): Float64Array {
  let high = 0;
  return nav.map((value) => {
    high = Math.max(high, value);
    return value / high - 1;
  });
}
