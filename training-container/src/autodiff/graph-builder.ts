import { encodeModel } from '../../../domain/policy/onnx/encode.ts';
import type { OnnxAttribute, OnnxNode, OnnxTensor, OnnxValueInfo } from '../../../domain/policy/onnx/graph.ts';
import { broadcast, type Dim, isStatic, sameDims, shapeMismatch, sizeOf, type Tensor } from './tensor.ts';

/** How a gradient flows back through one node: d loss / d output -> d loss / d input, null where none is needed. */
export type Backward = (gradient: Tensor) => (Tensor | null)[];

interface TapeEntry {
  readonly output: Tensor;
  readonly inputs: readonly Tensor[];
  readonly backward: Backward;
}

const INT64_MAX = 9223372036854775807n;

/**
 * Builds an ONNX graph node by node and remembers how to differentiate it (reverse mode). Every method emits the node and
 * returns its output. Gradients need static shapes; a graph for serving may have symbolic ones.
 */
export class GraphBuilder {
  readonly tape: TapeEntry[] = [];
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: OnnxTensor[] = [];
  readonly #inputs: OnnxValueInfo[] = [];
  readonly #constants = new Map<string, Tensor>();
  /** A reshaped value -> the value that it was reshaped from. */
  readonly #reshaped = new Map<string, Tensor>();
  /** Reshapes by value and shape. */
  readonly #reshapes = new Map<string, Tensor>();
  /** Products without a third operand, by the value they give. */
  readonly #products = new Map<string, { a: Tensor; b: Tensor; attributes: Record<string, OnnxAttribute> }>();
  #count = 0;

  input(name: string, dims: readonly Dim[], differentiable = false): Tensor {
    this.#inputs.push({ name, type: 'float32', dims });
    return { name, dims, differentiable };
  }

  /** A float32 constant. Equal scalars share one initializer. */
  constant(values: ArrayLike<number>, dims: readonly number[] = []): Tensor {
    const key = values.length === 1 ? `f:${values[0]}:${dims.join()}` : `f:#${this.#constants.size}`;
    return this.#shared(key, dims, (name) => ({ name, dims, type: 'float32', data: Float32Array.from(values) }));
  }

  /** A named parameter stored in the graph (for serving). */
  weights(name: string, values: Float32Array, dims: readonly number[]): Tensor {
    this.#initializers.push({ name, dims, type: 'float32', data: values });
    return { name, dims, differentiable: false };
  }

  add(a: Tensor, b: Tensor): Tensor {
    return this.#elementwise('Add', a, b, (g) => [g, g]);
  }

  sub(a: Tensor, b: Tensor): Tensor {
    return this.#elementwise('Sub', a, b, (g) => [g, b.differentiable ? this.neg(g) : null]);
  }

  mul(a: Tensor, b: Tensor): Tensor {
    return this.#elementwise('Mul', a, b, (g) => [
      a.differentiable ? this.mul(g, b) : null,
      b.differentiable ? this.mul(g, a) : null,
    ]);
  }

  div(a: Tensor, b: Tensor): Tensor {
    const out: Tensor = this.#elementwise('Div', a, b, (g) => {
      const scaled = this.div(g, b);
      return [a.differentiable ? scaled : null, b.differentiable ? this.neg(this.mul(scaled, out)) : null];
    });
    return out;
  }

  /** Elementwise larger; a tie sends its gradient to `a`. */
  max(a: Tensor, b: Tensor): Tensor {
    return this.#elementwise('Max', a, b, (g) => this.#route(g, this.greater(b, a)));
  }

  /** Elementwise smaller; a tie sends its gradient to `a`. */
  min(a: Tensor, b: Tensor): Tensor {
    return this.#elementwise('Min', a, b, (g) => this.#route(g, this.greater(a, b)));
  }

  neg(x: Tensor): Tensor {
    return this.#unary('Neg', x, (g) => this.neg(g));
  }

  exp(x: Tensor): Tensor {
    const out: Tensor = this.#unary('Exp', x, (g) => this.mul(g, out));
    return out;
  }

  log(x: Tensor): Tensor {
    return this.#unary('Log', x, (g) => this.div(g, x));
  }

  tanh(x: Tensor): Tensor {
    const out: Tensor = this.#unary('Tanh', x, (g) => this.mul(g, this.sub(this.constant([1]), this.mul(out, out))));
    return out;
  }

  /** max(x, 0). The gradient's mask is min(1e30 y, 1): one vectorised pass, where Sign, or Greater and Where, are scalar. */
  relu(x: Tensor): Tensor {
    const out: Tensor = this.#unary('Relu', x, (g) => this.mul(g, this.positive(out)));
    return out;
  }

  square(x: Tensor): Tensor {
    return this.mul(x, x);
  }

  scale(x: Tensor, factor: number): Tensor {
    return this.mul(x, this.constant([factor]));
  }

  /** 1 where x > 0 and 0 where x = 0, of a tensor that is never negative (values below 1e-30 count in part); no gradient. */
  positive(x: Tensor): Tensor {
    const attributes = { alpha: { kind: 'float', value: 1e30 }, beta: { kind: 'float', value: 0 } } as const;
    return this.#emit('HardSigmoid', [x], x.dims, attributes, null);
  }

  /** 1 where a > b, else 0; no gradient. */
  greater(a: Tensor, b: Tensor): Tensor {
    const dims = broadcast('Greater', a.dims, b.dims);
    return this.#emit(
      'Cast',
      [this.#emit('Greater', [a, b], dims, {}, null)],
      dims,
      { to: { kind: 'int', value: 1 } },
      null,
    );
  }

  /** x limited to [low, high]; the gradient passes where the limit does not bind. */
  clip(x: Tensor, low: number, high: number): Tensor {
    return this.min(this.max(x, this.constant([low])), this.constant([high]));
  }

  /** [.., m, k] x [.., k, n], equal leading dimensions. */
  matmul(a: Tensor, b: Tensor): Tensor {
    if (a.dims.length !== b.dims.length || a.dims.length < 2)
      throw shapeMismatch('MatMul', { left: [...a.dims], right: [...b.dims] });
    const lead = a.dims.slice(0, -2);
    if (!sameDims(lead, b.dims.slice(0, -2)) || a.dims.at(-1) !== b.dims.at(-2))
      throw shapeMismatch('MatMul', { left: [...a.dims], right: [...b.dims] });
    if (a.dims.at(-1) === 1) return this.mul(a, b); // an outer product: one vectorised pass
    return this.#emit('MatMul', [a, b], [...lead, a.dims.at(-2) as Dim, b.dims.at(-1) as Dim], {}, (g) => [
      a.differentiable ? this.matmul(g, this.transposeLast(b)) : null,
      b.differentiable ? this.matmul(this.transposeLast(a), g) : null,
    ]);
  }

  transposeLast(x: Tensor): Tensor {
    const rank = x.dims.length;
    const dims = [...x.dims.slice(0, -2), x.dims[rank - 1], x.dims[rank - 2]];
    if (x.dims[rank - 1] === 1 || x.dims[rank - 2] === 1) return this.reshape(x, dims); // same order of values
    const perm = [...Array(rank - 2).keys(), rank - 1, rank - 2];
    return this.#emit('Transpose', [x], dims, { perm: { kind: 'ints', value: perm } }, (g) => [this.transposeLast(g)]);
  }

  /**
   * x [.., k] W [k, n] (+ b [n]). Static shapes: one Gemm over flattened rows (bias fused, transposed products for gradients).
   * Symbolic shapes: MatMul and Add, which need no shape arithmetic.
   */
  linear(x: Tensor, w: Tensor, b: Tensor | null = null): Tensor {
    const [k, n] = w.dims;
    if (x.dims.at(-1) !== k || (b && !sameDims(b.dims, [n])))
      throw shapeMismatch('linear', { x: [...x.dims], w: [...w.dims], b: b ? [...b.dims] : null });
    const dims = [...x.dims.slice(0, -1), n];
    if (!isStatic(x.dims)) {
      const product = this.#emit('MatMul', [x, w], dims, {}, null);
      return b ? this.add(product, b) : product;
    }
    const rows = sizeOf(x.dims.slice(0, -1));
    const flat = this.reshape(x, [rows, k]);
    const product = this.#emit('Gemm', b ? [flat, w, b] : [flat, w], [rows, n], {}, (g) => [
      flat.differentiable ? this.#gemm(g, w, [rows, k], { transB: true }) : null,
      w.differentiable ? this.#gemm(flat, g, [k, n], { transA: true }) : null,
      ...(b ? [b.differentiable ? this.#sumOfRows(g) : null] : []),
    ]);
    return this.reshape(product, dims);
  }

  sum(x: Tensor, axes: readonly number[], keepDims: boolean): Tensor {
    const kept = x.dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
    const dims = keepDims ? kept : x.dims.filter((_, axis) => !axes.includes(axis));
    const attributes: Record<string, OnnxAttribute> = { keepdims: { kind: 'int', value: keepDims ? 1 : 0 } };
    return this.#emit(
      'ReduceSum',
      [x, this.#integers(axes)],
      dims,
      attributes,
      (g) => [this.add(this.reshape(g, kept), this.#zeros(x.dims))],
      [x],
    );
  }

  /** Largest value along one axis, which stays with size 1; no gradient. */
  reduceMax(x: Tensor, axis: number): Tensor {
    const dims = x.dims.map((dim, i) => (i === axis ? 1 : dim));
    return this.#emit('ReduceMax', [x, this.#integers([axis])], dims, { keepdims: { kind: 'int', value: 1 } }, null);
  }

  /** Sum of all values, a scalar. */
  total(x: Tensor): Tensor {
    return this.sum(
      x,
      x.dims.map((_, axis) => axis),
      false,
    );
  }

  mean(x: Tensor): Tensor {
    return this.scale(this.total(x), 1 / sizeOf(x.dims));
  }

  /**
   * Same values, other shape. With symbols: an unchanged position is copied (0), one other may be inferred (-1). Reshapes of one value
   * start from the value itself and are emitted once, so that gradients of its readers meet in one shape.
   */
  reshape(x: Tensor, dims: readonly Dim[]): Tensor {
    if (sameDims(x.dims, dims)) return x;
    const from = isStatic(dims) ? (this.#reshaped.get(x.name) ?? x) : x;
    if (from !== x && from.differentiable === x.differentiable) return this.reshape(from, dims);
    const key = `${x.name}:${dims.join()}:${x.differentiable}`;
    const known = this.#reshapes.get(key);
    if (known) return known;
    const target = isStatic(dims)
      ? dims
      : dims.map((dim, i) => (dim === x.dims[i] ? 0 : typeof dim === 'number' ? dim : -1));
    if (isStatic(dims) ? sizeOf(dims) !== sizeOf(x.dims) : target.filter((dim) => dim === -1).length > 1)
      throw shapeMismatch('Reshape', { from: [...x.dims], to: [...dims] });
    const inputs = [x, this.#integers(target)];
    const out = this.#emit('Reshape', inputs, dims, {}, (g) => [this.reshape(g, x.dims)], [x]);
    this.#reshapes.set(key, out);
    if (isStatic(x.dims)) this.#reshaped.set(out.name, x);
    return out;
  }

  /** Positions [from, to) of one axis. */
  slice(x: Tensor, axis: number, from: number, to: number): Tensor {
    const dims = x.dims.map((dim, i) => (i === axis ? to - from : dim));
    const inputs = [x, this.#integers([from]), this.#integers([to]), this.#integers([axis])];
    return this.#emit(
      'Slice',
      inputs,
      dims,
      {},
      (g) => {
        const size = x.dims[axis] as number;
        const pad = (length: number): Tensor[] =>
          length === 0 ? [] : [this.#zeros(x.dims.map((dim, i) => (i === axis ? length : dim)))];
        return [this.concat([...pad(from), g, ...pad(size - to)], axis)];
      },
      [x],
    );
  }

  /** Some positions of the last axis, each without that axis. Static shapes: by one product, because a strided copy is slow. */
  columns(x: Tensor, positions: readonly number[]): Tensor[] {
    const lead = x.dims.slice(0, -1);
    const [width, n] = [x.dims.at(-1) as number, positions.length];
    if (!isStatic(x.dims)) {
      const axis = lead.length;
      return positions.map((at) => this.reshape(this.slice(x, axis, at, at + 1), lead));
    }
    const chosen = new Float32Array(width * n);
    positions.forEach((at, i) => {
      chosen[at * n + i] = 1;
    });
    const flat = this.reshape(x, [sizeOf(lead), width]);
    const rows = this.transposeLast(this.linear(flat, this.constant(chosen, [width, n])));
    return positions.map((_, i) => this.reshape(this.slice(rows, 0, i, i + 1), lead));
  }

  concat(parts: readonly Tensor[], axis: number): Tensor {
    if (parts.length === 1) return parts[0];
    const sizes = parts.map((part) => part.dims[axis]);
    const total = isStatic(sizes) ? sizes.reduce<number>((sum, size) => sum + Number(size), 0) : sizes.join(' + ');
    const dims = parts[0].dims.map((dim, i) => (i === axis ? total : dim));
    return this.#emit('Concat', parts, dims, { axis: { kind: 'int', value: axis } }, (g) => {
      let at = 0;
      return parts.map((part) => {
        const from = at;
        at += part.dims[axis] as number;
        return part.differentiable ? this.slice(g, axis, from, at) : null;
      });
    });
  }

  /** One flat vector cut into tensors of the given shapes, in order. They are the leaves of the differentiation. */
  split(flat: Tensor, shapes: readonly (readonly number[])[]): Tensor[] {
    const sizes = shapes.map(sizeOf);
    const parts = sizes.map((size) => ({ name: this.#name(), dims: [size], differentiable: true }));
    const inputs = [flat.name, this.#integers(sizes).name];
    const axis: OnnxAttribute = { kind: 'int', value: 0 };
    this.#nodes.push({ op: 'Split', name: '', inputs, outputs: parts.map((part) => part.name), attributes: { axis } });
    return parts.map((part, i) => {
      const leaf = this.reshape(part, shapes[i]);
      this.#reshaped.delete(leaf.name); // gradients end at the leaf, not at what it was cut from
      return leaf;
    });
  }

  /** Values that gradients stop at. */
  stopGradient(x: Tensor): Tensor {
    return { ...x, differentiable: false };
  }

  /** Give a tensor the name of a graph output. */
  output(name: string, x: Tensor): Tensor {
    this.#nodes.push({ op: 'Identity', name: '', inputs: [x.name], outputs: [name], attributes: {} });
    return { ...x, name };
  }

  /** The ONNX bytes of the graph with these outputs; nodes that no output needs are left out. */
  encode(name: string, outputs: readonly Tensor[]): Uint8Array {
    const needed = new Set(outputs.map((output) => output.name));
    const nodes: OnnxNode[] = [];
    for (const node of this.#nodes.toReversed()) {
      if (!node.outputs.some((output) => needed.has(output))) continue;
      for (const input of node.inputs) needed.add(input);
      nodes.push(node);
    }
    return encodeModel({
      name,
      nodes: nodes.reverse(),
      initializers: this.#initializers.filter((tensor) => needed.has(tensor.name)),
      inputs: this.#inputs,
      outputs: outputs.map((output) => ({ name: output.name, type: 'float32', dims: output.dims })),
    });
  }

  /** Sum a gradient over the dimensions that broadcasting repeated. */
  reduceTo(gradient: Tensor, dims: readonly Dim[]): Tensor {
    if (sameDims(gradient.dims, dims)) return gradient;
    const lead = gradient.dims.length - dims.length;
    const axes = gradient.dims.flatMap((dim, axis) => (axis < lead || dims[axis - lead] !== dim ? [axis] : []));
    return this.reshape(this.sum(gradient, axes, false), dims);
  }

  /** [m, n] -> [n], as a product with ones: a matrix multiply sums columns faster than a reduction does. */
  #sumOfRows(x: Tensor): Tensor {
    const [rows, n] = x.dims as number[];
    const ones = this.#shared(`1:${rows}`, [1, rows], (name) => ({
      name,
      dims: [1, rows],
      type: 'float32',
      data: new Float32Array(rows).fill(1),
    }));
    return this.reshape(this.#gemm(ones, x, [1, n], {}), [n]);
  }

  /** The sum of two parts of a gradient. A part that is a matrix product adds the other one while it is computed. */
  accumulate(a: Tensor, b: Tensor): Tensor {
    for (const [part, other] of [
      [a, b],
      [b, a],
    ]) {
      const whole = this.#reshaped.get(part.name) ?? part;
      const product = this.#products.get(whole.name);
      if (!product || !isStatic(part.dims)) continue;
      const inputs = [product.a, product.b, this.reshape(other, whole.dims)];
      return this.reshape(this.#emit('Gemm', inputs, whole.dims, product.attributes, null), part.dims);
    }
    return this.add(a, b);
  }

  #gemm(a: Tensor, b: Tensor, dims: readonly Dim[], trans: { transA?: boolean; transB?: boolean }): Tensor {
    const flag = (on: boolean | undefined): OnnxAttribute => ({ kind: 'int', value: on ? 1 : 0 });
    const attributes = { transA: flag(trans.transA), transB: flag(trans.transB) };
    const out = this.#emit('Gemm', [a, b], dims, attributes, null);
    this.#products.set(out.name, { a, b, attributes });
    return out;
  }

  #elementwise(op: string, a: Tensor, b: Tensor, backward: Backward): Tensor {
    return this.#emit(op, [a, b], broadcast(op, a.dims, b.dims), {}, (g) => {
      const [left, right] = backward(g);
      return [
        a.differentiable && left ? this.reduceTo(left, a.dims) : null,
        b.differentiable && right ? this.reduceTo(right, b.dims) : null,
      ];
    });
  }

  #unary(op: string, x: Tensor, backward: (gradient: Tensor) => Tensor): Tensor {
    return this.#emit(op, [x], x.dims, {}, (g) => [backward(g)]);
  }

  #route(gradient: Tensor, toSecond: Tensor): Tensor[] {
    const second = this.mul(gradient, toSecond);
    return [this.sub(gradient, second), second];
  }

  #emit(
    op: string,
    inputs: readonly Tensor[],
    dims: readonly Dim[],
    attributes: Record<string, OnnxAttribute>,
    backward: Backward | null,
    sources: readonly Tensor[] = inputs,
  ): Tensor {
    const differentiable = backward !== null && sources.some((source) => source.differentiable);
    const output: Tensor = { name: this.#name(), dims, differentiable };
    this.#nodes.push({ op, name: '', inputs: inputs.map((input) => input.name), outputs: [output.name], attributes });
    if (backward && differentiable) this.tape.push({ output, inputs: sources, backward });
    return output;
  }

  #integers(values: readonly number[]): Tensor {
    const data = (): BigInt64Array =>
      BigInt64Array.from(values, (value) => (value === Number.POSITIVE_INFINITY ? INT64_MAX : BigInt(value)));
    return this.#shared(`i:${values.join()}`, [values.length], (name) => ({
      name,
      dims: [values.length],
      type: 'int64',
      data: data(),
    }));
  }

  #zeros(dims: readonly Dim[]): Tensor {
    const size = sizeOf(dims);
    return this.#shared(`z:${dims.join()}`, dims as number[], (name) => ({
      name,
      dims: dims as number[],
      type: 'float32',
      data: new Float32Array(size),
    }));
  }

  #shared(key: string, dims: readonly number[], make: (name: string) => OnnxTensor): Tensor {
    let tensor = this.#constants.get(key);
    if (!tensor) {
      tensor = { name: this.#name(), dims, differentiable: false };
      this.#constants.set(key, tensor);
      this.#initializers.push(make(tensor.name));
    }
    return tensor;
  }

  #name(): string {
    return `t${this.#count++}`;
  }
}
