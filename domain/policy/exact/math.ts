/**
 * exp, log and tanh in float64, made of + - * / and exact powers of two only, so that every machine and every JavaScript engine
 * computes the same bits (Math.exp and its kin may differ between engines). Relative error below 1e-14 on the float32 range.
 */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const INVERSE_LN2 = Math.LOG2E;
const SQRT_HALF = Math.SQRT1_2;

/** 2^k for k in [-1074, 1023], by exact halving and doubling. */
const POWERS = (() => {
  const powers = new Float64Array(2098);
  powers[1074] = 1;
  for (let k = 1; k <= 1023; k++) powers[1074 + k] = powers[1074 + k - 1] * 2;
  for (let k = 1; k <= 1074; k++) powers[1074 - k] = powers[1074 - k + 1] / 2;
  return powers;
})();

const INVERSE_FACTORIALS = (() => {
  const values = [1];
  for (let n = 1; n <= 14; n++) values.push(values[n - 1] / n);
  return values;
})();

/** e^x: reduction to |r| <= ln2/2 (Cody and Waite 1980), then the Taylor polynomial of degree 14 in Horner form. */
export function exactExp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709) return Number.POSITIVE_INFINITY;
  if (x < -745) return 0;
  const k = Math.floor(x * INVERSE_LN2 + 0.5);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = INVERSE_FACTORIALS[14];
  for (let n = 13; n >= 0; n--) sum = sum * r + INVERSE_FACTORIALS[n];
  return k > 1022 ? sum * POWERS[1074 + 1022] * POWERS[1074 + k - 1022] : sum * POWERS[1074 + k];
}

/** Natural logarithm: x = m 2^k with m in [sqrt(1/2), sqrt(2)), then 2 artanh((m - 1) / (m + 1)) by its odd series. */
export function exactLog(x: number): number {
  if (Number.isNaN(x) || x < 0) return Number.NaN;
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (x === Number.POSITIVE_INFINITY) return x;
  let k = 0;
  let m = x;
  while (m >= 2 * SQRT_HALF) {
    const step = m >= 4294967296 ? 32 : 1;
    m /= POWERS[1074 + step];
    k += step;
  }
  while (m < SQRT_HALF) {
    const step = m < 2.3283064365386963e-10 ? 32 : 1;
    m *= POWERS[1074 + step];
    k -= step;
  }
  const s = (m - 1) / (m + 1);
  const square = s * s;
  let sum = 1 / 23;
  for (let n = 21; n >= 1; n -= 2) sum = sum * square + 1 / n;
  return k * LN2_HIGH + (k * LN2_LOW + 2 * s * sum);
}

/** tanh x = 1 - 2 / (e^{2|x|} + 1) with the sign of x; near zero the odd series, which keeps relative precision. */
export function exactTanh(x: number): number {
  const size = x < 0 ? -x : x;
  if (size < 0.01) {
    const square = x * x;
    return x * (1 - square * (1 / 3 - square * (2 / 15 - (square * 17) / 315)));
  }
  const value = size > 20 ? 1 : 1 - 2 / (exactExp(2 * size) + 1);
  return x < 0 ? -value : value;
}
