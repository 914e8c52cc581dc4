/** Figures that must be 0. */
const VIOLATIONS = ['duplicates', 'lost', 'nonceGaps', 'falseFinals', 'notTyped', 'unsettled', 'slowAgain'] as const;

export interface ChaosResult {
  suite: string;
  seed: number;
  runs: number;
  seconds: number;
  /** The database that the ledger was on. */
  ledger: string;
  figures: Record<string, number | Record<string, number>>;
  /** The first violations, in words. */
  seen: string[];
}

export interface SuiteOptions {
  runs: number;
  seed: number;
  /** Asked after each run, with the number of those done; false: enough for now, the figures are of these. */
  goOn?: (done: number) => boolean;
}

export type Suite = (options: SuiteOptions) => Promise<ChaosResult>;

export const violationsOf = ({ figures }: ChaosResult): number =>
  VIOLATIONS.reduce((sum, name) => sum + Number(figures[name] ?? 0), 0);

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
