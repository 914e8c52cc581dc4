/** The part of ONNX that the product's policies use: one graph of float32 and int64 tensors, attributes of four kinds, opset 20. */
export const ONNX_OPSET = 20;
export const ONNX_IR_VERSION = 10;

export type OnnxTensor =
  | { readonly name: string; readonly dims: readonly number[]; readonly type: 'float32'; readonly data: Float32Array }
  | { readonly name: string; readonly dims: readonly number[]; readonly type: 'int64'; readonly data: BigInt64Array };

export type OnnxAttribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string };

export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  /** An empty string is an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A graph input or output; a dimension is a size or a symbol ('batch'). */
export interface OnnxValueInfo {
  readonly name: string;
  readonly type: 'float32' | 'int64';
  readonly dims: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
}
