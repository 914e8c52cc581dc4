import type { Figures, Gate } from '../../domain/lineage/gate-report.ts';
import { basisPoints, decimal, LIMIT_WORDS, percent, signed, words } from './format.ts';
import type { Material } from './material.ts';

/** Tables of the report as plain cells: Markdown and HTML show the same ones. */
export interface Table {
  head: string[];
  /** Columns from the right that hold numbers. */
  numbers: number;
  rows: string[][];
  /** Rows to stand out, by index. */
  marked?: number[];
}

const SHOWN_MEMBERS = 8;

/** Symbols by weight after, cash last. */
export function weightRows({ summary }: Material): { symbol: string; before: number; after: number }[] {
  const { weightsBps = {}, previousBps = {} } = summary.decision ?? {};
  const symbols = [...new Set([...Object.keys(weightsBps), ...Object.keys(previousBps)])].filter(
    (symbol) => symbol !== 'CASH',
  );
  const rows = symbols.map((symbol) => ({ symbol, before: previousBps[symbol] ?? 0, after: weightsBps[symbol] ?? 0 }));
  rows.sort((a, b) => b.after - a.after || b.before - a.before || (a.symbol < b.symbol ? -1 : 1));
  return [
    ...rows.filter((row) => row.before > 0 || row.after > 0),
    { symbol: 'CASH', before: previousBps.CASH ?? 0, after: weightsBps.CASH ?? 0 },
  ];
}

const OUT_OF_SAMPLE_HEAD = [
  'policy',
  'Sharpe',
  'return a year',
  'volatility',
  'worst drawdown',
  'turnover a year',
  'cost, bps a year',
];

export function outOfSampleTable({ summary }: Material): Table {
  const named = [summary.champion?.name, summary.challenger?.name];
  const place = (name: string): number => (named.includes(name) ? named.indexOf(name) : named.length);
  const entries = Object.entries(summary.outOfSample).sort(
    ([a, x], [b, y]) => place(a) - place(b) || (y.sharpe ?? -1e9) - (x.sharpe ?? -1e9),
  );
  const row = (name: string, f: Figures): string[] => [
    words(name),
    decimal(f.sharpe),
    percent(f.annualReturn),
    percent(f.volatility),
    percent(f.maxDrawdown),
    percent(f.turnover, 0),
    decimal(f.costBps, 1),
  ];
  return {
    head: OUT_OF_SAMPLE_HEAD,
    numbers: 6,
    rows: entries.map(([name, figures]) => row(name, figures)),
    marked: entries.flatMap(([name], index) => (named.includes(name) ? [index] : [])),
  };
}

const groupWords = { risk: 'risk', alpha: 'alpha', control: 'control' } as const;

export function gateTable(gates: readonly Gate[]): Table {
  return {
    head: ['gate', 'kind', 'value', 'threshold', 'result', 'why'],
    numbers: 0,
    rows: gates.map((gate) => [
      words(gate.gate),
      groupWords[gate.group],
      gate.value === null ? 'not assessed' : decimal(gate.value, 3),
      decimal(gate.threshold, 3),
      gate.pass ? 'pass' : 'FAIL',
      gate.reason ?? '',
    ]),
  };
}

export function limitTable({ decision }: Material): Table {
  return {
    head: ['limit', 'on', 'wanted', 'allowed'],
    numbers: 2,
    rows: decision.document.limitsHit.map((hit) => [
      LIMIT_WORDS[hit.limit] ?? words(hit.limit),
      hit.on,
      percent(hit.before, 2),
      percent(hit.after, 2),
    ]),
  };
}

/** What the table of limits does not say: that none was hit, and which of the universe's limits are tighter than the model's own. */
export function limitRemarks({ decision, champion }: Material): string[] {
  const { limits, limitsHit } = decision.document;
  const none = limitsHit.length === 0 ? ['No limit was hit.'] : [];
  if (!limits) return none;
  const own: Record<string, unknown> = champion.model.limits;
  const tighter = Object.entries(limits).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(own[name]));
  const named = tighter.map(([name, value]) => {
    const size = typeof value === 'number' ? ` ${percent(value, 2)}` : '';
    return `${LIMIT_WORDS[name] ?? words(name)}${size}`;
  });
  return [...none, `Tighter in the universe than what the model was judged with: ${named.join(', ')}.`];
}

/** What the order holds of the groups of the graph. */
export function exposureTable({ exposures }: Material): Table {
  const names = (members: readonly string[]): string =>
    members.length > SHOWN_MEMBERS
      ? `${members.slice(0, SHOWN_MEMBERS).join(', ')} and ${members.length - SHOWN_MEMBERS} more`
      : members.join(', ') || 'none';
  return {
    head: ['group', 'members', 'ordered', 'cap'],
    numbers: 2,
    rows: exposures.map(({ name, members, weightBps, cap }) => [
      name,
      names(members),
      basisPoints(weightBps),
      cap === null ? 'none' : percent(cap, 2),
    ]),
  };
}

export function tradeTable({ decision }: Material): Table {
  return {
    head: ['asset', 'from', 'to', 'trade'],
    numbers: 3,
    rows: decision.document.trades.map((trade) => [
      trade.symbol,
      basisPoints(trade.fromBps),
      basisPoints(trade.toBps),
      signed(basisPoints(trade.changeBps)),
    ]),
  };
}

/** From what the policy wanted to what was ordered, asset by asset. */
export function stepTable(material: Material): Table {
  const { steps, weightsBps } = material.decision.document;
  return {
    head: ['asset', 'anchor', 'policy', 'blended', 'projected', 'ordered'],
    numbers: 5,
    rows: weightRows(material).map(({ symbol }) => [
      symbol,
      ...[steps.anchor, steps.policy, steps.blended, steps.projected].map((weights) =>
        percent(weights[symbol] ?? 0, 2),
      ),
      basisPoints(weightsBps[symbol] ?? 0),
    ]),
  };
}

export function riskRows({ monitor }: Material): [string, string][] {
  const { risk } = monitor;
  return [
    ['sessions', String(risk.sessions)],
    ['profit or loss', percent(risk.totalReturn, 2)],
    ['return a year (from 63 sessions)', percent(risk.annualReturn)],
    ['volatility', percent(risk.volatility)],
    ['Sharpe', decimal(risk.sharpe)],
    ['Sortino', decimal(risk.sortino)],
    ['drawdown now', percent(risk.drawdown, 2)],
    ['worst drawdown', percent(risk.maxDrawdown, 2)],
    ['value at risk, 95 %, a day', percent(risk.valueAtRisk95, 2)],
    ['expected shortfall, 95 %, a day', percent(risk.expectedShortfall95, 2)],
    ['turnover a year', percent(risk.turnoverAnnual, 0)],
    ['exposure', percent(risk.exposure)],
  ];
}

export function driftTable({ monitor }: Material, most = 8): Table {
  return {
    head: ['feature', 'of', 'KS', 'PSI', 'worth (sessions)', 'p', 'p adjusted', ''],
    numbers: 0,
    rows: monitor.drift.features
      .slice(0, most)
      .map((f) => [
        f.feature,
        f.of,
        decimal(f.ks),
        decimal(f.psi),
        decimal(f.effectiveSize, 1),
        decimal(f.pValue, 4),
        decimal(f.adjusted, 3),
        f.drifted ? 'DRIFT' : '',
      ]),
  };
}
