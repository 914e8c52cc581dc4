import { broadcastDims, broadcastStrides, elementsOf, newValue, shapeError, type Value } from './value.ts';

/*
 * Arithmetic: every result is one float64 operation (or a float64 sum in ascending index order) on float32 operands, rounded
 * once to float32 by the store. For + - * / this equals IEEE float32 arithmetic; sums are more exact than float32 ones.
 */

export function unary(operator: string, x: Value, f: (x: number) => number): Value {
  const out = newValue(operator, x.dims);
  for (let i = 0; i < out.data.length; i++) out.data[i] = f(x.data[i]);
  return out;
}

export function binary(operator: string, a: Value, b: Value, f: (a: number, b: number) => number): Value {
  const out = newValue(operator, broadcastDims(operator, a.dims, b.dims));
  const rank = out.dims.length;
  const left = broadcastStrides(a.dims, out.dims);
  const right = broadcastStrides(b.dims, out.dims);
  const index = new Array<number>(rank).fill(0);
  let i = 0;
  let j = 0;
  for (let n = 0; n < out.data.length; n++) {
    out.data[n] = f(a.data[i], b.data[j]);
    for (let d = rank - 1; d >= 0; d--) {
      i += left[d];
      j += right[d];
      if (++index[d] < out.dims[d]) break;
      i -= left[d] * out.dims[d];
      j -= right[d] * out.dims[d];
      index[d] = 0;
    }
  }
  return out;
}

/** C[m,n] += A[m,k] B[k,n] of one matrix pair; sums over k ascend. Zeros of A (from Relu) are passed over: they add nothing. */
function multiplyInto(
  a: Float32Array,
  aAt: number,
  b: Float32Array,
  bAt: number,
  out: Float32Array,
  outAt: number,
  m: number,
  k: number,
  n: number,
  sums: Float64Array,
): void {
  for (let row = 0; row < m; row++) {
    sums.fill(0);
    for (let inner = 0; inner < k; inner++) {
      const factor = a[aAt + row * k + inner];
      if (factor === 0) continue;
      const start = bAt + inner * n;
      for (let column = 0; column < n; column++) sums[column] += factor * b[start + column];
    }
    const start = outAt + row * n;
    for (let column = 0; column < n; column++) out[start + column] = sums[column];
  }
}

/** MatMul of rank >= 2 operands; leading dimensions broadcast. */
export function matmul(a: Value, b: Value): Value {
  if (a.dims.length < 2 || b.dims.length < 2)
    throw shapeError('MatMul', 'operands must have at least 2 dimensions', { left: a.dims, right: b.dims });
  const [m, k] = a.dims.slice(-2);
  const [inner, n] = b.dims.slice(-2);
  if (k !== inner) throw shapeError('MatMul', 'inner dimensions differ', { left: a.dims, right: b.dims });
  const batchDims = broadcastDims('MatMul', a.dims.slice(0, -2), b.dims.slice(0, -2));
  const out = newValue('MatMul', [...batchDims, m, n]);
  const left = broadcastStrides(a.dims.slice(0, -2), batchDims);
  const right = broadcastStrides(b.dims.slice(0, -2), batchDims);
  const sums = new Float64Array(n);
  for (let batch = 0; batch < elementsOf(batchDims); batch++) {
    let rest = batch;
    let i = 0;
    let j = 0;
    for (let d = batchDims.length - 1; d >= 0; d--) {
      const at = rest % batchDims[d];
      rest = (rest - at) / batchDims[d];
      i += at * left[d];
      j += at * right[d];
    }
    multiplyInto(a.data, i * m * k, b.data, j * k * n, out.data, batch * m * n, m, k, n, sums);
  }
  return out;
}

/** alpha op(A) op(B) + beta C, 2-D. */
export function gemm(
  a: Value,
  b: Value,
  c: Value | null,
  options: { alpha: number; beta: number; transA: boolean; transB: boolean },
): Value {
  if (a.dims.length !== 2 || b.dims.length !== 2)
    throw shapeError('Gemm', 'operands must have 2 dimensions', { left: a.dims, right: b.dims });
  const product = matmul(options.transA ? transpose(a, [1, 0]) : a, options.transB ? transpose(b, [1, 0]) : b);
  if (options.alpha !== 1) for (let i = 0; i < product.data.length; i++) product.data[i] *= options.alpha;
  if (!c) return product;
  const out = binary('Gemm', product, c, (x, y) => x + options.beta * y);
  if (out.data.length !== product.data.length)
    throw shapeError('Gemm', 'the added term is larger than the product', { dims: c.dims });
  return out;
}

/** Axis d of the result is axis perm[d] of x. */
export function transpose(x: Value, perm: readonly number[]): Value {
  const rank = x.dims.length;
  if (perm.length !== rank || new Set(perm.map((axis) => checkAxis('Transpose', axis, rank))).size !== rank)
    throw shapeError('Transpose', 'not a permutation of the axes', { perm, dims: x.dims });
  const strides = stridesOf(x.dims);
  const out = newValue(
    'Transpose',
    perm.map((axis) => x.dims[axis]),
  );
  walk(
    out.dims,
    perm.map((axis) => strides[axis]),
    (n, from) => {
      out.data[n] = x.data[from];
    },
  );
  return out;
}

/** Visit every element of `dims` in order: its place n, and the place that `strides` lead to. */
function walk(dims: readonly number[], strides: readonly number[], visit: (n: number, place: number) => void): void {
  const count = elementsOf(dims);
  const index = new Array<number>(dims.length).fill(0);
  let place = 0;
  for (let n = 0; n < count; n++) {
    visit(n, place);
    for (let d = dims.length - 1; d >= 0; d--) {
      place += strides[d];
      if (++index[d] < dims[d]) break;
      place -= strides[d] * dims[d];
      index[d] = 0;
    }
  }
}

/** Sum over the given axes, in ascending index order, in float64. */
export const reduceSum = (x: Value, axes: readonly number[], keepDims: boolean): Value =>
  reduce('ReduceSum', x, axes, keepDims, 0, (sum, value) => sum + value);

/** Largest value over the given axes. */
export const reduceMax = (x: Value, axes: readonly number[], keepDims: boolean): Value =>
  reduce('ReduceMax', x, axes, keepDims, Number.NEGATIVE_INFINITY, (most, value) => Math.max(most, value));

function reduce(
  operator: string,
  x: Value,
  axes: readonly number[],
  keepDims: boolean,
  start: number,
  join: (before: number, value: number) => number,
): Value {
  const reduced = new Set(axes.map((axis) => checkAxis(operator, axis, x.dims.length)));
  const kept = x.dims.map((dim, d) => (reduced.has(d) ? 1 : dim));
  const out = newValue(operator, keepDims ? kept : x.dims.filter((_, d) => !reduced.has(d)));
  const joined = new Float64Array(out.data.length).fill(start);
  walk(x.dims, broadcastStrides(kept, x.dims), (n, target) => {
    joined[target] = join(joined[target], x.data[n]);
  });
  out.data.set(joined);
  return out;
}

/** Reshape with ONNX's 0 (copy the dimension) and -1 (infer it). Shares the data. */
export function reshape(x: Value, target: readonly number[]): Value {
  const dims = target.map((dim, i) => (dim === 0 ? x.dims[i] : dim));
  if (dims.some((dim) => dim === undefined || dim < -1) || dims.filter((dim) => dim === -1).length > 1)
    throw shapeError('Reshape', 'not a target shape', { target });
  const known = dims.reduce((product, dim) => (dim === -1 ? product : product * dim), 1);
  const resolved = dims.map((dim) => (dim === -1 ? x.data.length / known : dim));
  if (elementsOf(resolved) !== x.data.length || resolved.some((dim) => !Number.isInteger(dim)))
    throw shapeError('Reshape', 'the number of values changes', { from: x.dims, target });
  return { dims: resolved, data: x.data };
}

/** Slice with step 1. */
export function slice(x: Value, starts: readonly number[], ends: readonly number[], axes: readonly number[]): Value {
  if (starts.length !== ends.length || starts.length !== axes.length)
    throw shapeError('Slice', 'starts, ends and axes differ in length');
  const from = x.dims.map(() => 0);
  const dims = [...x.dims];
  axes.forEach((raw, i) => {
    const axis = checkAxis('Slice', raw, x.dims.length);
    const clampTo = (value: number): number =>
      Math.min(Math.max(value < 0 ? value + x.dims[axis] : value, 0), x.dims[axis]);
    from[axis] = clampTo(starts[i]);
    dims[axis] = Math.max(0, clampTo(ends[i]) - from[axis]);
  });
  const out = newValue('Slice', dims);
  const strides = stridesOf(x.dims);
  const index = dims.map(() => 0);
  for (let n = 0; n < out.data.length; n++) {
    let at = 0;
    for (let d = 0; d < dims.length; d++) at += (from[d] + index[d]) * strides[d];
    out.data[n] = x.data[at];
    for (let d = dims.length - 1; d >= 0; d--) {
      if (++index[d] < dims[d]) break;
      index[d] = 0;
    }
  }
  return out;
}

export function concat(values: readonly Value[], rawAxis: number): Value {
  const rank = values[0].dims.length;
  const axis = checkAxis('Concat', rawAxis, rank);
  const dims = [...values[0].dims];
  dims[axis] = 0;
  for (const value of values) {
    if (value.dims.length !== rank || value.dims.some((dim, d) => d !== axis && dim !== dims[d]))
      throw shapeError('Concat', 'shapes differ', { shapes: values.map((v) => v.dims) });
    dims[axis] += value.dims[axis];
  }
  const out = newValue('Concat', dims);
  const outer = elementsOf(dims.slice(0, axis));
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const value of values) {
      const size = elementsOf(value.dims.slice(axis));
      out.data.set(value.data.subarray(o * size, (o + 1) * size), at);
      at += size;
    }
  }
  return out;
}

function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let d = dims.length - 2; d >= 0; d--) strides[d] = strides[d + 1] * dims[d + 1];
  return strides;
}

function checkAxis(operator: string, axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!(resolved >= 0 && resolved < rank)) throw shapeError(operator, 'axis out of range', { axis, rank });
  return resolved;
}
