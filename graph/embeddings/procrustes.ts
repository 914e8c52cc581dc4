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
const SETTLED = 1e-14;
const MAX_STEPS = 60;

/**
 * The orthogonal Procrustes problem (Schonemann 1966): the turn R with the least |X R - Y|, X and Y being `from` and `to`, equally many rows of
 * equal length. With fewer rows than dimensions many turns are as good; this is the one nearest to none.
 */
export function procrustes(from: readonly Float64Array[], to: readonly Float64Array[]): Turn {
  const basis = orthonormal([...from, ...to]);
  const inside = (rows: readonly Float64Array[]) =>
    rows.map((row) => Float64Array.from(basis, (axis) => dot(row, axis)));
  const [x, y] = [inside(from), inside(to)];
  const overlap = basis.map((_, i) =>
    Float64Array.from(basis, (_, j) => x.reduce((sum, row, n) => sum + row[i] * y[n][j], 0)),
  );
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

/** U of the polar decomposition A = U H: Newton's iteration, scaled (Higham 1986). A is regular. */
function orthogonalFactor(matrix: readonly Float64Array[]): Float64Array[] {
  let current = matrix.map((row) => row.slice());
  for (let step = 0; step < MAX_STEPS; step++) {
    const inverse = inverseOf(current);
    const scale = Math.sqrt(frobenius(inverse) / frobenius(current));
    const next = current.map((row, i) => row.map((value, j) => 0.5 * (scale * value + inverse[j][i] / scale)));
    const change = frobenius(next.map((row, i) => row.map((value, j) => value - current[i][j])));
    current = next;
    if (change <= SETTLED * frobenius(current) * current.length) break;
  }
  return current;
}

/** Gauss and Jordan, with the largest pivot of each column. */
function inverseOf(matrix: readonly Float64Array[]): Float64Array[] {
  const size = matrix.length;
  const left = matrix.map((row) => row.slice());
  const right = identity(size);
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let i = column + 1; i < size; i++) if (Math.abs(left[i][column]) > Math.abs(left[pivot][column])) pivot = i;
    for (const side of [left, right]) [side[column], side[pivot]] = [side[pivot], side[column]];
    const [lead, mate] = [left[column], right[column]];
    const factor = 1 / (lead[column] || Number.MIN_VALUE);
    for (let j = 0; j < size; j++) {
      lead[j] *= factor;
      mate[j] *= factor;
    }
    for (let i = 0; i < size; i++) {
      const share = left[i][column];
      if (i === column || share === 0) continue;
      for (let j = column; j < size; j++) left[i][j] -= share * lead[j];
      for (let j = 0; j < size; j++) right[i][j] -= share * mate[j];
    }
  }
  return right;
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
