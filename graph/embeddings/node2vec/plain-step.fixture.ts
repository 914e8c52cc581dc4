import { CLAMP, LOG2_E, POWER_OF_TWO } from './kernel.ts';

const { fround } = Math;

/** A step of skip-gram in plain TypeScript, every operation rounded to float32, in the order that the kernel keeps. */
export function plainStep(inputs: Float32Array[], outputs: Float32Array[], rate: number): void {
  const errors = inputs.map((x) => outputs.map((o, j) => errorOf(product(x, o), j === 0, rate)));
  for (let d = 0; d < outputs[0].length; d++) {
    const old = outputs.map((o) => o[d]);
    const change = outputs.map(() => 0);
    inputs.forEach((x, i) => {
      const before = x[d];
      for (let j = 0; j < outputs.length; j++) {
        x[d] = fround(x[d] + fround(errors[i][j] * old[j]));
        change[j] = fround(change[j] + fround(errors[i][j] * before));
      }
    });
    outputs.forEach((o, j) => {
      o[d] = fround(o[d] + change[j]);
    });
  }
}

function product(x: Float32Array, o: Float32Array): number {
  const lanes = [0, 0, 0, 0];
  for (let d = 0; d < x.length; d++) {
    const term = fround(x[d] * o[d]);
    lanes[d % 4] = d < 4 ? term : fround(lanes[d % 4] + term);
  }
  return fround(fround(lanes[0] + lanes[2]) + fround(lanes[1] + lanes[3]));
}

/** rate (y - sigma(score)), sigma(x) = 1 / (1 + 2^(-x log2 e)). */
function errorOf(score: number, isTrue: boolean, rate: number): number {
  const t = fround(Math.max(-CLAMP, Math.min(CLAMP, fround(score * fround(-LOG2_E)))));
  const k = Math.floor(fround(t + 0.5));
  const r = fround(t - k);
  const power = POWER_OF_TWO.reduceRight((sum, coefficient) => fround(fround(sum * r) + coefficient));
  const sigma = fround(1 / fround(1 + fround(power * 2 ** k)));
  const error = fround(fround(0 - fround(rate)) * sigma);
  return isTrue ? fround(error + fround(rate)) : error;
}
