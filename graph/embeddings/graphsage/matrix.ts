/** Row-major float64 [rows, columns]. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

export const zeros = (rows: number, columns: number): Matrix => ({
  rows,
  columns,
  data: new Float64Array(rows * columns),
});

/** A B. Zeros of A (from ReLU, from one-hots) are passed over. */
export function multiply(a: Matrix, b: Matrix): Matrix {
  const out = zeros(a.rows, b.columns);
  for (let i = 0; i < a.rows; i++) {
    const row = out.data.subarray(i * b.columns, (i + 1) * b.columns);
    for (let k = 0; k < a.columns; k++) addScaled(row, a.data[i * a.columns + k], b.data, k * b.columns);
  }
  return out;
}

/** transpose(A) B. */
export function multiplyTransposed(a: Matrix, b: Matrix): Matrix {
  const out = zeros(a.columns, b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < a.columns; k++) {
      const row = out.data.subarray(k * b.columns, (k + 1) * b.columns);
      addScaled(row, a.data[i * a.columns + k], b.data, i * b.columns);
    }
  }
  return out;
}

export function transposed(a: Matrix): Matrix {
  const out = zeros(a.columns, a.rows);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.columns; j++) out.data[j * a.rows + i] = a.data[i * a.columns + j];
  return out;
}

/** row += factor x the entries of `from` that begin at `at`. */
function addScaled(row: Float64Array, factor: number, from: Float64Array, at: number): void {
  if (factor === 0) return;
  for (let j = 0; j < row.length; j++) row[j] += factor * from[at + j];
}
