import { LEARNERS } from '../../training-container/proofs/learners.ts';
import type { Problem } from '../../training-container/proofs/problems.ts';
import { shareOfOptimum, walkOf } from '../../training-container/proofs/walk.ts';
import { drawCurves } from './draw-curves.ts';
import { type KnownOptimumName, twinProblems } from './known-optima.ts';
import { type Spread, spreadOf } from './statistics.ts';
import type { Study } from './study.ts';

export interface LearningCurveSettings {
  readonly problems: readonly KnownOptimumName[];
  /** Environment steps of each learner. */
  readonly steps: Readonly<Record<string, number>>;
  /** Points of a curve, the same factor apart; the last is the trained policy. */
  readonly points: number;
  /** Sessions of the market that the policy is judged on. */
  readonly unseenSessions: number;
}

type CurveRun = { problem: KnownOptimumName; learner: string; seed: number };
interface Point {
  step: number;
  share: number;
}
export interface Curve {
  problem: string;
  learner: string;
  steps: number[];
  /** [seeds][points] share of the optimum. */
  shares: number[][];
  /** [points] over the seeds. */
  spread: Spread[];
  /** First of the steps at which the mean is 0.9 or more; null: never. */
  stepsToNineTenths: number | null;
}

const SETTINGS: LearningCurveSettings = {
  problems: ['merton', 'mean-reversion', 'cost-band', 'regimes'],
  steps: { ppo: 262_144, sac: 65_536, direct: 131_072 },
  points: 12,
  unseenSessions: 2000,
};
/** The first point is at this share of the steps. */
const FIRST = 1 / 64;

/** Share of the known optimum against environment steps, for every learner, on a market that it has not seen. */
export function learningCurves(settings = SETTINGS): Study<CurveRun, Point[], Curve[]> {
  const { problems, steps, points, unseenSessions } = settings;
  return {
    name: 'learning-curves',
    settings,
    seeds: 10,
    runs: (seeds) =>
      Array.from({ length: seeds }, (_, seed) => seed + 1).flatMap((seed) =>
        problems.flatMap((problem) => Object.keys(steps).map((learner) => ({ problem, learner, seed }))),
      ),
    measure: ({ problem, learner, seed }) =>
      curveOf(twinProblems(problem, seed, unseenSessions), learner, seed, steps[learner], points),
    figures: (measured) =>
      problems.flatMap((problem) =>
        Object.keys(steps).map((learner) => {
          const own = measured.filter(({ run }) => run.problem === problem && run.learner === learner);
          return figureOf(
            problem,
            learner,
            own.map(({ result }) => result),
          );
        }),
      ),
    draw: (curves) =>
      drawCurves({
        title: 'Share of the known optimum that a learner reaches: mean and interquartile range over seeds',
        xLabel: 'environment steps',
        yLabel: 'share of the optimum (0: the anchor, 1: the best policy)',
        level: 1,
        floor: -0.5,
        panels: problems.map((problem) => ({
          title: problem,
          lines: curves.filter((curve) => curve.problem === problem).map(lineOf),
        })),
      }),
  };
}

async function curveOf(
  { seen, unseen }: { seen: Problem; unseen: Problem },
  name: string,
  seed: number,
  steps: number,
  points: number,
): Promise<Point[]> {
  const learner = LEARNERS.find((known) => known.name === name) as (typeof LEARNERS)[number];
  const share = shareOfOptimum(unseen);
  const due = Array.from({ length: points - 1 }, (_, k) => steps * FIRST ** (1 - k / (points - 1)));
  const curve: Point[] = [];
  const onnx = await learner.solve(seen, seed, {
    steps,
    onPolicy: (step, policy) => {
      if (step < (due[0] ?? steps) || step >= steps) return;
      while (step >= due[0]) due.shift();
      curve.push({ step, share: share(walkOf(unseen, policy())) });
    },
  });
  return [...curve, { step: steps, share: share(walkOf(unseen, onnx)) }];
}

function figureOf(problem: string, learner: string, runs: readonly Point[][]): Curve {
  const steps = runs[0].map(({ step }) => step);
  const shares = runs.map((points) => points.map(({ share }) => share));
  const spread = steps.map((_, i) => spreadOf(shares.map((row) => row[i])));
  const enough = spread.findIndex(({ mean }) => mean >= 0.9);
  return { problem, learner, steps, shares, spread, stepsToNineTenths: enough < 0 ? null : steps[enough] };
}

const lineOf = ({ learner, steps, spread }: Curve) => ({
  name: learner,
  x: steps,
  mean: spread.map(({ mean }) => mean),
  lower: spread.map(({ lower }) => lower),
  upper: spread.map(({ upper }) => upper),
});
