import { exposureScale, groupCap, type RiskContext, WEIGHT_TOLERANCE } from './context.ts';
import { isLongShort, maxNetOf } from './limits.ts';
import { cappedGroups, titleOf } from './overlapping.ts';

export interface Check {
  accepted: boolean;
  /** Which limit is broken, where, by how much; empty when accepted. */
  reasons: string[];
}

const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;

/**
 * Whether weights keep every limit, apart from how they were made. The rules are those of `RiskProjector`: what cannot be traded is
 * excused from caps; gross exposure keeps the drawdown scale; turnover beyond its limit is accepted only where no weight rises; at
 * or beyond the hard drawdown limit no weight may rise.
 */
export function checkWeights(weights: ArrayLike<number>, context: RiskContext, tolerance = WEIGHT_TOLERANCE): Check {
  const reasons = [
    ...checkNames(weights, context, tolerance),
    ...checkTotals(weights, context, tolerance),
    ...checkTrade(weights, context, tolerance),
  ];
  return { accepted: reasons.length === 0, reasons };
}

const nameOf = (context: RiskContext, a: number): string => context.symbols?.[a] ?? `asset ${a}`;

function checkNames(weights: ArrayLike<number>, context: RiskContext, tolerance: number): string[] {
  const { limits, frozen, drifted } = context;
  const cap = exposureScale(context.drawdown, limits) * limits.maxWeight;
  const reasons: string[] = [];
  for (let a = 0; a < drifted.length; a += 1) {
    const w = weights[a];
    const name = nameOf(context, a);
    if (!Number.isFinite(w)) reasons.push(`${name}: the weight is not a finite number`);
    else if (w < -tolerance && !isLongShort(limits)) reasons.push(`${name}: weight ${percent(w)} is negative`);
    else if (frozen[a] === 1) {
      if (Math.abs(w - drifted[a]) > tolerance)
        reasons.push(`${name}: cannot be traded, yet goes from ${percent(drifted[a])} to ${percent(w)}`);
    } else if (Math.abs(w) > cap + tolerance)
      reasons.push(`${name}: weight ${percent(w)} is above the cap of ${percent(cap)}`);
  }
  return reasons;
}

function checkTotals(weights: ArrayLike<number>, context: RiskContext, tolerance: number): string[] {
  const { limits, groups, groupNames, hubs, illiquid } = context;
  const scale = exposureScale(context.drawdown, limits);
  const rows: [string, number, (a: number) => boolean][] = [
    ...groupNames.map((name, g): [string, number, (a: number) => boolean] => [
      `group ${name}`,
      groupCap(limits, name),
      (a) => groups[a] === g,
    ]),
    ['hubs', limits.maxHubWeight, (a) => hubs[a] === 1],
    ['illiquid assets', limits.maxIlliquidWeight, (a) => illiquid[a] === 1],
    ...cappedGroups(context.overlapping, limits).map((group): [string, number, (a: number) => boolean] => [
      titleOf(group),
      group.cap,
      (a) => group.members[a] === 1,
    ]),
    ['all assets', maxNetOf(limits), () => true],
  ];
  const totals = rows.flatMap(([name, cap, belongs]) => {
    let total = 0;
    let fixed = 0;
    for (let a = 0; a < groups.length; a += 1) {
      if (!belongs(a)) continue;
      total += weights[a];
      if (context.frozen[a] === 1) fixed += context.drifted[a];
    }
    const side = total < 0 ? -1 : 1;
    const limit = Math.max(scale * cap, side * fixed);
    return side * total > limit + tolerance
      ? [`${name}: total weight ${percent(total)} is above the cap of ${percent(limit)}`]
      : [];
  });
  return [...totals, ...checkGross(weights, context, scale, tolerance)];
}

/** Of a long/short book: the sum of sizes, which the sum of weights does not bound. */
function checkGross(weights: ArrayLike<number>, context: RiskContext, scale: number, tolerance: number): string[] {
  const { limits, frozen, drifted } = context;
  if (!isLongShort(limits)) return [];
  let [gross, fixed] = [0, 0];
  for (let a = 0; a < drifted.length; a += 1) {
    gross += Math.abs(weights[a]);
    if (frozen[a] === 1) fixed += Math.abs(drifted[a]);
  }
  const limit = Math.max(scale * limits.maxGross, fixed);
  return gross > limit + tolerance ? [`gross exposure ${percent(gross)} is above the cap of ${percent(limit)}`] : [];
}

/** By how much a position takes more risk; one that changes sides is a new one. */
const growthOfSize = (before: number, after: number): number =>
  before * after < 0 ? Math.abs(after) : Math.abs(after) - Math.abs(before);

function checkTrade(weights: ArrayLike<number>, context: RiskContext, tolerance: number): string[] {
  const { limits, drifted, drawdown } = context;
  let bought = 0;
  let sold = 0;
  let highestRise = 0;
  for (let a = 0; a < drifted.length; a += 1) {
    const change = weights[a] - drifted[a];
    if (change > 0) bought += change;
    else sold -= change;
    highestRise = Math.max(highestRise, isLongShort(limits) ? growthOfSize(drifted[a], weights[a]) : change);
  }
  const rises = highestRise > tolerance;
  const turnover = Math.max(bought, sold);
  const reasons: string[] = [];
  if (turnover > limits.maxTurnover + tolerance && rises) {
    reasons.push(
      `turnover ${percent(turnover)} is above the limit of ${percent(limits.maxTurnover)}, and not all of it lowers risk`,
    );
  }
  if (drawdown >= limits.drawdown.hardLimit && rises) {
    reasons.push(
      `the drawdown of ${percent(drawdown)} has reached the hard limit of ${percent(limits.drawdown.hardLimit)}: only sales are accepted`,
    );
  }
  return reasons;
}
