import type { BacktestResult } from '../backtest/backtest.ts';
import { returnsBetween, rowsBetween } from '../backtest/figures.ts';
import type { Gate } from '../lineage/gate-report.ts';
import { maxDrawdown } from '../metrics/max-drawdown.ts';
import { annualTurnover } from '../metrics/turnover.ts';

/** Thresholds of the risk gates, fractions; as in the configuration. */
export interface RiskGatesConfig {
  maxDrawdown: number;
  maxTurnoverAnnual: number;
  stressWindows: readonly { name: string; from: string; to: string; maxDrawdown: number }[];
  liquidityStressMaxDrawdown: number;
}

export interface RiskGateInput {
  gates: RiskGatesConfig;
  /** The policy over all history, run with `checkLimits`. */
  full: BacktestResult;
  /** The same on `liquidityStress(data)`; null: not run. */
  liquidityStress: BacktestResult | null;
  /** Whether a second run gave the same decision hash; null: not run. */
  reproducible: boolean | null;
}

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

/** What every champion must pass, baselines too. */
export function evaluateRiskGates(input: RiskGateInput): Gate[] {
  const { gates, full } = input;
  return [
    drawdownGate('maxDrawdown', fall(returnsBetween(full)), gates.maxDrawdown, 'over all history'),
    turnoverGate(full, gates.maxTurnoverAnnual),
    ...gates.stressWindows.map((window) => stressGate(full, window)),
    input.liquidityStress === null
      ? notAssessed('liquidityStress', 'risk', gates.liquidityStressMaxDrawdown, 'the liquidity stress was not run')
      : drawdownGate(
          'liquidityStress',
          fall(returnsBetween(input.liquidityStress)),
          gates.liquidityStressMaxDrawdown,
          'with spreads five times wider and one fill a week',
        ),
    limitsGate(full),
    reproducibleGate(input.reproducible),
  ];
}

const fall = (returns: Float64Array): number | null => {
  const worst = maxDrawdown(returns);
  return worst === null ? null : Math.abs(worst);
};

/** A gate that could not be assessed: value null, not passed, and why. */
export const notAssessed = (gate: string, group: Gate['group'], threshold: number | null, reason: string): Gate => ({
  gate,
  group,
  value: null,
  threshold,
  pass: false,
  reason,
});

function drawdownGate(gate: string, value: number | null, threshold: number, where: string): Gate {
  if (value === null) return notAssessed(gate, 'risk', threshold, 'there is no session to judge');
  const pass = value <= threshold;
  return {
    gate,
    group: 'risk',
    value,
    threshold,
    pass,
    ...(pass ? {} : { reason: `the worst fall ${where} is ${percent(value)}, more than ${percent(threshold)}` }),
  };
}

function turnoverGate(full: BacktestResult, threshold: number): Gate {
  const { first, end } = rowsBetween(full);
  const value = annualTurnover(full.turnover.subarray(first, end));
  if (value === null) return notAssessed('turnover', 'risk', threshold, 'there is no session to judge');
  const pass = value <= threshold;
  return {
    gate: 'turnover',
    group: 'risk',
    value,
    threshold,
    pass,
    ...(pass ? {} : { reason: `one-way turnover is ${percent(value)} a year, more than ${percent(threshold)}` }),
  };
}

function stressGate(full: BacktestResult, window: RiskGatesConfig['stressWindows'][number]): Gate {
  const name = `stress ${window.name}`;
  const covered = full.dates[0] <= window.from && (full.dates.at(-1) as string) >= window.to;
  if (!covered)
    return notAssessed(
      name,
      'risk',
      window.maxDrawdown,
      `the history (${full.dates[0]} to ${full.dates.at(-1)}) does not cover ${window.from} to ${window.to}`,
    );
  return drawdownGate(
    name,
    fall(returnsBetween(full, window.from, window.to)),
    window.maxDrawdown,
    `from ${window.from} to ${window.to}`,
  );
}

function limitsGate(full: BacktestResult): Gate {
  if (full.breaches === null) return notAssessed('limits', 'risk', 0, 'the backtest was run without checking limits');
  const pass = full.breaches.length === 0;
  const worst = full.breaches[0];
  return {
    gate: 'limits',
    group: 'risk',
    value: full.breaches.length,
    threshold: 0,
    pass,
    ...(pass
      ? {}
      : {
          reason: `${full.breaches.length} decisions break a limit, the first on ${worst.date}: ${worst.reasons.join('; ')}`,
        }),
  };
}

function reproducibleGate(reproducible: boolean | null): Gate {
  if (reproducible === null) return notAssessed('reproducible', 'risk', 1, 'the second run was not made');
  return {
    gate: 'reproducible',
    group: 'risk',
    value: reproducible ? 1 : 0,
    threshold: 1,
    pass: reproducible,
    ...(reproducible ? {} : { reason: 'a second run from the same inputs gave another decision hash' }),
  };
}

/** The learner's own proof: the share of a known optimum that it reaches with the same settings. */
export function learningControlGate(share: number | null, threshold: number): Gate {
  if (share === null) return notAssessed('learningControl', 'control', threshold, 'the learning control was not run');
  const pass = share >= threshold;
  return {
    gate: 'learningControl',
    group: 'control',
    value: share,
    threshold,
    pass,
    ...(pass
      ? {}
      : {
          reason: `the learner reaches ${percent(share)} of a known optimum, less than ${percent(threshold)}: a null result would say nothing`,
        }),
  };
}

/**
 * The verdict on a candidate. A gate that failed rejects. A gate that could not be assessed (value null) rejects a challenger when it
 * is an alpha or control gate (too little evidence is not evidence), while a stress window outside the history is excused for all.
 */
export function verdictOf(gates: readonly Gate[]): { verdict: 'accepted' | 'rejected'; reasons: string[] } {
  const blocking = gates.filter((gate) => !gate.pass && !(gate.group === 'risk' && gate.value === null));
  const reasons = blocking.map((gate) => `${gate.gate}: ${gate.reason ?? 'failed'}`);
  return { verdict: blocking.length === 0 ? 'accepted' : 'rejected', reasons };
}

export {
  type AlphaGateInput,
  type AlphaGatesConfig,
  evaluateAlphaGates,
  evidenceNotes,
  type OutOfSample,
} from './alpha-gates.ts';
