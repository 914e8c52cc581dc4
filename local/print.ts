import { whoDecided } from '../functions/report/summary.ts';
import type { DailyDocument } from './daily.ts';
import { table } from './table.ts';

const percent = (value: number | null, digits = 1): string =>
  value === null ? '-' : `${(value * 100).toFixed(digits)} %`;
const number = (value: number | null, digits = 2): string => (value === null ? '-' : value.toFixed(digits));
const bps = (value: number): string => `${(value / 100).toFixed(2)} %`;
const rule = (title: string): string => `\n${title}\n${'─'.repeat(Math.min(96, Math.max(24, title.length)))}`;

/** What a person reads in ten seconds: decision, figures, gates, transaction, paths. */
export function printDocument(document: DailyDocument, title: string, sourceLine: string): string {
  return [
    `\n${document.universe}  ${document.date}  ${title}`,
    ...(document.decision
      ? decisionLines(document)
      : [`No session on ${document.date}: nothing was decided, nothing was settled.`]),
    ...figureLines(document),
    ...gateLines(document),
    ...endLines(document, sourceLine),
  ].join('\n');
}

function decisionLines(document: DailyDocument): string[] {
  const { decision } = document;
  if (!decision) return [];
  const symbols = Object.keys(decision.weightsBps).filter((symbol) => symbol !== 'CASH');
  symbols.sort((a, b) => decision.weightsBps[b] - decision.weightsBps[a] || (a < b ? -1 : 1));
  const shown = [
    ...symbols.filter((symbol) => decision.weightsBps[symbol] > 0 || (decision.previousBps[symbol] ?? 0) > 0),
  ];
  const rows = [...shown.slice(0, 20), 'CASH'].map((symbol) => {
    const before = decision.previousBps[symbol] ?? 0;
    const after = decision.weightsBps[symbol] ?? 0;
    return [
      symbol,
      bps(before),
      bps(after),
      before === after ? '' : `${after > before ? '+' : ''}${bps(after - before)}`,
    ];
  });
  return [
    rule('Decision'),
    whoDecided(document),
    table(['asset', 'before', 'after', 'trade'], rows),
    ...(shown.length > 20 ? [`and ${shown.length - 20} smaller positions`] : []),
    `limits hit: ${decision.limitsHit.length === 0 ? 'none' : decision.limitsHit.map((hit) => `${hit.limit} on ${hit.on}`).join(', ')}`,
  ];
}

function figureLines(document: DailyDocument): string[] {
  const entries = Object.entries(document.outOfSample);
  if (entries.length === 0) return [];
  return [
    rule('Out of sample, same costs, dates and lag for all'),
    table(
      ['policy', 'Sharpe', 'return/yr', 'volatility', 'max drawdown', 'turnover/yr', 'cost bps/yr'],
      entries.map(([name, f]) => [
        name,
        number(f.sharpe),
        percent(f.annualReturn),
        percent(f.volatility),
        percent(f.maxDrawdown),
        percent(f.turnover, 0),
        number(f.costBps, 1),
      ]),
    ),
  ];
}

function gateLines(document: DailyDocument): string[] {
  const { challenger } = document;
  if (!challenger) return [];
  return [
    rule(`Gates of ${challenger.name}: ${challenger.verdict}`),
    table(
      ['gate', 'value', 'threshold', 'result'],
      challenger.gates.map((gate) => [
        `${gate.group}: ${gate.gate}`,
        number(gate.value, 3),
        number(gate.threshold, 3),
        gate.pass ? 'pass' : 'FAIL',
      ]),
    ),
    ...challenger.gates.filter((gate) => !gate.pass && gate.reason).map((gate) => `  ${gate.gate}: ${gate.reason}`),
  ];
}

function endLines(document: DailyDocument, sourceLine: string): string[] {
  const { settlement, reconcile, paths } = document;
  return [
    rule('Settlement and files'),
    ...(settlement
      ? [
          settlement.transaction
            ? `transaction  ${settlement.transaction}  (${settlement.status}, epoch ${settlement.epoch}, ${settlement.gasUsed?.toLocaleString('en-US') ?? '-'} gas, chain ${settlement.chainId})`
            : `transaction  none: the chain is not initialised (drl chain init)`,
        ]
      : []),
    ...(reconcile
      ? [
          `reconcile    ${reconcile.differences.length === 0 ? 'intent = chain = ledger' : reconcile.differences.join('; ')}`,
        ]
      : []),
    ...(document.alerts.length > 0 ? [`alerts       ${document.alerts.join('; ')}`] : []),
    ...(paths.report ? [`report       ${paths.report}`] : []),
    ...(paths.model ? [`model        ${paths.model}`] : []),
    `home         ${paths.home}`,
    sourceLine,
  ];
}
