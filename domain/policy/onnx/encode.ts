import { ProductError } from '../../errors.ts';
import {
  ONNX_IR_VERSION,
  ONNX_OPSET,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from './graph.ts';
import { MessageWriter } from './wire.ts';

/** TensorProto.DataType. */
export const DATA_TYPE = { float32: 1, int64: 7 } as const;
/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, floats: 6, ints: 7 } as const;

/**
 * A graph as the bytes of an ONNX ModelProto (opset 20, IR 10). Field order is fixed: the same graph gives the same bytes.
 * Source: the message definitions of onnx/onnx.proto.
 */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const opset = new MessageWriter().string(1, '').varint(2, ONNX_OPSET).finish();
  return new MessageWriter()
    .varint(1, ONNX_IR_VERSION)
    .string(2, 'drl-portfolio')
    .bytes(7, encodeGraph(graph))
    .bytes(8, opset)
    .finish();
}

function encodeGraph(graph: OnnxGraph): Uint8Array {
  const writer = new MessageWriter();
  for (const node of graph.nodes) writer.bytes(1, encodeNode(node));
  writer.string(2, graph.name);
  for (const tensor of graph.initializers) writer.bytes(5, encodeTensor(tensor));
  for (const input of graph.inputs) writer.bytes(11, encodeValueInfo(input));
  for (const output of graph.outputs) writer.bytes(12, encodeValueInfo(output));
  return writer.finish();
}

function encodeNode(node: OnnxNode): Uint8Array {
  const writer = new MessageWriter();
  for (const input of node.inputs) writer.string(1, input);
  for (const output of node.outputs) writer.string(2, output);
  writer.string(3, node.name).string(4, node.op);
  for (const name of Object.keys(node.attributes).sort()) writer.bytes(5, encodeAttribute(name, node.attributes[name]));
  return writer.finish();
}

function encodeAttribute(name: string, attribute: OnnxAttribute): Uint8Array {
  const writer = new MessageWriter().string(1, name);
  if (attribute.kind === 'int') writer.varint(3, attribute.value);
  else if (attribute.kind === 'float') writer.float(2, attribute.value);
  else if (attribute.kind === 'string') writer.string(4, attribute.value);
  else for (const value of attribute.value) writer.varint(8, value);
  return writer.varint(20, ATTRIBUTE_TYPE[attribute.kind]).finish();
}

function encodeTensor(tensor: OnnxTensor): Uint8Array {
  const size = tensor.dims.reduce((product, dim) => product * dim, 1);
  if (size !== tensor.data.length) {
    throw new ProductError('ONNX_TENSOR_SIZE', 'A tensor does not have as many values as its shape says', {
      facts: { tensor: tensor.name, dims: [...tensor.dims], values: tensor.data.length },
    });
  }
  return new MessageWriter()
    .packed(1, tensor.dims)
    .varint(2, DATA_TYPE[tensor.type])
    .string(8, tensor.name)
    .bytes(9, littleEndianBytes(tensor))
    .finish();
}

function littleEndianBytes(tensor: OnnxTensor): Uint8Array {
  const width = tensor.type === 'float32' ? 4 : 8;
  const bytes = new Uint8Array(tensor.data.length * width);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < tensor.data.length; i++) {
    if (tensor.type === 'float32') view.setFloat32(i * 4, tensor.data[i], true);
    else view.setBigInt64(i * 8, tensor.data[i], true);
  }
  return bytes;
}

function encodeValueInfo(info: OnnxValueInfo): Uint8Array {
  const shape = new MessageWriter();
  for (const dim of info.dims) {
    shape.bytes(
      1,
      typeof dim === 'number'
        ? new MessageWriter().varint(1, dim).finish()
        : new MessageWriter().string(2, dim).finish(),
    );
  }
  const tensorType = new MessageWriter().varint(1, DATA_TYPE[info.type]).bytes(2, shape.finish()).finish();
  return new MessageWriter().string(1, info.name).bytes(2, new MessageWriter().bytes(1, tensorType).finish()).finish();
}
