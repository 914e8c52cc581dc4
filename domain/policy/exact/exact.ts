import { badInput, ProductError } from '../../errors.ts';
import { decodeModel } from '../onnx/codec.ts';
import type { OnnxGraph, OnnxNode } from '../onnx/graph.ts';
import { POLICY_INPUT, POLICY_OUTPUT, type Policy } from '../policy.ts';
import { binary, concat, gemm, matmul, reduceMax, reduceSum, reshape, slice, transpose, unary } from './kernels.ts';
import { exactExp, exactLog, exactTanh } from './math.ts';
import { shapeError, type Value } from './value.ts';

interface Context {
  readonly floats: Map<string, Value>;
  readonly integers: ReadonlyMap<string, readonly number[]>;
}

type Kernel = (node: OnnxNode, context: Context) => Value;

const onePlace =
  (f: (x: number) => number): Kernel =>
  (node, context) =>
    unary(node.op, float(node, 0, context), f);
const twoPlaces =
  (f: (a: number, b: number) => number): Kernel =>
  (node, context) =>
    binary(node.op, float(node, 0, context), float(node, 1, context), f);

/** One kernel per operator of the allow-list. */
const KERNELS: Readonly<Record<string, Kernel>> = {
  Add: twoPlaces((a, b) => a + b),
  Sub: twoPlaces((a, b) => a - b),
  Mul: twoPlaces((a, b) => a * b),
  Div: twoPlaces((a, b) => a / b),
  Max: twoPlaces((a, b) => Math.max(a, b)),
  Min: twoPlaces((a, b) => Math.min(a, b)),
  Neg: onePlace((x) => -x),
  Relu: onePlace((x) => Math.max(x, 0)),
  Tanh: onePlace(exactTanh),
  Exp: onePlace(exactExp),
  Log: onePlace(exactLog),
  Identity: (node, context) => float(node, 0, context),
  MatMul: (node, context) => matmul(float(node, 0, context), float(node, 1, context)),
  Gemm: (node, context) =>
    gemm(float(node, 0, context), float(node, 1, context), node.inputs[2] ? float(node, 2, context) : null, {
      alpha: number(node, 'alpha', 1),
      beta: number(node, 'beta', 1),
      transA: number(node, 'transA', 0) !== 0,
      transB: number(node, 'transB', 0) !== 0,
    }),
  ReduceSum: (node, context) =>
    reduceSum(float(node, 0, context), integers(node, 1, context), number(node, 'keepdims', 1) !== 0),
  ReduceMax: (node, context) =>
    reduceMax(float(node, 0, context), integers(node, 1, context), number(node, 'keepdims', 1) !== 0),
  Transpose: (node, context) => transpose(float(node, 0, context), permutation(node, context)),
  Reshape: (node, context) => reshape(float(node, 0, context), integers(node, 1, context)),
  Slice: (node, context) => {
    const starts = integers(node, 1, context);
    if (node.inputs[4] && integers(node, 4, context).some((step) => step !== 1))
      throw shapeError('Slice', 'only step 1 is supported');
    return slice(
      float(node, 0, context),
      starts,
      integers(node, 2, context),
      node.inputs[3] ? integers(node, 3, context) : starts.map((_, i) => i),
    );
  },
  Concat: (node, context) =>
    concat(
      node.inputs.map((_, i) => float(node, i, context)),
      number(node, 'axis', 0),
    ),
};

/**
 * The exact policy runtime: interprets the ONNX operators that policies use, with the same bits on every machine. It settles;
 * ONNX Runtime trains and serves and agrees within 1e-6.
 */
export function createExactPolicy(onnx: Uint8Array): Policy & { close(): Promise<void> } {
  const graph = decodeModel(onnx);
  checkPolicySignature(graph);
  const floats = new Map<string, Value>();
  const integerConstants = new Map<string, readonly number[]>();
  for (const tensor of graph.initializers) {
    if (tensor.type === 'float32') floats.set(tensor.name, { dims: tensor.dims, data: tensor.data });
    else integerConstants.set(tensor.name, Array.from(tensor.data, Number));
  }
  return {
    act(observations, batch, assets, features) {
      checkObservation(graph, observations, batch, assets, features);
      const context: Context = { floats: new Map(floats), integers: integerConstants };
      context.floats.set(POLICY_INPUT, { dims: [batch, assets, features], data: observations });
      for (const node of graph.nodes) context.floats.set(node.outputs[0], KERNELS[node.op](node, context));
      const action = context.floats.get(POLICY_OUTPUT) as Value;
      checkAction(action, batch, assets);
      return new Float32Array(action.data);
    },
    close: async () => {},
  };
}

/** A policy has one input `observation` [batch, assets, F] and one output `action`, both float32. */
export function checkPolicySignature(graph: OnnxGraph): void {
  const [input] = graph.inputs;
  const [output] = graph.outputs;
  const right =
    graph.inputs.length === 1 &&
    graph.outputs.length === 1 &&
    input.name === POLICY_INPUT &&
    output.name === POLICY_OUTPUT &&
    input.type === 'float32' &&
    output.type === 'float32' &&
    input.dims.length === 3;
  if (!right) {
    throw badInput('POLICY_SIGNATURE', 'The model is not a policy', {
      facts: { inputs: graph.inputs, outputs: graph.outputs },
      remedy: `A policy has one float32 input '${POLICY_INPUT}' [batch, assets, features] and one float32 output '${POLICY_OUTPUT}' [batch, assets + 1].`,
    });
  }
}

/** Shape and finiteness of an observation, for both runtimes. Throws `OBSERVATION_SHAPE` or `OBSERVATION_NOT_FINITE`. */
export function checkObservation(
  graph: OnnxGraph,
  observations: Float32Array,
  batch: number,
  assets: number,
  features: number,
): void {
  const wanted = graph.inputs[0].dims[2];
  if (
    observations.length !== batch * assets * features ||
    batch < 1 ||
    assets < 1 ||
    (typeof wanted === 'number' && wanted !== features)
  ) {
    throw badInput('OBSERVATION_SHAPE', 'The observation has not the shape that the policy takes', {
      facts: { values: observations.length, batch, assets, features, policyFeatures: wanted },
    });
  }
  for (let i = 0; i < observations.length; i++) {
    if (!Number.isFinite(observations[i])) {
      const place = {
        batch: Math.floor(i / (assets * features)),
        asset: Math.floor(i / features) % assets,
        feature: i % features,
        value: String(observations[i]),
      };
      throw badInput('OBSERVATION_NOT_FINITE', 'The observation holds a value that is not finite', { facts: place });
    }
  }
}

function checkAction(action: Value, batch: number, assets: number): void {
  if (action.dims.length !== 2 || action.dims[0] !== batch || action.dims[1] !== assets + 1)
    throw shapeError('action', 'not [batch, assets + 1]', { dims: action.dims });
  const bad = action.data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new ProductError('ACTION_NOT_FINITE', 'The policy computed a value that is not finite', {
      facts: { batch: Math.floor(bad / (assets + 1)), output: bad % (assets + 1), value: String(action.data[bad]) },
    });
  }
}

function float(node: OnnxNode, input: number, context: Context): Value {
  const value = context.floats.get(node.inputs[input]);
  if (!value) throw shapeError(node.op, 'an input is not a float tensor', { input: node.inputs[input] });
  return value;
}

function integers(node: OnnxNode, input: number, context: Context): readonly number[] {
  const value = context.integers.get(node.inputs[input]);
  if (!value) throw shapeError(node.op, 'a shape argument must be a constant', { input: node.inputs[input] });
  return value;
}

/** Of the axes; ONNX reverses them where it is not given. */
function permutation(node: OnnxNode, context: Context): readonly number[] {
  const { perm } = node.attributes;
  if (perm?.kind === 'ints') return perm.value;
  const rank = float(node, 0, context).dims.length;
  return Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
}

function number(node: OnnxNode, name: string, fallback: number): number {
  const attribute = node.attributes[name];
  if (!attribute) return fallback;
  if (attribute.kind !== 'int' && attribute.kind !== 'float')
    throw shapeError(node.op, 'an attribute has the wrong kind', { attribute: name });
  return attribute.value;
}
