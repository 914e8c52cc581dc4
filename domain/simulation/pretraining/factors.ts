import type { Random } from '../random.ts';
import type { Calibration } from './calibration.ts';

/** Sessions that a shock to volatility takes to halve: ln 2 / -ln 0.97. */
const PERSISTENCE = 0.97;
const MAX_FACTORS = 5;
/** Rounds of orthogonal iteration: the leading directions of a correlation matrix are told apart long before. */
const ROUNDS = 60;

/**
 * Scores [S, A] of a factor model whose volatility is stochastic (Taylor 1982): the leading principal components of history carry what
 * assets have in common, independent normal noise the rest, and one log-normal factor that reverts slowly scales a session's all. Its size is
 * that which gives the median asset the kurtosis that it has in history.
 */
export function factorScores(calibration: Calibration, sessions: number, random: Random): Float64Array {
  const { assets } = calibration;
  const loadings = principalLoadings(calibration);
  const own = ownDeviation(loadings, assets);
  const spread = Math.sqrt(Math.log(Math.max(3, medianKurtosis(calibration)) / 3)) / 2;
  const out = new Float64Array(sessions * assets);
  let level = spread * random.normal();
  for (let t = 0; t < sessions; t++) {
    level = PERSISTENCE * level + spread * Math.sqrt(1 - PERSISTENCE ** 2) * random.normal();
    const scale = Math.exp(level - spread ** 2); // mean square 1
    const factors = loadings.map(() => random.normal());
    for (let a = 0; a < assets; a++) {
      let score = own[a] * random.normal();
      for (let k = 0; k < factors.length; k++) score += loadings[k][a] * factors[k];
      out[t * assets + a] = scale * score;
    }
  }
  return out;
}

/** Kurtosis of normal scores under log-normal volatility with deviation s of its log: 3 exp(4 s^2). */
function medianKurtosis({ assets, sessions, scores }: Calibration): number {
  const each = Array.from({ length: assets }, (_, a) => {
    let fourth = 0;
    for (let i = 0; i < sessions; i++) fourth += scores[i * assets + a] ** 4;
    return fourth / sessions;
  });
  return each.sort((a, b) => a - b)[assets >> 1];
}

/** [K][A]: eigenvectors of the correlation of scores, times the root of their eigenvalue, by orthogonal iteration. */
export function principalLoadings({ assets, sessions, scores }: Calibration): Float64Array[] {
  const correlation = new Float64Array(assets * assets);
  for (let i = 0; i < sessions; i++)
    for (let a = 0; a < assets; a++)
      for (let b = 0; b <= a; b++)
        correlation[a * assets + b] += (scores[i * assets + a] * scores[i * assets + b]) / sessions;
  for (let a = 0; a < assets; a++)
    for (let b = 0; b < a; b++) correlation[b * assets + a] = correlation[a * assets + b];
  const count = Math.min(MAX_FACTORS, Math.max(1, Math.floor(assets / 3)));
  let basis: Float64Array[] = Array.from({ length: count }, (_, k) =>
    Float64Array.from({ length: assets }, (_unused, a) => Math.cos((a + 1) * (k + 1))),
  );
  let sizes = new Array<number>(count).fill(0);
  for (let round = 0; round < ROUNDS; round++) {
    const moved = basis.map((vector) => product(correlation, vector));
    [basis, sizes] = orthonormal(moved);
  }
  return basis.map((vector, k) => vector.map((value) => value * Math.sqrt(sizes[k])));
}

function ownDeviation(loadings: readonly Float64Array[], assets: number): Float64Array {
  return Float64Array.from({ length: assets }, (_, a) =>
    Math.sqrt(Math.max(0, 1 - loadings.reduce((sum, loading) => sum + loading[a] ** 2, 0))),
  );
}

function product(matrix: Float64Array, vector: Float64Array): Float64Array {
  const n = vector.length;
  return vector.map((_, a) => {
    let sum = 0;
    for (let b = 0; b < n; b++) sum += matrix[a * n + b] * vector[b];
    return sum;
  });
}

/** Gram and Schmidt, with the lengths that were left. */
function orthonormal(vectors: readonly Float64Array[]): [Float64Array[], number[]] {
  const basis: Float64Array[] = [];
  const lengths: number[] = [];
  for (const vector of vectors) {
    const left = Float64Array.from(vector);
    for (const known of basis) {
      const share = left.reduce((sum, value, a) => sum + value * known[a], 0);
      for (let a = 0; a < left.length; a++) left[a] -= share * known[a];
    }
    const length = Math.sqrt(left.reduce((sum, value) => sum + value * value, 0));
    basis.push(left.map((value) => (length > 0 ? value / length : 0)));
    lengths.push(length);
  }
  return [basis, lengths];
}
