import { defaultDevice, type Array as JaxArray, numpy } from '@jax-js/jax';
import type { Feed } from './run-graph.fixture.ts';

/*
 * jax-js differentiates by code of its own, which shares nothing with this engine: the oracle for operators, networks and losses. Its plain
 * interpreter computes in float64. An array is used up by the call that takes it: read it as `x.ref` wherever it is needed again.
 */
defaultDevice('cpu');

export type { JaxArray };

export const jaxArray = (values: ArrayLike<number>, shape: readonly number[]): JaxArray =>
  numpy.array(Float64Array.from(values), { shape: [...shape] });

export const jaxScalar = (value: number): JaxArray => jaxArray([value], []);

export const jaxOf = ({ data, dims }: Feed): JaxArray => jaxArray(data, dims);

/** Largest difference of two vectors, as a share of the largest value of the expected one. */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let [worst, scale] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    if (!Number.isFinite(actual[i]) || !Number.isFinite(expected[i])) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  return worst === 0 ? 0 : worst / scale;
}
