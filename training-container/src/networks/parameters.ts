import type { Random } from '../../../domain/simulation/random.ts';
import type { GraphBuilder } from '../autodiff/graph-builder.ts';
import { sizeOf, type Tensor } from '../autodiff/tensor.ts';

/** One named part of the flat parameter vector, and how it starts: normal with standard deviation gain / sqrt(fan in), or a constant. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly start:
    | { readonly kind: 'normal'; readonly gain: number }
    | { readonly kind: 'constant'; readonly value: number };
}

export type Parameters = Readonly<Record<string, Tensor>>;

/** What has parameters: a network or a part of one. */
export interface Parametrised {
  readonly parameters: readonly ParameterSpec[];
}

export const normal = (name: string, shape: readonly number[], gain: number): ParameterSpec => ({
  name,
  shape,
  start: { kind: 'normal', gain },
});
export const constant = (name: string, shape: readonly number[], value = 0): ParameterSpec => ({
  name,
  shape,
  start: { kind: 'constant', value },
});

/** Number of values in the flat parameter vector. */
export const parameterCount = (network: Parametrised): number =>
  network.parameters.reduce((sum, spec) => sum + sizeOf(spec.shape), 0);

/** The flat parameter vector at step 0. */
export function initialParameters(network: Parametrised, random: Random): Float64Array {
  const flat = new Float64Array(parameterCount(network));
  let at = 0;
  for (const spec of network.parameters) {
    const size = sizeOf(spec.shape);
    const { start } = spec;
    for (let i = 0; i < size; i++)
      flat[at + i] = Math.fround(
        start.kind === 'constant' ? start.value : (random.normal() * start.gain) / Math.sqrt(spec.shape[0]),
      );
    at += size;
  }
  return flat;
}

/** Parameters as slices of one flat graph input of size P: one tensor crosses into the runtime, not fifteen. */
export function flatParameters(
  g: GraphBuilder,
  flat: Tensor,
  network: Parametrised,
): { leaves: Tensor[]; parameters: Parameters } {
  const leaves = g.split(
    flat,
    network.parameters.map((spec) => spec.shape),
  );
  return { leaves, parameters: Object.fromEntries(network.parameters.map((spec, i) => [spec.name, leaves[i]])) };
}

/** Parameters stored in the graph, for serving; `flat` may be longer than the network needs. */
export function storedParameters(g: GraphBuilder, flat: ArrayLike<number>, network: Parametrised): Parameters {
  const stored: Record<string, Tensor> = {};
  let at = 0;
  for (const spec of network.parameters) {
    const size = sizeOf(spec.shape);
    stored[spec.name] = g.weights(
      spec.name,
      Float32Array.from({ length: size }, (_, i) => flat[at + i]),
      spec.shape,
    );
    at += size;
  }
  return stored;
}
