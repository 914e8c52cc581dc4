import { isLearned } from '../../domain/lineage/model.ts';
import { rollingSharpe } from '../../domain/metrics/sharpe.ts';
import { sharpeArithmetic } from './arithmetic.ts';
import { type ChartLine, escapeHtml, lineChart, signedBar, weightBars } from './charts.ts';
import { basisPoints, decimal, percent, short, signed, words } from './format.ts';
import type { Material, NavSeries } from './material.ts';
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
  tradeTable,
  weightRows,
} from './tables.ts';

const YARDSTICK = 'volTargetEqualWeight';
const ROLLING_DAYS = 252;

export const section = (id: string, title: string, body: string): string =>
  `<section id="${id}"><h2>${escapeHtml(title)}</h2>${body}</section>`;

const paragraph = (text: string, style = ''): string => `<p${style ? ` class="${style}"` : ''}>${escapeHtml(text)}</p>`;

export function htmlTable(table: Table): string {
  const { head, rows, numbers, marked = [] } = table;
  const number = (column: number): boolean => column >= head.length - numbers && numbers > 0;
  const cell = (text: string, column: number): string => {
    const tone = text === 'pass' ? ' good' : text === 'FAIL' || text === 'DRIFT' ? ' bad' : '';
    const kind = `${number(column) ? 'number' : ''}${tone}${head[column] === 'why' ? ' prose' : ''}`.trim();
    return column === 0
      ? `<th scope="row">${escapeHtml(text)}</th>`
      : `<td${kind ? ` class="${kind}"` : ''}>${escapeHtml(text)}</td>`;
  };
  const header = head
    .map((text, column) => `<th${number(column) ? ' class="number"' : ''}>${escapeHtml(text)}</th>`)
    .join('');
  const body = rows
    .map((row, index) => `<tr${marked.includes(index) ? ' class="me"' : ''}>${row.map(cell).join('')}</tr>`)
    .join('');
  return `<div class="scroll"><table><thead><tr>${header}</tr></thead><tbody>${body}</tbody></table></div>`;
}

const definitions = (rows: readonly [string, string][]): string =>
  `<dl>${rows.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${value}</dd>`).join('')}</dl>`;

const hash = (value: string): string => `<span class="hash">${escapeHtml(value)}</span>`;

export function decisionSection(material: Material): string {
  const { turnover, expectedCostBps } = material.decision.document;
  const rows = weightRows(material).map(({ symbol, before, after }) => ({
    name: symbol,
    before: before / 10_000,
    after: after / 10_000,
    label: basisPoints(after),
    change: before === after ? '' : signed(basisPoints(after - before)),
  }));
  return section(
    'decision',
    'Weights before and after',
    `${weightBars(rows)}${paragraph(`One-way turnover ${percent(turnover, 2)}, expected cost ${decimal(expectedCostBps)} bps of NAV. The order is filled at the close of the next session.`, 'soft')}`,
  );
}

export function figuresSection(material: Material): string {
  const { champion, challenger, summary } = material;
  const report = challenger?.report ?? champion.report;
  const span =
    report.outOfSampleFrom && report.outOfSampleTo ? `${report.outOfSampleFrom} to ${report.outOfSampleTo}` : null;
  if (Object.keys(summary.outOfSample).length === 0) {
    return section('figures', 'Out of sample', paragraph('There is too little history for out-of-sample figures.'));
  }
  return section(
    'figures',
    'Out of sample, beside the baselines',
    `${paragraph(`${span ? `${span}; ` : ''}same dates, costs and lag for every policy; ${report.trials} trials are in the log.`, 'soft')}${htmlTable(outOfSampleTable(material))}${perTrial(material)}`,
  );
}

/** Every seed and window, never only the best. */
function perTrial({ challenger }: Material): string {
  const trials = challenger?.report.perTrial ?? [];
  if (trials.length === 0) return '';
  const table: Table = {
    head: ['learner', 'window', 'seed', 'Sharpe'],
    numbers: 1,
    rows: trials.map(({ kind = 'ppo', window, seed, sharpe }) => [kind, String(window), String(seed), decimal(sharpe)]),
  };
  return `<h3>Every trial of the challenger and its peer</h3>${htmlTable(table)}`;
}

export function gatesSection({ champion, challenger }: Material): string {
  const part = (who: string, report: Material['champion']['report']): string =>
    `<h3>${escapeHtml(`${who} ${report.name}: ${report.verdict}`)}</h3>${htmlTable(gateTable(report.gates))}${report.notes.map((note) => paragraph(note, 'soft')).join('')}`;
  return section(
    'gates',
    'Gates',
    `${challenger ? part('Challenger', challenger.report) : ''}${part('Champion', champion.report)}`,
  );
}

const toneOf = (series: NavSeries): ChartLine['tone'] =>
  series.role !== 'baseline' ? series.role : series.name === YARDSTICK ? 'yardstick' : 'baseline';

export function chartsSection({ outOfSample }: Material): string {
  if (!outOfSample || outOfSample.dates.length < 3) return '';
  const { dates, series } = outOfSample;
  const lines = (values: (nav: ArrayLike<number>) => (number | null)[]): ChartLine[] =>
    series.map((one) => ({ name: words(one.name), tone: toneOf(one), values: values(one.nav) }));
  const risky = series.filter((one) => one.role !== 'baseline' || one.name === YARDSTICK);
  const window = Math.min(ROLLING_DAYS, Math.max(21, Math.floor(dates.length / 4)));
  const charts = [
    lineChart({
      title: 'Net asset value out of sample, 1 at the start',
      dates,
      lines: lines((nav) => Array.from(nav)),
      format: (v) => v.toFixed(2),
      level: 1,
    }),
    lineChart({
      title: 'Drawdown',
      dates,
      lines: lines(drawdowns).filter((line) => risky.some((one) => words(one.name) === line.name)),
      format: (v) => percent(v, 0),
      level: 0,
      fill: true,
    }),
    lineChart({
      title: `Rolling Sharpe ratio over ${window} sessions`,
      dates,
      lines: lines((nav) => rolling(nav, window)),
      format: (v) => v.toFixed(1),
      level: 0,
      range: { low: -3, high: 3 },
    }),
  ];
  return section('charts', 'Out of sample, day by day', charts.join(''));
}

export function drawdowns(nav: ArrayLike<number>): number[] {
  let peak = Number.NEGATIVE_INFINITY;
  return Array.from(nav, (value) => {
    peak = Math.max(peak, value);
    return value / peak - 1;
  });
}

function rolling(nav: ArrayLike<number>, window: number): (number | null)[] {
  const returns = Float64Array.from({ length: nav.length }, (_, i) => (i === 0 ? 0 : nav[i] / nav[i - 1] - 1));
  return Array.from(nav, (_, i) => (i < window ? null : rollingSharpe(returns.subarray(0, i + 1), window)));
}

export function whySection(material: Material): string {
  const { decision, champion, settlement, explanation } = material;
  const { document } = decision;
  const sum = (weights: Record<string, number>): number =>
    Object.entries(weights).reduce((total, [symbol, weight]) => total + (symbol === 'CASH' ? 0 : weight), 0);
  const flow: [string, string, string][] = [
    ['features', String(champion.model.featureSpec.columns.length), 'columns per asset'],
    [
      'tilt',
      explanation.rows.some((row) => row.causes.length > 0 || Math.abs(row.tilt) > 1e-6)
        ? decimal(Math.max(...explanation.rows.map((row) => Math.abs(row.tilt))), 3)
        : 'none',
      'largest, against the anchor',
    ],
    ['policy', percent(sum(document.steps.policy)), 'in assets'],
    ['projection', percent(sum(document.steps.projected)), `drawdown leaves ${percent(document.exposureScale, 0)}`],
    ['limits', String(document.limitsHit.length), document.limitsHit.length === 1 ? 'was hit' : 'were hit'],
    ['trades', String(document.trades.length), `${percent(document.turnover, 2)} one-way`],
    ['transaction', settlement.transaction ? short(settlement.transaction) : 'none', settlement.status],
  ];
  const steps = `<ol class="steps">${flow.map(([name, value, note]) => `<li>${escapeHtml(name)}<b>${escapeHtml(value)}</b><span class="soft">${escapeHtml(note)}</span></li>`).join('')}</ol>`;
  const limits = [
    document.limitsHit.length === 0 ? '' : htmlTable(limitTable(material)),
    ...limitRemarks(material).map((remark) => paragraph(remark, 'soft')),
  ].join('');
  const graph =
    material.exposures.length === 0
      ? paragraph('The graph has no snapshot yet.', 'soft')
      : htmlTable(exposureTable(material));
  return section(
    'why',
    'Why these weights',
    `${steps}<h3>From features to tilt</h3>${tilts(material)}<h3>From anchor to order</h3>${htmlTable(stepTable(material))}<h3>Limits hit</h3>${limits}<h3>Groups of the graph</h3>${graph}<h3>Trades</h3>${
      document.trades.length === 0 ? paragraph('None.', 'soft') : htmlTable(tradeTable(material))
    }<h3>Transaction</h3>${settled(material)}`,
  );
}

function tilts({ explanation, champion }: Material): string {
  const tilted = explanation.rows.filter((row) => row.causes.length > 0 || Math.abs(row.tilt) > 1e-6);
  if (tilted.length === 0) {
    return paragraph(
      isLearned(champion.model.kind)
        ? 'The policy did not tilt today: it holds the anchor.'
        : 'This policy has no tilt: its action is the anchor, the baseline scaled to its volatility target, so the features change nothing beyond the volatilities that the anchor is made of.',
      'soft',
    );
  }
  const widest = Math.max(...tilted.map((row) => Math.abs(row.tilt)));
  const rows = tilted
    .slice(0, 20)
    .map(
      ({ symbol, tilt, causes }) =>
        `<tr><th scope="row">${escapeHtml(symbol)}</th><td class="number">${signed(decimal(tilt, 3))}</td><td class="wide">${signedBar(tilt, widest)}</td><td>${causes
          .map(
            (cause) =>
              `${escapeHtml(cause.feature)} <span class="soft">at ${signed(decimal(cause.value, 1))}σ gives ${signed(decimal(cause.effect, 3))}</span>`,
          )
          .join('<br>')}</td></tr>`,
    );
  return `<div class="scroll"><table><thead><tr><th>asset</th><th class="number">tilt</th><th></th><th>strongest causes (feature in standard deviations from its training mean)</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>${paragraph(
    'A tilt of +0.10 multiplies the weight by about 1.11 before the limits. The effect of a feature is what the tilt loses when it is set to its training mean for every asset; effects need not add up.',
    'soft',
  )}`;
}

function settled({ settlement, decision, summary }: Material): string {
  if (!settlement.transaction)
    return paragraph(
      'The chain is not initialised (drl chain init): the decision stands and nothing was sent.',
      'soft',
    );
  const differences = summary.reconcile?.differences ?? [];
  return definitions([
    ['transaction', hash(settlement.transaction)],
    [
      'status',
      escapeHtml(
        `${settlement.status}, epoch ${settlement.epoch ?? '–'}, ${settlement.gasUsed?.toLocaleString('en-US') ?? '–'} gas, chain ${settlement.chainId}`,
      ),
    ],
    ['contract', hash(settlement.contract ?? '–')],
    ['decision', hash(decision.hash)],
    ['reconciled', escapeHtml(differences.length === 0 ? 'intent = chain = ledger' : differences.join('; '))],
  ]);
}

export function liveSection(material: Material): string {
  const { book } = material.monitor;
  const table: Table = { head: ['figure', 'value'], numbers: 1, rows: riskRows(material) };
  const groups = Object.entries(material.monitor.risk.groupExposure).sort((a, b) => b[1] - a[1]);
  const chart =
    book.dates.length < 3
      ? paragraph('The charts of the live book begin with its third session.', 'soft')
      : lineChart({
          title: 'Net asset value of the live book',
          dates: book.dates,
          lines: [{ name: 'live book', tone: 'champion', values: book.nav }],
          format: (v) => v.toFixed(3),
          level: 1,
          fill: true,
        });
  return section(
    'live',
    'The live book (paper)',
    `${chart}${htmlTable(table)}<h3>Held by group</h3>${groups.length === 0 ? paragraph('All cash.', 'soft') : htmlTable({ head: ['group', 'weight'], numbers: 1, rows: groups.map(([name, weight]) => [name, percent(weight, 2)]) })}`,
  );
}

export function monitoringSection(material: Material): string {
  const { drift, quality, alerts } = material.monitor;
  const list =
    alerts.length === 0
      ? paragraph('No alert.', 'good')
      : `<ul>${alerts.map((alert) => `<li><b class="bad">${escapeHtml(alert.condition)}</b> (${alert.severity}): ${escapeHtml(alert.message)} <span class="soft">${escapeHtml(alert.runbook)}</span></li>`).join('')}</ul>`;
  const body = drift.assessed
    ? `${paragraph(`The last sessions (${drift.windowFrom} to ${drift.windowTo}) against the training window (${drift.referenceFrom} to ${drift.referenceTo}); an alarm needs an adjusted p under ${drift.threshold}, whatever the number of features. The strongest:`, 'soft')}${htmlTable(driftTable(material))}`
    : paragraph(`Not assessed: ${drift.reason}.`, 'soft');
  const bad = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));
  return section(
    'monitoring',
    'Alerts, drift, data quality',
    `${list}<h3>Drift of the features</h3>${body}<h3>Data quality</h3>${definitions([
      ['rows', escapeHtml(`${quality.rows.toLocaleString('en-US')} of ${quality.symbols} symbols`)],
      ['quarantined', escapeHtml(`${quality.quarantined} (${quality.newlyQuarantined} new)`)],
      ['listed, no bar today', escapeHtml(bad(quality.withoutBar))],
      ['bar, but a feature unknown', escapeHtml(bad(quality.withoutFeature))],
    ])}`,
  );
}

export function evidenceSection({ gates }: Material): string {
  const sums = sharpeArithmetic(gates);
  const table: Table = {
    head: ['true Sharpe', `chance to show at least ${sums.minSharpe}`],
    numbers: 1,
    rows: sums.passes.map((pass) => [decimal(pass.trueSharpe, 1), percent(pass.chance, 0)]),
  };
  const needed = sums.needed.map((need) => `${decimal(need.sharpe, 1)} over ${need.years} years`).join(', ');
  return section(
    'evidence',
    'What such a record can show',
    `${paragraph(`The standard error of a Sharpe ratio over ${sums.years} years is ${decimal(sums.standardError)}. So luck alone passes the gate "Sharpe of at least ${sums.minSharpe} over ${sums.years} years" now and then:`)}${htmlTable(table)}${paragraph(
      `That is why every trial is counted: after ${sums.trials} independent trials a deflated Sharpe of ${gates.alpha.minDeflatedSharpe} asks for about ${needed}. A rejected challenger is the usual result, and the champion keeps deciding.`,
    )}`,
  );
}

export function caveatsSection({ universe, champion }: Material): string {
  const prices = universe.redistribution
    ? 'The data may be redistributed under its licence.'
    : 'The licence does not allow redistribution: no prices are shown or published.';
  return section(
    'caveats',
    'What to keep in mind',
    `<ul>${[...universe.caveats, ...champion.report.notes].map((text) => `<li>${escapeHtml(text)}</li>`).join('')}</ul>${definitions(
      [
        ['source', escapeHtml(universe.sourceLine)],
        ['licence', escapeHtml(universe.licence)],
        ['redistribution', escapeHtml(prices)],
      ],
    )}`,
  );
}

export const hashesSection = ({ hashes, decision }: Material): string =>
  section(
    'hashes',
    'What this rests on',
    `${definitions(hashes.map(({ name, hash: value }) => [name, hash(value)]))}${paragraph(`drl verify ${decision.hash} checks every one of them and computes the decision again, bit for bit.`, 'soft')}`,
  );
