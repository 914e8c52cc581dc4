import type { GatesConfig, UniverseConfig } from '../../config/schema.ts';
import type { BacktestResult } from '../../domain/backtest/backtest.ts';
import { figuresOf, returnsBetween } from '../../domain/backtest/figures.ts';
import type { Figures } from '../../domain/lineage/gate-report.ts';
import { interquartileMean } from '../../domain/metrics/interquartile-mean.ts';
import { createRandom } from '../../domain/simulation/random.ts';
import type { Algorithm, TrainingSettings } from '../../domain/training/settings.ts';
import type { BootstrapInterval } from '../../domain/validation/bootstrap.ts';
import {
  differenceInterval,
  type SharpeDraws,
  type SharpeInterval,
  seedBootstrap,
  sharpeInterval,
} from '../../domain/validation/seed-bootstrap.ts';
import type { TestRange } from '../../functions/validate/out-of-sample.ts';

/** What a study of learners ran: each learner's walk-forwards by seed, and the policies that they are compared with. */
export interface StudiedRuns {
  readonly learners: readonly {
    readonly algorithm: Algorithm;
    readonly training: TrainingSettings;
    readonly warmStart: boolean;
    readonly seeds: { seed: number; run: BacktestResult; environmentSteps: number }[];
  }[];
  readonly baselines: readonly BacktestResult[];
}

/** One line of the result. Figures of a learner are interquartile means over its seeds. */
export interface PolicyRow extends Omit<Figures, 'sharpe'> {
  policy: string;
  learned: boolean;
  /** Annual ratio, net, with its 90 % interval; null: not defined (a policy in cash). */
  sharpe: SharpeInterval | null;
  /** Of each seed. Empty for a baseline. */
  seeds: (Figures & { seed: number })[];
  /** Sharpe ratio less that of volatility-targeted 1/N, and less that of direct gradients; null: the same policy, or not there. */
  lessVolTarget: BootstrapInterval | null;
  lessDirect: BootstrapInterval | null;
}

export interface LearnerDocument {
  study: 'learners';
  universe: string;
  sourceLine: string;
  redistribution: boolean;
  caveats: string[];
  date: string;
  from: string;
  to: string;
  sessions: number;
  /** Windows of the plan that were trained, oldest 0. */
  windows: number[];
  method: string;
  notes: string[];
  learners: { algorithm: Algorithm; environmentSteps: number; warmStart: boolean; training: TrainingSettings }[];
  policies: PolicyRow[];
}

const YARDSTICK = 'volTargetEqualWeight';
const PEER: Algorithm = 'direct';

/** The figures of a study. The same runs give the same document. */
export function summarise(
  { learners, baselines }: StudiedRuns,
  about: {
    date: string;
    universe: UniverseConfig;
    gates: GatesConfig['alpha'];
    range: TestRange;
    windows: number[];
    notes: string[];
  },
): LearnerDocument {
  const { universe, gates, range } = about;
  const { from, to } = range;
  const policies = [
    ...learners.map(({ algorithm, seeds }) => ({ name: algorithm as string, learned: true, runs: seeds })),
    ...baselines.map((run) => ({ name: run.name, learned: false, runs: [{ seed: 0, run }] })),
  ];
  const draws = seedBootstrap(
    policies.map(({ name, runs }) => ({ name, seeds: runs.map(({ run }) => returnsBetween(run, from, to)) })),
    { samples: gates.bootstrapSamples, blockDays: gates.bootstrapBlockDays, random: createRandom(0) },
  );
  const rows = policies.map(({ name, learned, runs }, p): PolicyRow => {
    const seeds = runs.map(({ seed, run }) => ({ seed, ...figuresOf(run, from, to) }));
    return {
      policy: name,
      learned,
      sharpe: sharpeInterval(draws[p]),
      ...middleOf(seeds),
      seeds: learned ? seeds : [],
      lessVolTarget: less(draws, p, YARDSTICK),
      lessDirect: learned ? less(draws, p, PEER) : null,
    };
  });
  return {
    study: 'learners',
    universe: universe.id,
    sourceLine: universe.sourceLine,
    redistribution: universe.redistribution,
    caveats: universe.caveats,
    date: about.date,
    ...range,
    sessions: returnsBetween(baselines[0], from, to).length,
    windows: about.windows,
    method: `Walk-forward, net of costs and within limits: one book through all windows, a walk-forward each seed. A learner's figures are interquartile means over seeds. Intervals cover 90 %: ${gates.bootstrapSamples} resamples of days (stationary blocks of ${gates.bootstrapBlockDays} sessions on average, the same days for every policy) and, within each, of seeds.`,
    notes: about.notes,
    learners: learners.map(({ algorithm, training, warmStart, seeds }) => ({
      algorithm,
      environmentSteps: seeds.reduce((sum, { environmentSteps }) => sum + environmentSteps, 0),
      warmStart,
      training,
    })),
    policies: rows,
  };
}

function less(draws: readonly SharpeDraws[], p: number, name: string): BootstrapInterval | null {
  const other = draws.findIndex((each) => each.name === name);
  return other < 0 || other === p ? null : differenceInterval(draws[p], draws[other]);
}

function middleOf(seeds: readonly Figures[]): Omit<Figures, 'sharpe'> {
  const middle = (of: (figures: Figures) => number | null): number | null =>
    interquartileMean(seeds.map(of).filter((value) => value !== null));
  return {
    annualReturn: middle(({ annualReturn }) => annualReturn),
    volatility: middle(({ volatility }) => volatility),
    maxDrawdown: middle(({ maxDrawdown }) => maxDrawdown),
    turnover: middle(({ turnover }) => turnover),
    costBps: middle(({ costBps }) => costBps),
  };
}
