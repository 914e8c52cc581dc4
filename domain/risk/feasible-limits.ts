import { badInput } from '../errors.ts';
import { isLongShort, type Limits, maxNetOf } from './limits.ts';

/** One basis point: what cannot be held below this cannot be settled. */
const SMALLEST = 0.0001;

/**
 * Refuses limits under which no portfolio but all cash could ever be held, and limits that contradict each other.
 * @param assets number of assets in the universe.
 * @param groupNames when given, every group override must name one of them.
 * @throws LIMITS_INFEASIBLE (bad input) naming the field, its value and what would do.
 */
export function assertFeasibleLimits(limits: Limits, assets: number, groupNames?: readonly string[]): void {
  const fail = (field: string, value: unknown, why: string, remedy: string): never => {
    throw badInput('LIMITS_INFEASIBLE', `No portfolio can meet the limits: ${why}`, {
      facts: { field, value, assets },
      remedy,
    });
  };
  if (assets < 1) fail('members', assets, 'the universe has no assets', 'Name at least one asset in the universe.');
  for (const field of ['maxWeight', 'maxGross', 'maxTurnover'] as const) {
    if (!(limits[field] >= SMALLEST))
      fail(
        field,
        limits[field],
        `${field} is below one basis point, so nothing could be bought`,
        `Set ${field} to at least ${SMALLEST}.`,
      );
  }
  if (limits.maxGroupWeight < SMALLEST && !Object.values(limits.groupOverrides).some((cap) => cap >= SMALLEST)) {
    fail(
      'maxGroupWeight',
      limits.maxGroupWeight,
      'every group is capped below one basis point',
      `Set maxGroupWeight to at least ${SMALLEST}.`,
    );
  }
  for (const field of ['maxNeighbourhoodWeight', 'maxCommunityWeight'] as const) {
    const cap = limits[field];
    if (cap !== undefined && cap < SMALLEST)
      fail(
        field,
        cap,
        'hardly an asset is outside every group of the graph, and these are capped below one basis point',
        `Set ${field} to at least ${SMALLEST}, or leave it out: then there is no such cap.`,
      );
  }
  if (isLongShort(limits) && maxNetOf(limits) > limits.maxGross) {
    fail(
      'maxNet',
      maxNetOf(limits),
      'the cap on the sum of weights is above the cap on the sum of their sizes',
      `Set maxNet to at most maxGross (${limits.maxGross}).`,
    );
  }
  if (limits.maxWeight > limits.maxGross) {
    fail(
      'maxWeight',
      limits.maxWeight,
      'the cap on one asset is above the cap on all of them',
      `Set maxWeight to at most maxGross (${limits.maxGross}).`,
    );
  }
  const { budget, hardLimit } = limits.drawdown;
  if (budget > hardLimit)
    fail(
      'drawdown.budget',
      budget,
      'the drawdown budget is above the hard limit',
      `Set drawdown.budget to at most ${hardLimit}.`,
    );
  for (const name of Object.keys(limits.groupOverrides)) {
    if (groupNames && !groupNames.includes(name)) {
      fail(
        `groupOverrides.${name}`,
        limits.groupOverrides[name],
        `there is no group ${name}`,
        `Use one of: ${groupNames.join(', ')}.`,
      );
    }
  }
}
