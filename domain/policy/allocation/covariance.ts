/** A window of returns: [n, k] row-major, k assets. */
export interface ReturnWindow {
  values: Float64Array;
  n: number;
  k: number;
}

export function meansOf({ values, n, k }: ReturnWindow): Float64Array {
  const means = new Float64Array(k);
  for (let i = 0; i < n; i += 1) for (let a = 0; a < k; a += 1) means[a] += values[i * k + a];
  return means.map((sum) => sum / n);
}

/** Returns less their means, and the sum of products [k, k]. */
function crossProducts(window: ReturnWindow): { centred: Float64Array; products: Float64Array } {
  const { values, n, k } = window;
  const means = meansOf(window);
  const centred = new Float64Array(n * k);
  for (let i = 0; i < n; i += 1) for (let a = 0; a < k; a += 1) centred[i * k + a] = values[i * k + a] - means[a];
  const products = new Float64Array(k * k);
  for (let i = 0; i < n; i += 1) {
    for (let a = 0; a < k; a += 1) {
      const x = centred[i * k + a];
      for (let b = 0; b <= a; b += 1) products[a * k + b] += x * centred[i * k + b];
    }
  }
  for (let a = 0; a < k; a += 1) for (let b = 0; b < a; b += 1) products[b * k + a] = products[a * k + b];
  return { centred, products };
}

/** Sample covariance, ddof 1, [k, k]. */
export function sampleCovariance(window: ReturnWindow): Float64Array {
  return crossProducts(window).products.map((sum) => sum / (window.n - 1));
}

/**
 * Ledoit and Wolf (2004), "A well-conditioned estimator for large-dimensional covariance matrices": shrinks the covariance (ddof 0)
 * towards mean variance x identity by b^2 / d^2.
 */
export function ledoitWolf(window: ReturnWindow): { covariance: Float64Array; shrinkage: number } {
  const { n, k } = window;
  const { centred, products } = crossProducts(window);
  const covariance = products.map((sum) => sum / n);
  let trace = 0;
  for (let a = 0; a < k; a += 1) trace += covariance[a * k + a];
  const mean = trace / k;
  let distance = 0;
  for (let i = 0; i < k * k; i += 1) distance += (covariance[i] - (i % (k + 1) === 0 ? mean : 0)) ** 2;
  // sum over days of |x x' - S|^2 = sum of |x|^4 - n |S|^2
  let fourth = 0;
  for (let i = 0; i < n; i += 1) {
    let square = 0;
    for (let a = 0; a < k; a += 1) square += centred[i * k + a] ** 2;
    fourth += square * square;
  }
  let norm = 0;
  for (const value of covariance) norm += value * value;
  const error = (fourth / n - norm) / n;
  const shrinkage = distance === 0 ? 1 : Math.min(error, distance) / distance;
  return {
    covariance: covariance.map((value, i) => (1 - shrinkage) * value + (i % (k + 1) === 0 ? shrinkage * mean : 0)),
    shrinkage,
  };
}
