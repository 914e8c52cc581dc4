import { badInput, type ProductError } from '../../errors.ts';
import { decodeProto } from './decode.ts';
import type { OnnxGraph, OnnxNode } from './graph.ts';
import { POLICY_OPERATORS } from './operators.ts';

export { encodeModel } from './encode.ts';
export type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, OnnxValueInfo } from './graph.ts';

/**
 * Decode the bytes of a policy and check all that can be checked without running it: size, structure, operator allow-list,
 * attributes, wiring (every name defined once, before its use). Anything else throws a `ProductError` of kind `badInput`.
 */
export function decodeModel(bytes: Uint8Array): OnnxGraph {
  const graph = decodeProto(bytes);
  checkPolicyGraph(graph);
  return graph;
}

export function checkPolicyGraph(graph: OnnxGraph): void {
  const known = new Set<string>();
  const define = (name: string, where: string): void => {
    if (name === '' || known.has(name)) throw invalid('a name is empty or defined twice', { name, where });
    known.add(name);
  };
  for (const tensor of graph.initializers) define(tensor.name, 'initializer');
  for (const input of graph.inputs) define(input.name, 'input');
  graph.nodes.forEach((node, index) => {
    checkOperator(node, index);
    for (const name of node.inputs)
      if (name !== '' && !known.has(name))
        throw invalid('a node reads a name that nothing before it defines', { name, node: index });
    for (const name of node.outputs) define(name, `node ${index}`);
  });
  if (graph.outputs.length === 0) throw invalid('the graph has no output');
  for (const output of graph.outputs)
    if (!known.has(output.name)) throw invalid('a graph output is not computed', { name: output.name });
}

function checkOperator(node: OnnxNode, index: number): void {
  const operator = Object.hasOwn(POLICY_OPERATORS, node.op) ? POLICY_OPERATORS[node.op] : undefined;
  if (!operator) {
    throw badInput('ONNX_OPERATOR', 'The model uses an operator that is not on the allow-list', {
      facts: { operator: node.op, node: index, allowed: Object.keys(POLICY_OPERATORS) },
      remedy: 'Train the policy with this product, or express it in the allowed operators.',
    });
  }
  const [least, most] = operator.inputs;
  if (node.inputs.length < least || node.inputs.length > most)
    throw invalid('a node has a wrong number of inputs', {
      operator: node.op,
      node: index,
      inputs: node.inputs.length,
    });
  if (node.outputs.length !== 1) throw invalid('a node must have one output', { operator: node.op, node: index });
  for (const name of Object.keys(node.attributes)) {
    if (!operator.attributes.includes(name))
      throw invalid('a node has an attribute that is not allowed', { operator: node.op, node: index, attribute: name });
  }
}

const invalid = (problem: string, facts: Record<string, unknown> = {}): ProductError =>
  badInput('ONNX_INVALID', 'The graph of the model is not valid', { facts: { problem, ...facts } });
