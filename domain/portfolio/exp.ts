/** 2^-k for k = 0..1074, exact: every entry is half of the one before. */
const HALVES = (() => {
  const table = new Float64Array(1075);
  table[0] = 1;
  for (let k = 1; k < table.length; k += 1) table[k] = table[k - 1] / 2;
  return table;
})();

const LN2_HIGH = 0.6931471803691238; // ln 2 with the low 21 bits cleared: k x LN2_HIGH is exact
const LN2_LOW = 1.9082149292705877e-10;

/**
 * e^x for x <= 0 from additions and multiplications only, so that it has the same bits on every machine (`Math.exp` does
 * not promise that). Range reduction x = k ln 2 + r, |r| <= ln 2 / 2, then the Taylor series to r^14: relative error < 2^-51.
 */
export function expOfNegative(x: number): number {
  if (!(x <= 0)) throw new RangeError(`expOfNegative takes a number that is not positive, got ${x}`);
  if (x < -745) return 0;
  const k = Math.round(x / Math.LN2);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = 1;
  for (let n = 14; n >= 1; n -= 1) sum = 1 + (sum * r) / n;
  return sum * HALVES[-k];
}
