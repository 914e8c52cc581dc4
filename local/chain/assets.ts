import { badInput } from '../../domain/errors.ts';
import type { Limits } from '../../domain/risk/limits.ts';

const WHOLE_BPS = 10_000;
/** Of PortfolioFactory.sol. */
export const MAX_ASSETS = 740;
const MAX_GROUPS = 256;

export interface Asset {
  symbol: string;
  /** Group whose total weight is capped. */
  group: string;
}

export const bps = (fraction: number): number => Math.floor(fraction * WHOLE_BPS + 1e-6);

/** Symbols ascending, groups numbered in the order of their names, one cap a group. */
export function ledgerAssets(
  assets: readonly Asset[],
  limits: Limits,
): { symbols: string[]; groups: number[]; groupNames: string[]; groupCapsBps: number[] } {
  const sorted = [...assets].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  const twice = sorted.find(({ symbol }, index) => symbol === sorted[index + 1]?.symbol);
  if (twice || sorted.length === 0)
    throw badInput('CHAIN_ASSETS', 'A ledger needs each asset once', {
      facts: { assets: sorted.length, twice: twice?.symbol ?? null },
    });
  if (sorted.length > MAX_ASSETS) {
    throw badInput('CHAIN_TOO_MANY_ASSETS', `A ledger holds at most ${MAX_ASSETS} assets`, {
      facts: { field: 'symbols', value: sorted.length, most: MAX_ASSETS },
      remedy: 'Name the members of the universe: in universe.csv beside the bars, or as members of its configuration.',
    });
  }
  const groupNames = [...new Set(sorted.map(({ group }) => group))].sort();
  if (groupNames.length > MAX_GROUPS) {
    throw badInput('CHAIN_GROUPS', `A ledger holds at most ${MAX_GROUPS} groups`, {
      facts: { groups: groupNames.length },
      remedy: 'Name coarser groups (sectors, currency blocs) in the universe.',
    });
  }
  return {
    symbols: sorted.map(({ symbol }) => symbol),
    groups: sorted.map(({ group }) => groupNames.indexOf(group)),
    groupNames,
    groupCapsBps: groupNames.map((name) => bps(limits.groupOverrides[name] ?? limits.maxGroupWeight)),
  };
}
