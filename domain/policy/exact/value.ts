import { badInput, type ProductError } from '../../errors.ts';

/** A tensor while a graph is interpreted: row-major float32 data, or the integers of a shape, axes or slice argument. */
export interface Value {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

const MAX_ELEMENTS = 1 << 24;

export const shapeError = (operator: string, problem: string, facts: Record<string, unknown> = {}): ProductError =>
  badInput('ONNX_SHAPE', 'The model cannot be run on this input', { facts: { operator, problem, ...facts } });

export function elementsOf(dims: readonly number[]): number {
  let count = 1;
  for (const dim of dims) count *= dim;
  return count;
}

export function newValue(operator: string, dims: readonly number[]): Value {
  const count = elementsOf(dims);
  if (!(count <= MAX_ELEMENTS)) throw shapeError(operator, 'a result is too large', { dims });
  return { dims, data: new Float32Array(count) };
}

/** Numpy broadcasting of two shapes. */
export function broadcastDims(operator: string, a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw shapeError(operator, 'shapes do not broadcast', { left: a, right: b });
    return x === 1 ? y : x;
  });
}

/** Strides of `dims` seen through the broadcast shape `out`: 0 where the dimension is repeated. */
export function broadcastStrides(dims: readonly number[], out: readonly number[]): number[] {
  const strides = new Array<number>(out.length).fill(0);
  let stride = 1;
  for (let i = dims.length - 1; i >= 0; i--) {
    if (dims[i] !== 1) strides[i + out.length - dims.length] = stride;
    stride *= dims[i];
  }
  return strides;
}
