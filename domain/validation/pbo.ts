import { badInput } from '../errors.ts';

export interface OverfittingEstimate {
  /** Share of splits whose in-sample best ends in the lower half out of sample. */
  pbo: number;
  meanLogit: number;
  /** Share of splits whose in-sample best loses money out of sample. */
  probabilityOfLoss: number;
  combinations: number;
  rowsUsed: number;
}

/**
 * Probability of backtest overfitting by combinatorially symmetric cross-validation (Bailey, Borwein, Lopez de Prado and Zhu 2017).
 * @param returns [rows, columns] row-major: one column a configuration, the same sessions for all.
 * @param blocks even number S of contiguous blocks; rows that do not fill them are cut at the end. All C(S, S/2) halves are used.
 * A configuration's rank w among N is (rank / (N + 1)), 1 = worst; PBO = share of logit(w) <= 0. Ratios are mean / std (ddof 1); a
 * constant column ranks by the sign of its mean.
 */
export function pbo(returns: Float64Array, columns: number, blocks = 16): OverfittingEstimate {
  const rows = Math.floor(returns.length / columns / blocks) * blocks;
  if (columns < 2 || blocks < 2 || blocks % 2 === 1 || rows < 2 * blocks) {
    throw badInput('PBO_TOO_SMALL', 'PBO needs two configurations and two sessions a block', {
      facts: { columns, blocks, rows: returns.length / columns },
    });
  }
  const { sums, squares } = blockSums(returns, columns, blocks, rows / blocks);
  const half = rows / 2;
  const inside = new Float64Array(columns);
  const outside = new Float64Array(columns);
  const counts = { logits: 0, low: 0, losses: 0, combinations: 0 };
  forEachHalf(blocks, (chosen) => {
    ratios(sums, squares, columns, blocks, chosen, 1, half, inside);
    ratios(sums, squares, columns, blocks, chosen, 0, half, outside);
    let best = 0;
    for (let c = 1; c < columns; c += 1) if (inside[c] > inside[best]) best = c;
    const w = rankOf(outside, best) / (columns + 1);
    const logit = Math.log(w / (1 - w));
    counts.logits += logit;
    if (logit <= 0) counts.low += 1;
    if (outside[best] < 0) counts.losses += 1;
    counts.combinations += 1;
  });
  const n = counts.combinations;
  return {
    pbo: counts.low / n,
    meanLogit: counts.logits / n,
    probabilityOfLoss: counts.losses / n,
    combinations: n,
    rowsUsed: rows,
  };
}

function blockSums(
  returns: Float64Array,
  columns: number,
  blocks: number,
  size: number,
): { sums: Float64Array; squares: Float64Array } {
  const sums = new Float64Array(blocks * columns);
  const squares = new Float64Array(blocks * columns);
  for (let row = 0; row < blocks * size; row += 1) {
    const block = Math.floor(row / size);
    for (let c = 0; c < columns; c += 1) {
      const value = returns[row * columns + c];
      sums[block * columns + c] += value;
      squares[block * columns + c] += value * value;
    }
  }
  return { sums, squares };
}

function ratios(
  sums: Float64Array,
  squares: Float64Array,
  columns: number,
  blocks: number,
  chosen: Uint8Array,
  side: 0 | 1,
  n: number,
  out: Float64Array,
): void {
  for (let c = 0; c < columns; c += 1) {
    let sum = 0;
    let square = 0;
    for (let block = 0; block < blocks; block += 1) {
      if (chosen[block] !== side) continue;
      sum += sums[block * columns + c];
      square += squares[block * columns + c];
    }
    const mean = sum / n;
    const variance = (square - n * mean * mean) / (n - 1);
    const constant = variance <= 1e-12 * (square / n);
    out[c] = constant ? (mean === 0 ? 0 : Math.sign(mean) * Number.MAX_VALUE) : mean / Math.sqrt(variance);
  }
}

/** Place of `values[index]` in ascending order, 1 = worst; ties share their mean place. */
function rankOf(values: Float64Array, index: number): number {
  let below = 0;
  let equal = 0;
  for (const value of values) {
    if (value < values[index]) below += 1;
    else if (value === values[index]) equal += 1;
  }
  return below + (equal + 1) / 2;
}

/** Every choice of half the blocks, as a mask, in lexicographic order. */
function forEachHalf(blocks: number, visit: (chosen: Uint8Array) => void): void {
  const chosen = new Uint8Array(blocks);
  const pick = (from: number, left: number): void => {
    if (left === 0) {
      visit(chosen);
      return;
    }
    for (let b = from; b <= blocks - left; b += 1) {
      chosen[b] = 1;
      pick(b + 1, left - 1);
      chosen[b] = 0;
    }
  };
  pick(0, blocks / 2);
}
