import type { Random } from '../random.ts';
import type { Calibration } from './calibration.ts';

/** A hidden Markov chain of normal states. S states. */
export interface HiddenMarkov {
  /** [S] */
  readonly start: number[];
  /** [S][S] from, to. */
  readonly transition: number[][];
  readonly mean: number[];
  readonly variance: number[];
}

const STATES = 2;
const ROUNDS = 50;

/**
 * Scores [S, A] that switch between a calm and a stormy regime (Hamilton 1989): a hidden Markov chain fitted to the mean score of the market;
 * in each regime every asset has the mean, the deviation and the correlation that history shows on the sessions most likely in it.
 */
export function regimeScores(calibration: Calibration, sessions: number, random: Random): Float64Array {
  const { assets } = calibration;
  const market = marketOf(calibration);
  const { model, posterior } = fitHiddenMarkov(market);
  const regimes = posterior.map((weights) => regimeOf(calibration, weights));
  const out = new Float64Array(sessions * assets);
  const noise = new Float64Array(assets);
  let state = draw(model.start, random);
  for (let t = 0; t < sessions; t++) {
    if (t > 0) state = draw(model.transition[state], random);
    const { mean, factor } = regimes[state];
    for (let a = 0; a < assets; a++) noise[a] = random.normal();
    for (let a = 0; a < assets; a++) {
      let score = mean[a];
      for (let b = 0; b <= a; b++) score += factor[a * assets + b] * noise[b];
      out[t * assets + a] = score;
    }
  }
  return out;
}

function marketOf({ assets, sessions, scores }: Calibration): Float64Array {
  return Float64Array.from({ length: sessions }, (_, i) => {
    let sum = 0;
    for (let a = 0; a < assets; a++) sum += scores[i * assets + a];
    return sum / assets;
  });
}

/**
 * Baum and Welch (1970): expectation and maximisation with scaled forward and backward passes. The states are ordered by variance, calm
 * first. `posterior` [S][n]; `logLikelihood` by round never falls.
 */
export function fitHiddenMarkov(
  values: Float64Array,
  rounds = ROUNDS,
): { model: HiddenMarkov; posterior: Float64Array[]; logLikelihood: number[] } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n;
  let model: HiddenMarkov = {
    start: [0.5, 0.5],
    transition: [
      [0.98, 0.02],
      [0.02, 0.98],
    ],
    mean: [mean, mean],
    variance: [0.5 * variance, 2 * variance],
  };
  const logLikelihood: number[] = [];
  let posterior: Float64Array[] = [];
  for (let round = 0; round < rounds; round++) {
    const expected = expectation(model, values);
    logLikelihood.push(expected.logLikelihood);
    posterior = expected.posterior;
    model = maximisation(values, expected, variance);
  }
  if (model.variance[0] <= model.variance[1]) return { model, posterior, logLikelihood };
  const { start, transition, mean: means, variance: variances } = model;
  const swapped = {
    start: start.toReversed(),
    transition: transition.map((row) => row.toReversed()).reverse(),
    mean: means.toReversed(),
    variance: variances.toReversed(),
  };
  return { model: swapped, posterior: posterior.toReversed(), logLikelihood };
}

interface Expected {
  logLikelihood: number;
  posterior: Float64Array[];
  /** [S][S] expected moves. */
  moves: number[][];
}

function expectation({ start, transition, mean, variance }: HiddenMarkov, values: Float64Array): Expected {
  const n = values.length;
  const density = (s: number, x: number): number =>
    Math.exp((-0.5 * (x - mean[s]) ** 2) / variance[s]) / Math.sqrt(2 * Math.PI * variance[s]) + 1e-300;
  const forward = Array.from({ length: STATES }, () => new Float64Array(n));
  const backward = Array.from({ length: STATES }, () => new Float64Array(n).fill(1));
  const scale = new Float64Array(n);
  for (let t = 0; t < n; t++) {
    for (let s = 0; s < STATES; s++) {
      let from = start[s];
      if (t > 0) from = forward[0][t - 1] * transition[0][s] + forward[1][t - 1] * transition[1][s];
      forward[s][t] = from * density(s, values[t]);
      scale[t] += forward[s][t];
    }
    for (let s = 0; s < STATES; s++) forward[s][t] /= scale[t];
  }
  const moves = [
    [0, 0],
    [0, 0],
  ];
  for (let t = n - 2; t >= 0; t--) {
    const next = [0, 1].map((to) => (density(to, values[t + 1]) * backward[to][t + 1]) / scale[t + 1]);
    for (let s = 0; s < STATES; s++) {
      backward[s][t] = transition[s][0] * next[0] + transition[s][1] * next[1];
      for (let to = 0; to < STATES; to++) moves[s][to] += forward[s][t] * transition[s][to] * next[to];
    }
  }
  const posterior = forward.map((row, s) => row.map((value, t) => value * backward[s][t]));
  return { logLikelihood: scale.reduce((sum, value) => sum + Math.log(value), 0), posterior, moves };
}

function maximisation(values: Float64Array, { posterior, moves }: Expected, variance: number): HiddenMarkov {
  const weight = posterior.map((row) => row.reduce((sum, value) => sum + value, 0));
  const mean = posterior.map((row, s) => row.reduce((sum, p, t) => sum + p * values[t], 0) / weight[s]);
  return {
    start: posterior.map((row) => row[0]),
    transition: moves.map(([first, second]) => [first / (first + second), second / (first + second)]),
    mean,
    // a state that shrinks onto one session would have an infinite likelihood
    variance: posterior.map((row, s) =>
      Math.max(1e-3 * variance, row.reduce((sum, p, t) => sum + p * (values[t] - mean[s]) ** 2, 0) / weight[s]),
    ),
  };
}

/** Mean [A] and Cholesky factor [A, A] of the covariance of the scores, each session weighted. */
function regimeOf(
  { assets, sessions, scores }: Calibration,
  weights: Float64Array,
): { mean: Float64Array; factor: Float64Array } {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = new Float64Array(assets);
  for (let i = 0; i < sessions; i++)
    for (let a = 0; a < assets; a++) mean[a] += (weights[i] * scores[i * assets + a]) / total;
  const covariance = new Float64Array(assets * assets);
  for (let i = 0; i < sessions; i++) {
    const share = weights[i] / total;
    for (let a = 0; a < assets; a++) {
      const x = share * (scores[i * assets + a] - mean[a]);
      for (let b = 0; b <= a; b++) covariance[a * assets + b] += x * (scores[i * assets + b] - mean[b]);
    }
  }
  return { mean, factor: cholesky(covariance, assets) };
}

/** Lower factor of a symmetric matrix of which the lower half is read; a direction without variance gets none. */
export function cholesky(matrix: Float64Array, n: number): Float64Array {
  const factor = new Float64Array(n * n);
  for (let a = 0; a < n; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = matrix[a * n + b];
      for (let k = 0; k < b; k++) sum -= factor[a * n + k] * factor[b * n + k];
      if (a === b) factor[a * n + a] = Math.sqrt(Math.max(0, sum));
      else factor[a * n + b] = factor[b * n + b] > 1e-9 ? sum / factor[b * n + b] : 0;
    }
  }
  return factor;
}

function draw(probabilities: readonly number[], random: Random): number {
  let left = random.uniform();
  for (let s = 0; s < probabilities.length - 1; s++) {
    left -= probabilities[s];
    if (left < 0) return s;
  }
  return probabilities.length - 1;
}
