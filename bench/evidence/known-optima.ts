import {
  costBandProblem,
  meanReversionProblem,
  mertonProblem,
  type Problem,
  regimeProblem,
} from '../../training-container/proofs/problems.ts';

const PROBLEMS = {
  merton: mertonProblem,
  'mean-reversion': meanReversionProblem,
  'cost-band': costBandProblem,
  regimes: (seed: number, sessions?: number) => regimeProblem(seed, 6, sessions),
} satisfies Record<string, (seed: number, sessions?: number) => Problem>;
export type KnownOptimumName = keyof typeof PROBLEMS;

/** Seeds of markets to be judged on are this far from those of the markets learned from. */
const UNSEEN = 1_000_000;

/**
 * A market to learn from and another, drawn by the same law, to be judged on (through the normaliser of the first). That of the band has no
 * randomness: both are one.
 */
export function twinProblems(name: KnownOptimumName, seed: number, unseenSessions: number) {
  const make: (seed: number, sessions?: number) => Problem = PROBLEMS[name];
  return twin(make(seed), make(seed + UNSEEN, unseenSessions));
}

export interface RegimeMarket {
  readonly assets: number;
  readonly sessions: number;
  /** Of the market to be judged on. */
  readonly unseenSessions: number;
  /** Mean daily return of the asset that is on; its deviation is 0.01. */
  readonly onMean: number;
}

/** The same of any number of assets, one of which is on, or none. */
export function twinRegimes({ assets, sessions, unseenSessions, onMean }: RegimeMarket, seed: number) {
  return twin(
    regimeProblem(seed, assets, sessions, onMean),
    regimeProblem(seed + UNSEEN, assets, unseenSessions, onMean),
  );
}

function twin(seen: Problem, unseen: Problem): { seen: Problem; unseen: Problem } {
  return { seen, unseen: { ...unseen, data: { ...unseen.data, normaliser: seen.data.normaliser } } };
}
