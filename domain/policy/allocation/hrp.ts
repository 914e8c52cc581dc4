/** A step of the linkage: clusters joined (ids < k are assets, k + step the clusters made), their distance, assets in the new one. */
export type Merge = [left: number, right: number, distance: number, size: number];

/**
 * Hierarchical risk parity in the form of Lopez de Prado's listing (2016, "Building diversified portfolios that outperform out of
 * sample"): single linkage over the Euclidean distances between the columns of d = sqrt((1 - correlation) / 2); leaves in the order
 * of the tree; recursive halving with inverse-variance cluster variances. (Linking over d itself gives other weights.)
 * @param covariance [k, k]. @returns [k] weights, positive, summing to 1.
 */
export function hrpWeights(
  covariance: Float64Array,
  k: number,
): { weights: Float64Array; linkage: Merge[]; order: number[] } {
  const distances = columnDistances(correlationDistance(covariance, k), k);
  const linkage = singleLinkage(distances, k);
  const order = k === 1 ? [0] : leaves(linkage, k);
  return { weights: bisect(covariance, k, order), linkage, order };
}

function correlationDistance(covariance: Float64Array, k: number): Float64Array {
  return covariance.map((value, i) => {
    const [a, b] = [Math.floor(i / k), i % k];
    if (a === b) return 0;
    const correlation = value / Math.sqrt(covariance[a * (k + 1)] * covariance[b * (k + 1)]);
    return Math.sqrt(Math.max(0, (1 - correlation) / 2));
  });
}

function columnDistances(d: Float64Array, k: number): Float64Array {
  const distances = new Float64Array(k * k);
  for (let a = 0; a < k; a += 1) {
    for (let b = 0; b < a; b += 1) {
      let squares = 0;
      for (let i = 0; i < k; i += 1) squares += (d[a * k + i] - d[b * k + i]) ** 2;
      distances[a * k + b] = Math.sqrt(squares);
      distances[b * k + a] = distances[a * k + b];
    }
  }
  return distances;
}

/** Merges by ascending distance; in each the smaller cluster id is left. */
function singleLinkage(distances: Float64Array, k: number): Merge[] {
  const d = Float64Array.from(distances);
  const id = Array.from({ length: k }, (_, a) => a);
  const size = new Array<number>(k).fill(1);
  const alive = new Set(id);
  const merges: Merge[] = [];
  for (let step = 0; step < k - 1; step += 1) {
    let [p, q, best] = [-1, -1, Number.POSITIVE_INFINITY];
    for (const a of alive) {
      for (const b of alive) {
        if (b > a && d[a * k + b] < best) [p, q, best] = [a, b, d[a * k + b]];
      }
    }
    merges.push([Math.min(id[p], id[q]), Math.max(id[p], id[q]), best, size[p] + size[q]]);
    for (const c of alive) {
      const near = Math.min(d[p * k + c], d[q * k + c]);
      d[p * k + c] = near;
      d[c * k + p] = near;
    }
    id[p] = k + step;
    size[p] += size[q];
    alive.delete(q);
  }
  return merges;
}

function leaves(linkage: readonly Merge[], k: number): number[] {
  const walk = (id: number): number[] => (id < k ? [id] : [...walk(linkage[id - k][0]), ...walk(linkage[id - k][1])]);
  return walk(2 * k - 2);
}

function bisect(covariance: Float64Array, k: number, order: readonly number[]): Float64Array {
  const weights = new Float64Array(k).fill(1);
  const halve = (items: readonly number[]): void => {
    if (items.length < 2) return;
    const middle = Math.floor(items.length / 2);
    const [left, right] = [items.slice(0, middle), items.slice(middle)];
    const leftVariance = clusterVariance(covariance, k, left);
    const share = 1 - leftVariance / (leftVariance + clusterVariance(covariance, k, right));
    for (const a of left) weights[a] *= share;
    for (const a of right) weights[a] *= 1 - share;
    halve(left);
    halve(right);
  };
  halve(order);
  return weights;
}

/** Variance of the cluster held in inverse proportion to variance. */
function clusterVariance(covariance: Float64Array, k: number, items: readonly number[]): number {
  const raw = items.map((a) => 1 / covariance[a * (k + 1)]);
  const total = raw.reduce((sum, value) => sum + value, 0);
  let variance = 0;
  items.forEach((a, i) => {
    items.forEach((b, j) => {
      variance += (raw[i] / total) * (raw[j] / total) * covariance[a * k + b];
    });
  });
  return variance;
}
