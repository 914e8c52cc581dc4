import { createRandom } from '../../domain/simulation/random.ts';
import { differenceInterval, seedBootstrap } from '../../domain/validation/seed-bootstrap.ts';
import { drawStrips } from './draw-strips.ts';
import { CONFIDENCE, type Difference, pairedDifference, type Spread, sharpes, spreadOf } from './statistics.ts';
import { written } from './svg.ts';

/** Ways to train on one market: a value a seed each, and how far the way that is asked about is from each other. */
export interface Comparison {
  readonly title: string;
  /** What the values are. */
  readonly measure: string;
  /** A value to hold them against. */
  readonly level: number;
  readonly arms: readonly Arm[];
}

export interface Arm {
  readonly arm: string;
  readonly values: readonly number[];
  readonly spread: Spread;
  /** Where its bar is drawn: what the differences are differences of. */
  readonly centre: number;
  /** The arm that is asked about less this one; null: it is that one. */
  readonly difference: Difference | null;
}

/** Shares of a known optimum, paired by seeds: every seed is a market of its own. What else an arm carries is kept. */
export function compareShares(
  title: string,
  arms: readonly { readonly arm: string; readonly values: readonly number[] }[],
  asked: string,
): Comparison {
  const valuesOf = (name: string): readonly number[] => arms.find(({ arm }) => arm === name)?.values ?? [];
  return {
    title,
    measure: 'share of the known optimum on an unseen market',
    level: 1,
    arms: arms.map((each) => {
      const spread = spreadOf(each.values);
      const difference = each.arm === asked ? null : pairedDifference(valuesOf(asked), each.values);
      return { ...each, spread, centre: spread.mean, difference };
    }),
  };
}

const BOOTSTRAP = { samples: 2000, blockDays: 21 };

/**
 * Net Sharpe ratios on the same unseen sessions of history: interquartile means over seeds; intervals by days and seeds.
 * @param level arm whose ratio the others are held against.
 */
export function compareReturns(
  title: string,
  arms: readonly { readonly arm: string; readonly returns: readonly (readonly number[])[] }[],
  asked: string,
  level: string,
): Comparison {
  const series = arms.map(({ arm, returns }) => ({ name: arm, seeds: returns.map((row) => Float64Array.from(row)) }));
  const draws = seedBootstrap(series, { ...BOOTSTRAP, random: createRandom(1) });
  const first = draws.find(({ name }) => name === asked) as (typeof draws)[number];
  const compared = series.map(({ name, seeds }, i): Arm => {
    const values = sharpes(seeds);
    const spread = spreadOf(values);
    const difference = name === asked ? null : differenceInterval(first, draws[i], CONFIDENCE);
    return { arm: name, values, spread, centre: spread.interquartileMean, difference };
  });
  return {
    title,
    measure: 'annual net Sharpe ratio on unseen sessions',
    level: compared.find(({ arm }) => arm === level)?.centre ?? 0,
    arms: compared,
  };
}

/** @param key what a bar and the figures at the right are, in words. */
export function drawComparisons(title: string, comparisons: readonly Comparison[], key: string): string {
  return drawStrips({
    title,
    key: `A dot is a seed, the band the interquartile range. ${key}`,
    panels: comparisons.map(({ title, measure, level, arms }) => ({
      title,
      xLabel: measure,
      level,
      rows: arms.map(({ arm, values, spread, centre, difference }) => ({
        name: arm,
        values,
        centre,
        lower: spread.lower,
        upper: spread.upper,
        note: difference === null ? written(centre, 3) : `${written(centre, 3)};  ${interval(difference)}`,
      })),
    })),
  });
}

const signed = (value: number): string => (value < 0 ? '' : '+') + written(value, 3);
const interval = ({ difference, lower, upper }: Difference): string =>
  `${signed(difference)} [${signed(lower)}, ${signed(upper)}]`;
