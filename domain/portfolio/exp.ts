/** 2^-k for k = 0..1074, exact: every entry is half of the one before. */
const HALVES = (() => {
  const table = new Float64Array(1075);
  table[0] = 1;
  for (let k = 1; k < table.length; k += 1) table[k] = table[k - 1] / 2;
  return table;
})();

/** 2^(-j / 16) for j = 0..15, from square roots (correctly rounded everywhere) and products. */
const SIXTEENTHS = (() => {
  const roots = [0.5];
  for (let i = 0; i < 4; i += 1) roots.push(Math.sqrt(roots[i]));
  const [, half, quarter, eighth, sixteenth] = roots;
  const factor = (j: number, bit: number, root: number): number => ((j & bit) === 0 ? 1 : root);
  return Float64Array.from(
    { length: 16 },
    (_, j) => factor(j, 8, half) * factor(j, 4, quarter) * factor(j, 2, eighth) * factor(j, 1, sixteenth),
  );
})();

const SIXTEENTH_LN2_HIGH = 0.04332169877307024; // (ln 2) / 16 with its low bits cleared: k x HIGH is exact
const SIXTEENTH_LN2_LOW = 1.1926343307941173e-11;
/** The number just below a half: cutting y + this to an integer rounds y >= 0 as `Math.round` does, without a branch that is hard to predict. */
const ALMOST_HALF = 0.49999999999999994;

/**
 * e^x for x <= 0 from additions, multiplications and square roots only, so that it has the same bits on every machine (`Math.exp`
 * does not promise that). x = -k (ln 2) / 16 + r with |r| <= (ln 2) / 32, then the Taylor series to r^7: relative error < 1e-15.
 * @throws RangeError for a positive number or NaN.
 */
export function expOfNegative(x: number): number {
  if (!(x <= 0)) throw new RangeError(`expOfNegative takes a number that is not positive, got ${x}`);
  if (x < -745) return 0;
  const k = ((-16 * x) / Math.LN2 + ALMOST_HALF) | 0;
  const r = x + k * SIXTEENTH_LN2_HIGH + k * SIXTEENTH_LN2_LOW;
  const square = r * r;
  const low = 1 + r + square * (1 / 2 + r * (1 / 6));
  const high = 1 / 24 + r * (1 / 120) + square * (1 / 720 + r * (1 / 5040));
  return (low + square * square * high) * SIXTEENTHS[k & 15] * HALVES[k >> 4];
}
