import { crossSectionalRank } from '../cross-section.ts';
import type { FeatureDefinition, FeatureFamily } from '../definition.ts';
import { FUNDAMENTALS } from './fundamentals.ts';
import { LIQUIDITY } from './liquidity.ts';
import { MOMENTUM } from './momentum.ts';
import { VOLATILITY } from './volatility.ts';

const rankOf = (name: string, source: FeatureDefinition): FeatureDefinition => ({
  description: `rank of ${name} among the assets known at t, -1/2 (lowest) to 1/2`,
  lookbackDays: source.lookbackDays,
  needs: source.needs,
  ...(source.mayLapse && { mayLapse: true }),
  ...(source.series && { series: source.series }),
  compute: (view) => crossSectionalRank(view, view.columnOf(name, source.compute)),
});

/** Funds and young companies have no reports: they take the middle, so that a universe of both can be traded. */
const neutralRankOf = (name: string, source: FeatureDefinition): FeatureDefinition => ({
  ...rankOf(name, source),
  description: `rank of ${name} among the assets whose value is known at t, -1/2 (lowest) to 1/2; 0 for an asset with a bar whose value is not known`,
  compute: (view) => {
    const column = crossSectionalRank(view, view.columnOf(name, source.compute));
    const known = view.known(0);
    for (let i = 0; i < column.length; i++) if (known[i] === 1 && Number.isNaN(column[i])) column[i] = 0;
    return column;
  },
});

export const RANKS: FeatureFamily = {
  momentum63Rank: rankOf('momentum63', MOMENTUM.momentum63),
  momentum252Rank: rankOf('momentum252', MOMENTUM.momentum252),
  volatility63Rank: rankOf('volatility63', VOLATILITY.volatility63),
  beta252Rank: rankOf('beta252', VOLATILITY.beta252),
  tradedValue63Rank: rankOf('tradedValue63', LIQUIDITY.tradedValue63),
  amihud63Rank: rankOf('amihud63', LIQUIDITY.amihud63),
  ...Object.fromEntries(
    Object.entries(FUNDAMENTALS).map(([name, source]) => [`${name}Rank`, neutralRankOf(name, source)]),
  ),
};
