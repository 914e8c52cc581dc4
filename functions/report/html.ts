import { escapeHtml } from './charts.ts';
import { decimal, percent } from './format.ts';
import type { Material } from './material.ts';
import {
  caveatsSection,
  chartsSection,
  decisionSection,
  evidenceSection,
  figuresSection,
  gatesSection,
  hashesSection,
  liveSection,
  monitoringSection,
  whySection,
} from './sections.ts';
import { STYLE } from './style.ts';
import { whoDecided } from './summary.ts';

/** `report.html`: one file that holds all it needs. Same material, same bytes. */
export function reportHtml(material: Material): string {
  const { date, universe, summary, promotion } = material;
  const title = `${universe.title}: ${date}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${escapeHtml(universe.title)}</h1>
<p>${escapeHtml(`Decision of ${date}, strategy ${material.decision.document.strategy}`)}</p>
<p class="lead">${escapeHtml(whoDecided(summary, promotion.alpha))}</p>
${tiles(material)}
</header>
${[
  decisionSection,
  figuresSection,
  chartsSection,
  gatesSection,
  whySection,
  liveSection,
  monitoringSection,
  evidenceSection,
  caveatsSection,
  hashesSection,
]
  .map((build) => build(material))
  .join('\n')}
<footer>${escapeHtml(universe.sourceLine)}. Paper trading on reference prices; no advice.</footer>
</main>
</body>
</html>
`;
}

function tiles({ summary, monitor, decision, settlement, challenger, champion }: Material): string {
  const gates = (challenger?.report ?? champion.report).gates;
  const passed = gates.filter((gate) => gate.pass).length;
  const own = summary.champion ? summary.outOfSample[summary.champion.name] : undefined;
  const entries: [string, string][] = [
    [decimal(decision.document.book.nav, 4), 'NAV of the live book'],
    [percent(monitor.risk.drawdown, 2), 'drawdown now'],
    [percent(decision.document.turnover, 2), 'turnover of this order'],
    [decimal(own?.sharpe), 'champion’s Sharpe out of sample'],
    [`${passed} of ${gates.length}`, `gates passed by the ${challenger ? 'challenger' : 'champion'}`],
    [settlement.status === 'notInitialised' ? 'no chain yet' : settlement.status, 'settlement'],
  ];
  return `<div class="tiles">${entries.map(([value, name]) => `<div class="tile"><b>${escapeHtml(value)}</b><span>${escapeHtml(name)}</span></div>`).join('')}</div>`;
}
