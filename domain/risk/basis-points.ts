import { ProductError } from '../errors.ts';
import { exposureScale, groupCap, type RiskContext } from './context.ts';
import { cappedGroups } from './overlapping.ts';

/** The whole book in basis points. */
export const WHOLE_BPS = 10_000;

/** What a cap of `fraction` is in whole basis points: rounded down, but for the rounding noise of the product. */
const capBps = (fraction: number): number => Math.floor(fraction * WHOLE_BPS + 1e-6);

/**
 * Integer basis points, cash last: [A + 1], summing to exactly 10,000. Largest remainder within the caps: every weight is first
 * rounded down, then the assets with the largest fractions get one more basis point each while their name, group, bucket and gross
 * caps (in whole basis points, after the drawdown scale) have room, up to the rounded total; cash takes the rest. Ties go to the
 * first asset. Purchases stay within the turnover limit in whole basis points, which is what the contract counts; sales may pass it by rounding.
 *
 * @param weights [A] as `projectWeights` gives them.
 * @throws WEIGHTS_NOT_PORTFOLIO when weights are negative, not finite, or sum to more than 1.
 */
export function toBasisPoints(weights: Float64Array, context: RiskContext): Int32Array {
  const assets = weights.length;
  const bps = new Int32Array(assets + 1);
  let total = 0;
  for (let a = 0; a < assets; a += 1) {
    if (!(weights[a] >= -1e-9) || weights[a] > 1 + 1e-9) throw notPortfolio(context, a, weights[a]);
    bps[a] = Math.floor(Math.max(0, weights[a]) * WHOLE_BPS + 1e-7);
    total += weights[a];
  }
  if (total > 1 + 1e-9) throw notPortfolio(context, -1, total);
  const rooms = new Rooms(bps, context);
  let missing = Math.min(WHOLE_BPS, Math.round(total * WHOLE_BPS)) - sum(bps, assets);
  const budget = turnoverRoom(bps, context);
  for (const a of byFraction(weights)) {
    if (missing <= 0) break;
    const rises = bps[a] + 1 > context.drifted[a] * WHOLE_BPS;
    if (!rooms.has(a) || (rises && budget.buys < 1)) continue;
    if (rises) budget.buys -= 1;
    bps[a] += 1;
    rooms.take(a);
    missing -= 1;
  }
  bps[assets] = WHOLE_BPS - sum(bps, assets);
  return bps;
}

/** Fractions of NAV from basis points; [A + 1] in, [A + 1] out. */
export const fromBasisPoints = (bps: Int32Array): Float64Array => Float64Array.from(bps, (value) => value / WHOLE_BPS);

const sum = (bps: Int32Array, assets: number): number => {
  let total = 0;
  for (let a = 0; a < assets; a += 1) total += bps[a];
  return total;
};

/** Assets by fraction lost in rounding down, largest first; ties by index. Exact integers come not at all. */
function byFraction(weights: Float64Array): number[] {
  const fraction = (a: number): number => weights[a] * WHOLE_BPS - Math.floor(weights[a] * WHOLE_BPS + 1e-7);
  return Array.from(weights.keys())
    .filter((a) => fraction(a) > 1e-7)
    .sort((a, b) => fraction(b) - fraction(a) || a - b);
}

/** Basis points that may still be bought before the turnover limit. */
function turnoverRoom(bps: Int32Array, context: RiskContext): { buys: number } {
  let bought = 0;
  for (let a = 0; a < context.drifted.length; a += 1) bought += Math.max(0, bps[a] - context.drifted[a] * WHOLE_BPS);
  return { buys: context.limits.maxTurnover * WHOLE_BPS - bought };
}

/** The room left under every cap that an asset belongs to, in basis points. */
class Rooms {
  readonly #name: Int32Array;
  readonly #rows: Int32Array;
  readonly #rowsOf: number[][];

  constructor(bps: Int32Array, context: RiskContext) {
    const { limits, groups, groupNames, hubs, illiquid, frozen } = context;
    const scale = exposureScale(context.drawdown, limits);
    const at = groupNames.length;
    const overlapping = cappedGroups(context.overlapping, limits);
    const caps = [
      ...groupNames.map((name) => groupCap(limits, name)),
      limits.maxHubWeight,
      limits.maxIlliquidWeight,
      limits.maxGross,
      ...overlapping.map(({ cap }) => cap),
    ];
    this.#rows = Int32Array.from(caps, (cap) => capBps(scale * cap));
    this.#name = new Int32Array(groups.length);
    this.#rowsOf = Array.from(groups, (g, a) => [
      g,
      ...(hubs[a] === 1 ? [at] : []),
      ...(illiquid[a] === 1 ? [at + 1] : []),
      at + 2,
      ...overlapping.flatMap(({ members }, k) => (members[a] === 1 ? [at + 3 + k] : [])),
    ]);
    for (let a = 0; a < groups.length; a += 1) {
      this.#name[a] = frozen[a] === 1 ? 1 : capBps(scale * limits.maxWeight) - bps[a];
      for (const k of this.#rowsOf[a]) this.#rows[k] -= bps[a];
    }
  }

  has(a: number): boolean {
    return this.#name[a] > 0 && this.#rowsOf[a].every((k) => this.#rows[k] > 0);
  }

  take(a: number): void {
    this.#name[a] -= 1;
    for (const k of this.#rowsOf[a]) this.#rows[k] -= 1;
  }
}

const notPortfolio = (context: RiskContext, asset: number, value: number): ProductError =>
  new ProductError('WEIGHTS_NOT_PORTFOLIO', 'The weights are not those of a long-only portfolio', {
    facts: { asset: asset < 0 ? 'sum of weights' : (context.symbols?.[asset] ?? asset), value: String(value) },
  });
