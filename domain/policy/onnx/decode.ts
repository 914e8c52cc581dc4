import { badInput, type ProductError } from '../../errors.ts';
import { ATTRIBUTE_TYPE, DATA_TYPE } from './encode.ts';
import {
  ONNX_OPSET,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from './graph.ts';
import { MODEL_LIMITS } from './operators.ts';
import { malformed, readFields, readVarint, WIRE, type WireField } from './wire.ts';

/**
 * The bytes of an ONNX ModelProto as a graph, or a typed error (`ONNX_MALFORMED`, `ONNX_TOO_LARGE`, `ONNX_UNSUPPORTED`,
 * `ONNX_EXTERNAL_DATA`). Only structure is checked here; `checkPolicyGraph` checks operators and wiring.
 */
export function decodeProto(bytes: Uint8Array): OnnxGraph {
  if (bytes.length > MODEL_LIMITS.bytes) throw tooLarge('bytes', bytes.length, MODEL_LIMITS.bytes);
  let graph: OnnxGraph | null = null;
  let opset = 0;
  for (const field of readFields(bytes)) {
    if (field.number === 7) {
      if (graph) throw malformed('more than one graph');
      graph = decodeGraph(payload(field));
    } else if (field.number === 8) {
      const { domain, version } = decodeOpset(payload(field));
      if (domain !== '' && domain !== 'ai.onnx') throw unsupported('operator domain', domain);
      opset = version;
    } else if (field.number === 20 || field.number === 25) {
      throw unsupported('model part', field.number === 20 ? 'training_info' : 'functions');
    }
  }
  if (!graph) throw malformed('no graph');
  if (opset !== ONNX_OPSET) throw unsupported('opset', opset);
  return graph;
}

function decodeOpset(bytes: Uint8Array): { domain: string; version: number } {
  let domain = '';
  let version = 0;
  for (const field of readFields(bytes)) {
    if (field.number === 1) domain = text(field);
    if (field.number === 2) version = integer(field);
  }
  return { domain, version };
}

function decodeGraph(bytes: Uint8Array): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValueInfo[] = [];
  const outputs: OnnxValueInfo[] = [];
  let name = '';
  for (const field of readFields(bytes)) {
    if (field.number === 1) nodes.push(decodeNode(payload(field)));
    else if (field.number === 2) name = text(field);
    else if (field.number === 5) initializers.push(decodeTensor(payload(field)));
    else if (field.number === 11) inputs.push(decodeValueInfo(payload(field)));
    else if (field.number === 12) outputs.push(decodeValueInfo(payload(field)));
    else if (field.number === 15) throw unsupported('graph part', 'sparse_initializer');
    if (nodes.length > MODEL_LIMITS.nodes) throw tooLarge('nodes', nodes.length, MODEL_LIMITS.nodes);
    const tensors = initializers.length + inputs.length + outputs.length;
    if (tensors > MODEL_LIMITS.tensors) throw tooLarge('tensors', tensors, MODEL_LIMITS.tensors);
  }
  return { name, nodes, initializers, inputs, outputs };
}

function decodeNode(bytes: Uint8Array): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Record<string, OnnxAttribute> = Object.create(null);
  let op = '';
  let name = '';
  let count = 0;
  for (const field of readFields(bytes)) {
    if (field.number === 1) inputs.push(text(field));
    else if (field.number === 2) outputs.push(text(field));
    else if (field.number === 3) name = text(field);
    else if (field.number === 4) op = text(field);
    else if (field.number === 5) {
      const [key, attribute] = decodeAttribute(payload(field));
      attributes[key] = attribute;
      count++;
    } else if (field.number === 7 && text(field) !== '' && text(field) !== 'ai.onnx')
      throw unsupported('operator domain', text(field));
    if (inputs.length + outputs.length > MODEL_LIMITS.tensors)
      throw tooLarge('inputs of a node', inputs.length, MODEL_LIMITS.tensors);
    if (count > MODEL_LIMITS.attributes) throw tooLarge('attributes of a node', count, MODEL_LIMITS.attributes);
  }
  return { op, name, inputs, outputs, attributes };
}

function decodeAttribute(bytes: Uint8Array): [string, OnnxAttribute] {
  let name = '';
  let type = 0;
  let int = 0;
  let float = 0;
  let string = '';
  const ints: number[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) name = text(field);
    else if (field.number === 2) float = float32(field);
    else if (field.number === 3) int = integer(field);
    else if (field.number === 4) string = text(field);
    else if (field.number === 8) ints.push(...integers(field));
    else if (field.number === 20) type = integer(field);
    else if (field.number === 5 || field.number === 6 || field.number === 10 || field.number === 11)
      throw unsupported('attribute kind', 'tensor or graph');
    if (ints.length > MODEL_LIMITS.ints) throw tooLarge('integers of an attribute', ints.length, MODEL_LIMITS.ints);
  }
  if (name === '' || name === '__proto__') throw malformed('attribute without a usable name');
  if (type === ATTRIBUTE_TYPE.int) return [name, { kind: 'int', value: int }];
  if (type === ATTRIBUTE_TYPE.ints) return [name, { kind: 'ints', value: ints }];
  if (type === ATTRIBUTE_TYPE.float) return [name, { kind: 'float', value: float }];
  if (type === ATTRIBUTE_TYPE.string) return [name, { kind: 'string', value: string }];
  throw unsupported('attribute type', type);
}

function decodeTensor(bytes: Uint8Array): OnnxTensor {
  const dims: number[] = [];
  let name = '';
  let type = 0;
  let raw: Uint8Array | null = null;
  for (const field of readFields(bytes)) {
    if (field.number === 1) dims.push(...integers(field));
    else if (field.number === 2) type = integer(field);
    else if (field.number === 8) name = text(field);
    else if (field.number === 9) raw = payload(field);
    else if (field.number === 13 || (field.number === 14 && integer(field) !== 0)) {
      throw badInput('ONNX_EXTERNAL_DATA', 'The model keeps tensor values outside its own bytes', {
        facts: { tensor: name },
        remedy: 'Store the values inside the model: what is hashed must be all that is served.',
      });
    } else if ([4, 5, 6, 7, 10, 11].includes(field.number))
      throw unsupported('tensor storage', `field ${field.number} (only raw_data is read)`);
    if (dims.length > MODEL_LIMITS.rank) throw tooLarge('dimensions of a tensor', dims.length, MODEL_LIMITS.rank);
  }
  const elements = dims.reduce((product, dim) => product * dim, 1);
  if (dims.some((dim) => dim < 0)) throw malformed('negative dimension', { tensor: name });
  if (elements > MODEL_LIMITS.elements) throw tooLarge('values of a tensor', elements, MODEL_LIMITS.elements);
  return tensorOf(name, dims, type, elements, raw ?? new Uint8Array(0));
}

function tensorOf(name: string, dims: number[], type: number, elements: number, raw: Uint8Array): OnnxTensor {
  if (type !== DATA_TYPE.float32 && type !== DATA_TYPE.int64) throw unsupported('tensor type', type);
  const width = type === DATA_TYPE.float32 ? 4 : 8;
  if (raw.length !== elements * width)
    throw malformed('a tensor has not the bytes that its shape needs', {
      tensor: name,
      bytes: raw.length,
      needed: elements * width,
    });
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  if (type === DATA_TYPE.int64)
    return {
      name,
      dims,
      type: 'int64',
      data: BigInt64Array.from({ length: elements }, (_, i) => view.getBigInt64(i * 8, true)),
    };
  const data = new Float32Array(elements);
  for (let i = 0; i < elements; i++) {
    data[i] = view.getFloat32(i * 4, true);
    if (!Number.isFinite(data[i]))
      throw badInput('ONNX_NOT_FINITE', 'A tensor of the model has a value that is not finite', {
        facts: { tensor: name, index: i },
      });
  }
  return { name, dims, type: 'float32', data };
}

function decodeValueInfo(bytes: Uint8Array): OnnxValueInfo {
  let name = '';
  let type = 0;
  const dims: (number | string)[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) name = text(field);
    if (field.number !== 2) continue;
    for (const kind of readFields(payload(field))) {
      if (kind.number !== 1) throw unsupported('value type', 'not a dense tensor');
      for (const part of readFields(payload(kind))) {
        if (part.number === 1) type = integer(part);
        if (part.number === 2)
          for (const dim of readFields(payload(part))) if (dim.number === 1) dims.push(decodeDim(payload(dim)));
        if (dims.length > MODEL_LIMITS.rank) throw tooLarge('dimensions of a value', dims.length, MODEL_LIMITS.rank);
      }
    }
  }
  if (type !== DATA_TYPE.float32 && type !== DATA_TYPE.int64) throw unsupported('value type', type);
  return { name, type: type === DATA_TYPE.float32 ? 'float32' : 'int64', dims };
}

function decodeDim(bytes: Uint8Array): number | string {
  let dim: number | string = '';
  for (const field of readFields(bytes)) {
    if (field.number === 1) dim = integer(field);
    else if (field.number === 2) dim = text(field);
  }
  return dim;
}

function payload(field: WireField): Uint8Array {
  if (field.wire !== WIRE.bytes) throw malformed('a message or string was expected', { field: field.number });
  return field.bytes;
}

function text(field: WireField): string {
  const bytes = payload(field);
  if (bytes.length > MODEL_LIMITS.nameLength) throw tooLarge('length of a name', bytes.length, MODEL_LIMITS.nameLength);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw malformed('a string is not UTF-8', { field: field.number });
  }
}

function integer(field: WireField): number {
  if (field.wire !== WIRE.varint) throw malformed('an integer was expected', { field: field.number });
  return safeInteger(field.value);
}

/** A repeated integer: one value, or a packed list. */
function integers(field: WireField): number[] {
  if (field.wire === WIRE.varint) return [safeInteger(field.value)];
  const bytes = payload(field);
  if (bytes.length > MODEL_LIMITS.ints * 10)
    throw tooLarge('bytes of an integer list', bytes.length, MODEL_LIMITS.ints * 10);
  const values: number[] = [];
  for (const cursor = { at: 0 }; cursor.at < bytes.length; ) values.push(safeInteger(readVarint(bytes, cursor)));
  return values;
}

function safeInteger(value: bigint): number {
  const signed = BigInt.asIntN(64, value);
  if (signed > BigInt(Number.MAX_SAFE_INTEGER) || signed < BigInt(Number.MIN_SAFE_INTEGER))
    throw malformed('an integer out of range', { value: String(signed) });
  return Number(signed);
}

function float32(field: WireField): number {
  if (field.wire !== WIRE.fixed32) throw malformed('a float was expected', { field: field.number });
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, Number(field.value), true);
  return view.getFloat32(0, true);
}

const tooLarge = (what: string, value: number, limit: number): ProductError =>
  badInput('ONNX_TOO_LARGE', 'The model is larger than a policy may be', { facts: { what, value, limit } });

const unsupported = (what: string, value: unknown): ProductError =>
  badInput('ONNX_UNSUPPORTED', 'The model uses a part of ONNX that policies do not use', { facts: { what, value } });
