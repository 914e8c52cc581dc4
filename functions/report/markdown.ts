import { sharpeArithmetic } from './arithmetic.ts';
import { basisPoints, decimal, percent, signed } from './format.ts';
import { markdownTable } from './markdown-table.ts';
import type { Material } from './material.ts';
import { whoDecided } from './summary.ts';
import {
  driftTable,
  exposureTable,
  gateTable,
  limitRemarks,
  limitTable,
  outOfSampleTable,
  riskRows,
  stepTable,
  type Table,
  weightRows,
} from './tables.ts';

/** `report.md`: the same facts as the page, without the charts. */
export function reportMarkdown(material: Material): string {
  const { date, universe, summary, promotion, decision } = material;
  return `${[
    `# ${universe.title}: ${date}`,
    whoDecided(summary, promotion.alpha),
    '## Weights',
    markdownTable(weightsTable(material)),
    `Turnover ${percent(decision.document.turnover, 2)} one-way, expected cost ${decimal(decision.document.expectedCostBps)} bps of NAV.`,
    ...figures(material),
    ...gates(material),
    ...why(material),
    ...live(material),
    ...evidence(material),
    ...end(material),
  ].join('\n\n')}\n`;
}

function weightsTable(material: Material): Table {
  return {
    head: ['asset', 'before', 'after', 'trade'],
    numbers: 3,
    rows: weightRows(material).map(({ symbol, before, after }) => [
      symbol,
      basisPoints(before),
      basisPoints(after),
      before === after ? '' : signed(basisPoints(after - before)),
    ]),
  };
}

function figures(material: Material): string[] {
  const { challenger, champion, summary } = material;
  if (Object.keys(summary.outOfSample).length === 0)
    return ['## Out of sample', 'There is too little history for out-of-sample figures.'];
  const { outOfSampleFrom, outOfSampleTo, trials } = challenger?.report ?? champion.report;
  return [
    '## Out of sample',
    `${outOfSampleFrom} to ${outOfSampleTo}; same dates, costs and lag for every policy; ${trials} trials in the log.`,
    markdownTable(outOfSampleTable(material)),
  ];
}

function gates({ champion, challenger }: Material): string[] {
  const part = (who: string, report: Material['champion']['report']): string[] => [
    `### ${who} ${report.name}: ${report.verdict}`,
    markdownTable(gateTable(report.gates)),
  ];
  return [
    '## Gates',
    ...(challenger ? part('Challenger', challenger.report) : []),
    ...part('Champion', champion.report),
  ];
}

function why(material: Material): string[] {
  const { explanation, settlement, summary, decision } = material;
  const tilted = explanation.rows.filter((row) => row.causes.length > 0);
  const differences = summary.reconcile?.differences ?? [];
  return [
    '## Why these weights',
    tilted.length === 0
      ? 'The policy does not tilt: its action is the anchor.'
      : markdownTable({
          head: ['asset', 'tilt', 'strongest causes'],
          numbers: 0,
          rows: tilted
            .slice(0, 10)
            .map((row) => [
              row.symbol,
              signed(decimal(row.tilt, 3)),
              row.causes.map((cause) => `${cause.feature} ${signed(decimal(cause.effect, 3))}`).join(', '),
            ]),
        }),
    markdownTable(stepTable(material)),
    ...(decision.document.limitsHit.length === 0 ? [] : [markdownTable(limitTable(material))]),
    ...limitRemarks(material),
    ...(material.exposures.length === 0 ? [] : [markdownTable(exposureTable(material))]),
    settlement.transaction
      ? `Transaction \`${settlement.transaction}\` (${settlement.status}, epoch ${settlement.epoch}, ${settlement.gasUsed} gas, chain ${settlement.chainId}, contract \`${settlement.contract}\`). ${differences.length === 0 ? 'Intent = chain = ledger.' : `Differences: ${differences.join('; ')}`}`
      : 'The chain is not initialised: the decision stands and nothing was sent.',
  ];
}

function live(material: Material): string[] {
  const { drift, alerts, quality } = material.monitor;
  return [
    '## The live book',
    markdownTable({ head: ['figure', 'value'], numbers: 1, rows: riskRows(material) }),
    '## Alerts, drift, data',
    alerts.length === 0
      ? 'No alert.'
      : alerts
          .map((alert) => `- **${alert.condition}** (${alert.severity}): ${alert.message} (${alert.runbook})`)
          .join('\n'),
    drift.assessed ? markdownTable(driftTable(material)) : `Drift was not assessed: ${drift.reason}.`,
    `${quality.rows} rows of ${quality.symbols} symbols, ${quality.quarantined} in quarantine (${quality.newlyQuarantined} new).`,
  ];
}

function evidence({ gates: rules }: Material): string[] {
  const sums = sharpeArithmetic(rules);
  const chances = sums.passes
    .map((pass) => `true Sharpe ${decimal(pass.trueSharpe, 1)}: ${percent(pass.chance, 0)}`)
    .join('; ');
  const needed = sums.needed.map((need) => `${decimal(need.sharpe, 1)} over ${need.years} years`).join(', ');
  return [
    '## What such a record can show',
    `The standard error of a Sharpe ratio over ${sums.years} years is ${decimal(sums.standardError)}. Chance to show at least ${sums.minSharpe}: ${chances}. After ${sums.trials} independent trials a deflated Sharpe of ${rules.alpha.minDeflatedSharpe} asks for about ${needed}.`,
  ];
}

function end({ universe, champion, hashes }: Material): string[] {
  return [
    '## What to keep in mind',
    [...universe.caveats, ...champion.report.notes].map((text) => `- ${text}`).join('\n'),
    `${universe.sourceLine}. Licence: ${universe.licence}.`,
    '## What this rests on',
    hashes.map(({ name, hash }) => `- ${name}: \`${hash}\``).join('\n'),
  ];
}
