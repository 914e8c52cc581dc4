import { ProductError } from '../errors.ts';
import type { LimitHit } from '../lineage/decision.ts';
import { oneWayTurnover } from '../portfolio/trade-cost.ts';
import { exposureScale, groupCap, type RiskContext, WEIGHT_TOLERANCE } from './context.ts';
import { isLongShort, type Limits, maxNetOf } from './limits.ts';
import { NearestPoint, type Polyhedron } from './nearest-point.ts';
import { type CappedGroup, cappedGroups, type OverlappingGroups, titleOf } from './overlapping.ts';

export { type Check, checkWeights } from './check.ts';
export { exposureScale, groupCap, groupIndex, type RiskContext, WEIGHT_TOLERANCE } from './context.ts';

export interface ProjectedWeights {
  weights: Float64Array;
  limitsHit: LimitHit[];
  exposureScale: number;
}

/**
 * The weights nearest to `target` (Euclidean) that keep every limit. See `RiskProjector` for the rules of precedence.
 * @param target [A] finite; need not be feasible.
 * @throws RISK_NOT_FINITE naming the asset.
 */
export function projectWeights(target: Float64Array, context: RiskContext): ProjectedWeights {
  const weights = new Float64Array(target.length);
  const projector = new RiskProjector(context.groups, context.groupNames, context.limits);
  const scale = projector.project(target, context, weights);
  return { weights, limitsHit: projector.limitsHit(target, weights, context), exposureScale: scale };
}

/**
 * The one projection, with its workspace; use one per loop. With s = exposure scale, d = weights held:
 *
 * 1. An asset that cannot be traded keeps its drifted weight, whatever the caps say; what it takes of a group, bucket or gross
 *    cap is no longer there for the others (never less than nothing).
 * 2. Every cap and the target are scaled by s: drawdown control is the last word on the size of the book, and the result is
 *    s times a portfolio that keeps the unscaled caps.
 *    In a long/short book a cap on one asset bounds its size, one on a group, the hubs or the least liquid bounds their sum either way.
 * 3. The answer is the point nearest to s x target (a target weight beyond [-1, 2] counts as -1 or 2; beyond +-20 in a long/short book) within the scaled caps and
 *    within one-way turnover `maxTurnover` of d.
 * 4. Lowering risk goes before turnover: let p be the portfolio within the scaled caps that is nearest to d. If even p needs
 *    more than `maxTurnover`, the answer is p. A long-only p is reached by sales alone; of a long/short book, where selling short may be
 *    the nearest way into a cap, p is then sought again among books in which no position grows or changes sides. So every answer
 *    either keeps the turnover limit or raises no weight: the rule that the contract can check.
 */
export class RiskProjector {
  readonly #nearest = new NearestPoint();
  readonly #groupNames: readonly string[];
  readonly #caps: Float64Array;
  readonly #longShort: boolean;
  /** Members of each row of caps: the groups, then hubs, illiquid, all (net), then the overlapping groups that have a cap. */
  #rows: Int32Array[];
  /** What the rows of hubs and illiquid were made from. */
  #hubs: Uint8Array | null = null;
  #illiquid: Uint8Array | null = null;
  #overlapping: OverlappingGroups | undefined;
  #capped: readonly CappedGroup[] = [];
  /** Weight by row. */
  #sums: Float64Array;
  #frozenSums: Float64Array;
  readonly #wanted: Float64Array;
  readonly #feasible: Float64Array;
  readonly #lower: Float64Array;
  readonly #upper: Float64Array;
  #sold = false;
  /** What the last target was scaled by. */
  #scale = 1;
  /** Turnover that the caps alone would have asked for; null where the turnover limit did not bind. */
  #turnoverWanted: number | null = null;
  /** Whether the last target kept every limit: nothing but the drawdown scale and frozen assets changed it. */
  untouched = true;

  constructor(groups: Int32Array, groupNames: readonly string[], limits: Limits) {
    const assets = groups.length;
    this.#longShort = isLongShort(limits);
    this.#groupNames = groupNames;
    this.#caps = Float64Array.from(groupNames, (name) => groupCap(limits, name));
    const nobody = new Int32Array(0);
    const everyone = indicesWhere(assets, () => true);
    const byGroup = groupNames.map((_, g) => indicesWhere(assets, (a) => groups[a] === g));
    this.#rows = [...byGroup, nobody, nobody, everyone];
    this.#sums = new Float64Array(this.#rows.length);
    this.#frozenSums = new Float64Array(this.#rows.length);
    this.#wanted = new Float64Array(assets);
    this.#feasible = new Float64Array(assets);
    this.#lower = new Float64Array(assets);
    this.#upper = new Float64Array(assets);
  }

  /** Writes the projected weights to `out` and returns the exposure scale. */
  project(target: ArrayLike<number>, context: RiskContext, out: Float64Array): number {
    const scale = this.#chooseScale(target, context);
    this.#sold = false;
    this.#turnoverWanted = null;
    this.#scaleTarget(target, scale, context);
    if (
      this.#keepsCaps(this.#wanted, scale, context) &&
      oneWayTurnover(context.drifted, this.#wanted) <= context.limits.maxTurnover
    ) {
      out.set(this.#wanted);
      this.untouched = true;
      return scale;
    }
    this.untouched = false;
    this.#projectOnto(scale, context, out);
    return scale;
  }

  /** The exposure scale, or what the held book already has of the target's exposure when that is below it within the band. */
  #chooseScale(target: ArrayLike<number>, { drawdown, limits, drifted }: RiskContext): number {
    const most = exposureScale(drawdown, limits);
    this.#scale = most;
    const { band } = limits.drawdown;
    if (most === 1 || !band) return most;
    let wanted = 0;
    let held = 0;
    for (let a = 0; a < drifted.length; a += 1) {
      wanted += this.#longShort ? Math.abs(target[a]) : Math.min(2, Math.max(0, target[a]));
      held += Math.abs(drifted[a]);
    }
    const present = wanted > 0 ? held / wanted : most;
    if (present <= most && present >= most * (1 - band)) this.#scale = present;
    return this.#scale;
  }

  #scaleTarget(target: ArrayLike<number>, scale: number, context: RiskContext): void {
    const { frozen, drifted } = context;
    const wanted = this.#wanted;
    const low = this.#longShort ? -20 : -1;
    const high = this.#longShort ? 20 : 2;
    for (let a = 0; a < wanted.length; a += 1) {
      const weight = target[a];
      if (!Number.isFinite(weight)) throw notFinite(context, a, weight);
      wanted[a] = frozen[a] === 1 ? drifted[a] : scale * Math.min(high, Math.max(low, weight));
    }
  }

  /** Fills `#sums`, and `#frozenSums` with what frozen assets take of them: most days nothing is frozen. */
  #totals(weights: Float64Array, context: RiskContext): void {
    const { frozen } = context;
    const anyFrozen = frozen.includes(1);
    const rows = this.#rowMembers(context);
    for (let k = 0; k < rows.length; k += 1) {
      this.#sums[k] = sumOver(rows[k], weights);
      this.#frozenSums[k] = anyFrozen ? sumOverFrozen(rows[k], weights, frozen) : 0;
    }
  }

  /** The scaled cap of row k (groups, hubs, illiquid, gross, overlapping groups). */
  #cap(k: number, scale: number, limits: Limits): number {
    const at = this.#groupNames.length;
    if (k < at) return scale * this.#caps[k];
    if (k > at + 2) return scale * this.#capped[k - at - 3].cap;
    return scale * (k === at ? limits.maxHubWeight : k === at + 1 ? limits.maxIlliquidWeight : maxNetOf(limits));
  }

  /** Whether tradable assets keep the scaled caps, given what frozen assets take. */
  #keepsCaps(weights: Float64Array, scale: number, context: RiskContext): boolean {
    const { limits, frozen } = context;
    const nameCap = scale * limits.maxWeight;
    const least = this.#longShort ? -nameCap : 0;
    for (let a = 0; a < weights.length; a += 1) {
      if (frozen[a] === 0 && !(weights[a] >= least && weights[a] <= nameCap)) return false;
    }
    this.#totals(weights, context);
    for (let k = 0; k < this.#sums.length; k += 1) {
      const cap = this.#cap(k, scale, limits);
      if (this.#sums[k] > Math.max(cap, this.#frozenSums[k]) + SUM_ROUNDING) return false;
      if (this.#longShort && -this.#sums[k] > Math.max(cap, -this.#frozenSums[k]) + SUM_ROUNDING) return false;
    }
    return !this.#longShort || sizeOf(weights) <= this.#grossCap(scale, context) + SUM_ROUNDING;
  }

  /** The scaled cap on the sum of sizes of a long/short book, given what frozen assets take. */
  #grossCap(scale: number, { limits, frozen, drifted }: RiskContext): number {
    let fixed = 0;
    for (let a = 0; a < frozen.length; a += 1) if (frozen[a] === 1) fixed += Math.abs(drifted[a]);
    return Math.max(scale * limits.maxGross, fixed);
  }

  #projectOnto(scale: number, context: RiskContext, out: Float64Array): void {
    const { limits, drifted, frozen } = context;
    const set = this.#capsAsPolyhedron(scale, context);
    const feasible = this.#feasible;
    feasible.set(drifted);
    if (!this.#keepsCaps(feasible, scale, context)) {
      this.#solve(drifted, set, feasible, context);
      if (this.#longShort && oneWayTurnover(drifted, feasible) > limits.maxTurnover)
        this.#solve(drifted, withoutGrowth(set, drifted), feasible, context);
      if (oneWayTurnover(drifted, feasible) > limits.maxTurnover) {
        this.#turnoverWanted = oneWayTurnover(drifted, this.#wanted);
        this.#sold = true;
        out.set(feasible);
        return;
      }
    }
    this.#solve(this.#wanted, set, out, context);
    const turnover = oneWayTurnover(drifted, out);
    if (turnover <= limits.maxTurnover) return;
    this.#turnoverWanted = turnover;
    set.reference = drifted;
    set.maxBuys = limits.maxTurnover;
    set.maxSells = limits.maxTurnover;
    if (!this.#nearest.solve(this.#wanted, set, out)) {
      // at the very edge (turnover of p = maxTurnover) rounding can leave no interior: p keeps everything
      out.set(feasible);
    }
    for (let a = 0; a < out.length; a += 1) if (frozen[a] === 1) out[a] = drifted[a];
  }

  #solve(from: Float64Array, set: Polyhedron, out: Float64Array, context: RiskContext): void {
    if (this.#nearest.solve(from, set, out)) return;
    throw new ProductError('RISK_PROJECTION_FAILED', 'The projection onto the limits did not end', {
      facts: { target: Array.from(from), drawdown: context.drawdown },
    });
  }

  #capsAsPolyhedron(scale: number, context: RiskContext): Polyhedron {
    const { limits, frozen, drifted } = context;
    const nameCap = scale * limits.maxWeight;
    for (let a = 0; a < frozen.length; a += 1) {
      this.#lower[a] = frozen[a] === 1 ? drifted[a] : this.#longShort ? -nameCap : 0;
      this.#upper[a] = frozen[a] === 1 ? drifted[a] : nameCap;
    }
    this.#totals(drifted, context);
    const rows: Polyhedron['rows'][number][] = [];
    this.#rowMembers(context).forEach((members, k) => {
      const cap = Math.max(this.#cap(k, scale, limits), this.#frozenSums[k]);
      const reach = sumOver(members, this.#upper);
      if (members.length > 0 && reach > cap) rows.push({ members, cap });
      if (!this.#longShort) return;
      const floor = Math.max(this.#cap(k, scale, limits), -this.#frozenSums[k]);
      const depth = -sumOver(members, this.#lower);
      if (members.length > 0 && depth > floor) rows.push({ members, cap: floor, sign: -1 });
    });
    const gross = this.#longShort ? this.#grossCap(scale, context) : null;
    return { lower: this.#lower, upper: this.#upper, rows, gross, reference: null, maxBuys: 1, maxSells: 1 };
  }

  /** Members of each row at this context's graph groups, which change from month to month at most. */
  #rowMembers({ hubs, illiquid, overlapping, limits }: RiskContext): readonly Int32Array[] {
    if (this.#overlapping !== overlapping) this.#takeOverlapping(overlapping, limits);
    if (this.#hubs !== hubs || this.#illiquid !== illiquid) {
      const at = this.#groupNames.length;
      this.#rows[at] = indicesWhere(hubs.length, (a) => hubs[a] === 1);
      this.#rows[at + 1] = indicesWhere(illiquid.length, (a) => illiquid[a] === 1);
      this.#hubs = hubs;
      this.#illiquid = illiquid;
    }
    return this.#rows;
  }

  #takeOverlapping(overlapping: OverlappingGroups | undefined, limits: Limits): void {
    this.#overlapping = overlapping;
    this.#capped = cappedGroups(overlapping, limits);
    const rows = this.#rows.slice(0, this.#groupNames.length + 3);
    for (const { members } of this.#capped) rows.push(indicesWhere(members.length, (a) => members[a] === 1));
    if (rows.length !== this.#rows.length) {
      this.#sums = new Float64Array(rows.length);
      this.#frozenSums = new Float64Array(rows.length);
    }
    this.#rows = rows;
  }

  /** What row k is called where it binds. */
  #rowTitle(k: number): { limit: string; on: string } {
    const at = this.#groupNames.length;
    if (k < at) return { limit: 'maxGroupWeight', on: this.#groupNames[k] };
    if (k === at) return { limit: 'maxHubWeight', on: 'hubs' };
    if (k === at + 1) return { limit: 'maxIlliquidWeight', on: 'illiquid' };
    if (k === at + 2) return { limit: this.#longShort ? 'maxNet' : 'maxGross', on: 'portfolio' };
    const group = this.#capped[k - at - 3];
    return { limit: group.limit, on: titleOf(group) };
  }

  /** Which limits changed the target, and from what to what. `weights` is what `project` wrote for the same arguments. */
  limitsHit(target: ArrayLike<number>, weights: Float64Array, context: RiskContext): LimitHit[] {
    const { limits, frozen, drifted } = context;
    const hits: LimitHit[] = [];
    const scale = this.#scale;
    const wanted = Float64Array.from(weights, (_, a) => (frozen[a] === 1 ? drifted[a] : target[a]));
    for (let a = 0; a < weights.length; a += 1) {
      const on = context.symbols?.[a] ?? `asset ${a}`;
      if (frozen[a] === 1) {
        if (Math.abs(target[a] - drifted[a]) > WEIGHT_TOLERANCE)
          hits.push({ limit: 'notTradable', on, before: target[a], after: weights[a] });
      } else if (!this.#longShort && target[a] < -WEIGHT_TOLERANCE)
        hits.push({ limit: 'longOnly', on, before: target[a], after: weights[a] });
      else if (Math.abs(target[a]) > limits.maxWeight + WEIGHT_TOLERANCE)
        hits.push({ limit: 'maxWeight', on, before: target[a], after: weights[a] });
    }
    this.#totals(wanted, context);
    const before = Float64Array.from(this.#sums);
    this.#totals(weights, context);
    const at = this.#groupNames.length;
    for (let k = 0; k < before.length; k += 1) {
      const size = this.#longShort ? Math.abs(before[k]) : before[k];
      if (size <= this.#cap(k, 1, limits) + WEIGHT_TOLERANCE) continue;
      hits.push({ ...this.#rowTitle(k), before: before[k], after: this.#sums[k] });
    }
    if (this.#longShort && sizeOf(wanted) > limits.maxGross + WEIGHT_TOLERANCE)
      hits.push({ limit: 'maxGross', on: 'portfolio', before: sizeOf(wanted), after: sizeOf(weights) });
    this.#portfolioHits(hits, weights, scale, this.#longShort ? sizeOf(wanted) : before[at + 2], context);
    return hits;
  }

  #portfolioHits(hits: LimitHit[], weights: Float64Array, scale: number, gross: number, context: RiskContext): void {
    if (this.#turnoverWanted !== null) {
      const limit = this.#sold ? 'salesFirst' : 'maxTurnover';
      hits.push({
        limit,
        on: 'portfolio',
        before: this.#turnoverWanted,
        after: oneWayTurnover(context.drifted, weights),
      });
    }
    if (scale < 1) {
      hits.push({ limit: 'drawdown', on: 'portfolio', before: gross, after: sizeOf(weights) });
    }
  }
}

/** The same constraints on books in which every position is between nothing and what is held: with nothing they are kept. */
const withoutGrowth = (set: Polyhedron, held: Float64Array): Polyhedron => ({
  ...set,
  lower: set.lower.map((least, a) => Math.max(least, Math.min(0, held[a]))),
  upper: set.upper.map((most, a) => Math.min(most, Math.max(0, held[a]))),
});

/** What adding up weights may lose: a softmax that sums to one unit in the last place above 1 keeps a cap of 1. */
const SUM_ROUNDING = 1e-14;

function sumOver(members: Int32Array, weights: Float64Array): number {
  let total = 0;
  for (let j = 0; j < members.length; j += 1) total += weights[members[j]];
  return total;
}

function sumOverFrozen(members: Int32Array, weights: Float64Array, frozen: Uint8Array): number {
  let total = 0;
  for (let j = 0; j < members.length; j += 1) if (frozen[members[j]] === 1) total += weights[members[j]];
  return total;
}

/** Sum of the sizes of weights. */
function sizeOf(weights: ArrayLike<number>): number {
  let total = 0;
  for (let a = 0; a < weights.length; a += 1) total += Math.abs(weights[a]);
  return total;
}

function indicesWhere(n: number, test: (i: number) => boolean): Int32Array {
  const list: number[] = [];
  for (let i = 0; i < n; i += 1) if (test(i)) list.push(i);
  return Int32Array.from(list);
}

const notFinite = (context: RiskContext, asset: number, weight: number): ProductError =>
  new ProductError('RISK_NOT_FINITE', 'A target weight is not a finite number', {
    facts: { asset: context.symbols?.[asset] ?? asset, weight: String(weight) },
  });
