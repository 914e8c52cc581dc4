import { ProductError } from '../../errors.ts';

/**
 * Minimise 1/2 x'Cx - b'x subject to x >= 0, C [k, k] positive definite: the active-set method of Lawson and Hanson (1974, ch. 23),
 * exact up to the rounding of the last linear solve. x = 0 where no b is positive.
 * @throws ALLOCATION_SINGULAR when C is not positive definite.
 */
export function nonNegativeQuadratic(c: Float64Array, b: Float64Array): Float64Array {
  const k = b.length;
  const x = new Float64Array(k);
  const passive = new Set<number>();
  const scale = Math.max(...b.map(Math.abs));
  for (let round = 0; round < 10 * k + 10; round += 1) {
    const entering = mostWanted(c, b, x, passive);
    if (entering.index < 0 || entering.gradient <= 1e-12 * scale) return x;
    passive.add(entering.index);
    settle(c, b, x, passive);
  }
  return x;
}

function mostWanted(
  c: Float64Array,
  b: Float64Array,
  x: Float64Array,
  passive: ReadonlySet<number>,
): { index: number; gradient: number } {
  const k = b.length;
  let index = -1;
  let best = 0;
  for (let i = 0; i < k; i += 1) {
    if (passive.has(i)) continue;
    let gradient = b[i];
    for (let j = 0; j < k; j += 1) gradient -= c[i * k + j] * x[j];
    if (gradient > best) {
      best = gradient;
      index = i;
    }
  }
  return { index, gradient: best };
}

/** The minimum over the passive assets; those that would turn negative leave, one step at a time. */
function settle(c: Float64Array, b: Float64Array, x: Float64Array, passive: Set<number>): void {
  for (;;) {
    const order = [...passive].sort((p, q) => p - q);
    const solution = solveOn(c, b, order);
    let step = 1;
    order.forEach((asset, i) => {
      if (solution[i] <= 0) step = Math.min(step, x[asset] / (x[asset] - solution[i]));
    });
    order.forEach((asset, i) => {
      x[asset] += step * (solution[i] - x[asset]);
      if (solution[i] <= 0 && x[asset] <= 1e-300 + 1e-15 * Math.abs(solution[i])) {
        x[asset] = 0;
        passive.delete(asset);
      }
    });
    if (step === 1) return;
  }
}

/** C x = b on the assets of `order`, by Cholesky. */
export function solveOn(c: Float64Array, b: Float64Array, order: readonly number[]): Float64Array {
  const k = b.length;
  const size = order.length;
  const l = new Float64Array(size * size);
  const x = Float64Array.from(order, (asset) => b[asset]);
  for (let r = 0; r < size; r += 1) {
    for (let s = 0; s <= r; s += 1) {
      let sum = c[order[r] * k + order[s]];
      for (let q = 0; q < s; q += 1) sum -= l[r * size + q] * l[s * size + q];
      if (r !== s) l[r * size + s] = sum / l[s * size + s];
      else if (sum > 0) l[r * size + r] = Math.sqrt(sum);
      else
        throw new ProductError('ALLOCATION_SINGULAR', 'The covariance is not positive definite', {
          facts: { asset: order[r], pivot: sum },
        });
    }
  }
  for (let r = 0; r < size; r += 1) {
    for (let q = 0; q < r; q += 1) x[r] -= l[r * size + q] * x[q];
    x[r] /= l[r * size + r];
  }
  for (let r = size - 1; r >= 0; r -= 1) {
    for (let q = r + 1; q < size; q += 1) x[r] -= l[q * size + r] * x[q];
    x[r] /= l[r * size + r];
  }
  return x;
}
