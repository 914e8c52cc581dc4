/** Figures that must be 0. */
const VIOLATIONS = ['duplicates', 'lost', 'nonceGaps', 'falseFinals', 'notTyped', 'unsettled', 'slowAgain'] as const;

export interface ChaosResult {
  suite: string;
  seed: number;
  /** Runs done. */
  times: number;
  seconds: number;
  /** The database that the ledger was on. */
  ledger: string;
  figures: Record<string, number | Record<string, number>>;
  /** The first violations, in words. */
  seen: string[];
}

export interface SuiteOptions {
  times: number;
  seed: number;
  /** Asked after each run, with the number of those done; false: enough for now, the figures are of these. */
  goOn?: (done: number) => boolean;
}

export type Suite = (options: SuiteOptions) => Promise<ChaosResult>;

export const violationsOf = ({ figures }: ChaosResult): number =>
  VIOLATIONS.reduce((sum, name) => sum + Number(figures[name] ?? 0), 0);

/** The figures that a script asks for, beside all others. `survived`: runs in which nothing was violated. */
export function summaryOf(result: ChaosResult) {
  const { suite, seed, times, figures, ...rest } = result;
  const lost = Number(figures.lost ?? 0) + Number(figures.unsettled ?? 0);
  const survived = Math.max(0, times - violationsOf(result));
  return { suite, seed, times, survived, lost, duplicated: Number(figures.duplicates ?? 0), ...rest, figures };
}

const MOST_WORDS = 10;

/** Counts by name, and the first violations in words. */
export class Tally {
  readonly figures: Record<string, number> = {};
  readonly seen: string[] = [];

  add(figure: string, count = 1, words?: string): void {
    this.figures[figure] = (this.figures[figure] ?? 0) + count;
    if (words !== undefined && count > 0 && this.seen.length < MOST_WORDS) this.seen.push(`${figure}: ${words}`);
  }
}
