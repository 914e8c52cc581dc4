/** A rotation (or reflection) of row vectors that leaves everything outside the span of `basis` where it is. */
export interface Turn {
  /** Orthonormal rows, float64 [rank, dimensions]. */
  readonly basis: readonly Float64Array[];
  /** Orthogonal, float64 [rank, rank]: coordinates in the basis are multiplied by it from the right. */
  readonly matrix: readonly Float64Array[];
}

/** Share of the overlap by which "no turn" pulls: it decides only directions of which the rows say nothing. */
const PULL = 1e-9;
/** What is left of a row beside the basis must be more than this share of it to count as a direction of its own. */
const INDEPENDENT = 1e-9;
/** Mean squared change of a row in a step: the iteration converges quadratically, so the next change would be rounding. */
const SETTLED = 1e-16;
/** From here on scaling would only disturb the convergence. */
const NEAR = 1e-2;
const MAX_STEPS = 40;

/**
 * The orthogonal Procrustes problem (Schonemann 1966): the turn R with the least |X R - Y|, X and Y being `from` and `to`, equally many rows of
 * equal length. With fewer rows than dimensions many turns are as good; this is the one nearest to none.
 */
export function procrustes(from: readonly Float64Array[], to: readonly Float64Array[]): Turn {
  const basis = orthonormal([...from, ...to]);
  const inside = (rows: readonly Float64Array[]) =>
    rows.map((row) => Float64Array.from(basis, (axis) => dot(row, axis)));
  const [x, y] = [inside(from), inside(to)];
  const overlap = basis.map(() => new Float64Array(basis.length));
  x.forEach((row, n) => {
    overlap.forEach((sums, i) => {
      for (let j = 0; j < sums.length; j++) sums[j] += row[i] * y[n][j];
    });
  });
  const pull = PULL * frobenius(overlap);
  overlap.forEach((row, i) => {
    row[i] += pull;
  });
  return { basis, matrix: pull > 0 ? orthogonalFactor(overlap) : identity(basis.length) };
}

/** `row` turned. */
export function turned({ basis, matrix }: Turn, row: Float64Array): Float64Array {
  const coordinates = basis.map((axis) => dot(row, axis));
  const result = row.slice();
  basis.forEach((axis, j) => {
    let moved = -coordinates[j];
    for (let i = 0; i < coordinates.length; i++) moved += coordinates[i] * matrix[i][j];
    for (let d = 0; d < result.length; d++) result[d] += moved * axis[d];
  });
  return result;
}

/** Gram and Schmidt, each row against the basis twice ("twice is enough": Giraud et al. 2005). */
function orthonormal(rows: readonly Float64Array[]): Float64Array[] {
  const basis: Float64Array[] = [];
  for (const row of rows) {
    const rest = row.slice();
    for (let pass = 0; pass < 2; pass++) {
      for (const axis of basis) {
        const share = dot(rest, axis);
        for (let d = 0; d < rest.length; d++) rest[d] -= share * axis[d];
      }
    }
    const length = Math.sqrt(dot(rest, rest));
    if (basis.length < row.length && length > INDEPENDENT * Math.sqrt(dot(row, row)))
      basis.push(rest.map((value) => value / length));
  }
  return basis;
}

/** U of the polar decomposition A = U H: Newton's iteration, scaled while it is far from orthogonal (Higham 1986). A is regular. */
function orthogonalFactor(matrix: readonly Float64Array[]): Float64Array[] {
  const size = matrix.length;
  const current = matrix.map((row) => row.slice());
  for (let step = 0; step < MAX_STEPS; step++) {
    const inverse = inverseOf(current);
    const ratio = Math.sqrt(frobenius(inverse) / frobenius(current));
    const scale = Math.abs(ratio - 1) < NEAR ? 1 : ratio;
    let change = 0;
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        const next = 0.5 * (scale * current[i][j] + inverse[j][i] / scale);
        change += (next - current[i][j]) ** 2;
        current[i][j] = next;
      }
    }
    if (change <= SETTLED * size) break;
  }
  return current;
}

/** Gauss and Jordan in place, with the largest pivot of each column: exchanged rows are exchanged back as columns. */
function inverseOf(matrix: readonly Float64Array[]): Float64Array[] {
  const size = matrix.length;
  const inverse = matrix.map((row) => row.slice());
  const pivots = new Int32Array(size);
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let i = column + 1; i < size; i++)
      if (Math.abs(inverse[i][column]) > Math.abs(inverse[pivot][column])) pivot = i;
    pivots[column] = pivot;
    [inverse[column], inverse[pivot]] = [inverse[pivot], inverse[column]];
    const lead = inverse[column];
    const factor = 1 / (lead[column] || Number.MIN_VALUE);
    lead[column] = 1;
    for (let j = 0; j < size; j++) lead[j] *= factor;
    for (let i = 0; i < size; i++) if (i !== column) eliminate(inverse[i], lead, column);
  }
  for (let column = size - 1; column >= 0; column--) {
    const other = pivots[column];
    for (const row of inverse) [row[column], row[other]] = [row[other], row[column]];
  }
  return inverse;
}

function eliminate(row: Float64Array, lead: Float64Array, column: number): void {
  const share = row[column];
  row[column] = 0;
  for (let j = 0; j < row.length; j++) row[j] -= share * lead[j];
}

const identity = (size: number): Float64Array[] =>
  Array.from({ length: size }, (_, i) => new Float64Array(size).fill(1, i, i + 1));

const frobenius = (matrix: readonly Float64Array[]): number =>
  Math.sqrt(matrix.reduce((sum, row) => sum + dot(row, row), 0));

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < x.length; d++) sum += x[d] * y[d];
  return sum;
}
