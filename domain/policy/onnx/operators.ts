/**
 * Operators that a policy may use: what the exact runtime interprets. A model with any other operator is refused before it
 * reaches a native runtime. Number of inputs: [least, most]; one output each. Attributes: allowed names.
 */
export const POLICY_OPERATORS: Readonly<
  Record<string, { readonly inputs: readonly [number, number]; readonly attributes: readonly string[] }>
> = {
  Add: { inputs: [2, 2], attributes: [] },
  Sub: { inputs: [2, 2], attributes: [] },
  Mul: { inputs: [2, 2], attributes: [] },
  Div: { inputs: [2, 2], attributes: [] },
  Max: { inputs: [2, 2], attributes: [] },
  Min: { inputs: [2, 2], attributes: [] },
  Neg: { inputs: [1, 1], attributes: [] },
  Relu: { inputs: [1, 1], attributes: [] },
  Tanh: { inputs: [1, 1], attributes: [] },
  Exp: { inputs: [1, 1], attributes: [] },
  Log: { inputs: [1, 1], attributes: [] },
  MatMul: { inputs: [2, 2], attributes: [] },
  Gemm: { inputs: [2, 3], attributes: ['alpha', 'beta', 'transA', 'transB'] },
  ReduceSum: { inputs: [2, 2], attributes: ['keepdims', 'noop_with_empty_axes'] },
  ReduceMax: { inputs: [2, 2], attributes: ['keepdims', 'noop_with_empty_axes'] },
  Transpose: { inputs: [1, 1], attributes: ['perm'] },
  Reshape: { inputs: [2, 2], attributes: ['allowzero'] },
  Slice: { inputs: [3, 5], attributes: [] },
  Concat: { inputs: [1, 64], attributes: ['axis'] },
  Identity: { inputs: [1, 1], attributes: [] },
};

/** Bounds on a model that is accepted. A policy of the product has about 30 nodes and 25,000 parameters. */
export const MODEL_LIMITS = {
  bytes: 16 * 1024 * 1024,
  nodes: 2000,
  tensors: 1000,
  elements: 4 * 1024 * 1024,
  rank: 6,
  nameLength: 128,
  attributes: 16,
  ints: 64,
} as const;
