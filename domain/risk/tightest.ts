import type { Limits } from './limits.ts';

/**
 * The limits that both keep: the smaller of each cap, budget and turnover; a drawdown is remembered for as long as the one that remembers it longer. The mode and the band
 * within which exposure is not raised are those of `own`.
 */
export function tightest(own: Limits, other: Limits): Limits {
  const groups = [...new Set([...Object.keys(own.groupOverrides), ...Object.keys(other.groupOverrides)])].sort();
  const groupCap = ({ groupOverrides, maxGroupWeight }: Limits, group: string): number =>
    Object.hasOwn(groupOverrides, group) ? groupOverrides[group] : maxGroupWeight;
  const [a, b] = [own.drawdown, other.drawdown];
  const resets = [a.resetAfterDays, b.resetAfterDays];
  return {
    ...own,
    maxWeight: Math.min(own.maxWeight, other.maxWeight),
    maxGroupWeight: Math.min(own.maxGroupWeight, other.maxGroupWeight),
    groupOverrides: Object.fromEntries(
      groups.map((group) => [group, Math.min(groupCap(own, group), groupCap(other, group))]),
    ),
    maxIlliquidWeight: Math.min(own.maxIlliquidWeight, other.maxIlliquidWeight),
    maxHubWeight: Math.min(own.maxHubWeight, other.maxHubWeight),
    ...smaller('maxNeighbourhoodWeight', own, other),
    ...smaller('maxCommunityWeight', own, other),
    maxGross: Math.min(own.maxGross, other.maxGross),
    ...(own.mode === 'longShort' && smaller('maxNet', own, other)),
    maxTurnover: Math.min(own.maxTurnover, other.maxTurnover),
    drawdown: {
      ...a,
      budget: Math.min(a.budget, b.budget),
      hardLimit: Math.min(a.hardLimit, b.hardLimit),
      resetAfterDays: resets.includes(null) ? null : Math.max(...(resets as number[])),
    },
  };
}

/** Of a cap that there need not be. */
function smaller<Name extends 'maxNeighbourhoodWeight' | 'maxCommunityWeight' | 'maxNet'>(
  name: Name,
  own: Limits,
  other: Limits,
): Partial<Pick<Limits, Name>> {
  const caps = [own[name], other[name]].filter((cap) => cap !== undefined);
  return caps.length === 0 ? {} : ({ [name]: Math.min(...caps) } as Partial<Pick<Limits, Name>>);
}
