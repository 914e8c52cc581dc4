import { ProductError } from '../../../domain/errors.ts';

/** A size, or the symbol of a size that is known only when the graph runs ('batch', 'assets'). */
export type Dim = number | string;

/** A value of a graph under construction: its ONNX name and shape. `differentiable`: a gradient may flow back through it. */
export interface Tensor {
  readonly name: string;
  readonly dims: readonly Dim[];
  readonly differentiable: boolean;
}

export const shapeMismatch = (operator: string, facts: Record<string, unknown>): ProductError =>
  new ProductError('GRAPH_SHAPE', `The operands of ${operator} do not fit together`, { facts });

export const isStatic = (dims: readonly Dim[]): dims is readonly number[] =>
  dims.every((dim) => typeof dim === 'number');

/** Number of values of a static shape. */
export function sizeOf(dims: readonly Dim[]): number {
  return dims.reduce<number>((product, dim) => {
    if (typeof dim !== 'number') throw shapeMismatch('a static shape', { dims: [...dims] });
    return product * dim;
  }, 1);
}

export const sameDims = (a: readonly Dim[], b: readonly Dim[]): boolean =>
  a.length === b.length && a.every((dim, i) => dim === b[i]);

/** Numpy broadcasting; symbols are equal only to themselves. */
export function broadcast(operator: string, a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw shapeMismatch(operator, { left: [...a], right: [...b] });
    return x === 1 ? y : x;
  });
}
