import { describe, expect, test } from '@jest/globals';
import { ProductError } from '../../errors.ts';
import { createRandom } from '../../simulation/random.ts';
import { checkPolicyGraph, decodeModel, encodeModel, type OnnxGraph, type OnnxNode } from './codec.ts';
import { decodeProto } from './decode.ts';
import { MODEL_LIMITS } from './operators.ts';
import { MessageWriter } from './wire.ts';

const node = (op: string, inputs: string[], outputs: string[], attributes: OnnxNode['attributes'] = {}): OnnxNode => ({
  op,
  name: '',
  inputs,
  outputs,
  attributes,
});

const graph: OnnxGraph = {
  name: 'policy',
  nodes: [
    node('Slice', ['observation', 'from', 'to', 'axis'], ['sliced']),
    node('Gemm', ['sliced', 'weight'], ['product'], {
      alpha: { kind: 'float', value: 0.5 },
      transB: { kind: 'int', value: 1 },
    }),
    node('Concat', ['product', 'product'], ['action'], { axis: { kind: 'int', value: -1 } }),
  ],
  initializers: [
    { name: 'from', dims: [1], type: 'int64', data: BigInt64Array.of(-2n) },
    { name: 'to', dims: [1], type: 'int64', data: BigInt64Array.of(9223372036854775807n >> 11n) },
    { name: 'axis', dims: [1], type: 'int64', data: BigInt64Array.of(1n) },
    { name: 'weight', dims: [3, 2], type: 'float32', data: Float32Array.of(1, -2, 0.1, 4, 1e-40, 3e38) },
  ],
  inputs: [{ name: 'observation', type: 'float32', dims: ['batch', 2] }],
  outputs: [{ name: 'action', type: 'float32', dims: ['batch', 6] }],
};

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ProductError) return error.code;
    throw error;
  }
  return 'none';
};

test('a graph comes back as it went in, and always in the same bytes', () => {
  const bytes = encodeModel(graph);
  const decoded = decodeModel(bytes);
  expect(decoded).toEqual(graph);
  expect([...encodeModel(decoded)]).toEqual([...bytes]);
});

describe('what a policy may not be is refused by name', () => {
  const changed = (change: Partial<OnnxGraph>): Uint8Array => encodeModel({ ...graph, ...change });
  const withNode = (extra: OnnxNode): Uint8Array => changed({ nodes: [...graph.nodes, extra] });
  const cases: [string, string, () => Uint8Array][] = [
    ['an operator off the list', 'ONNX_OPERATOR', () => withNode(node('Loop', ['action'], ['x']))],
    ['an operator named like a method', 'ONNX_OPERATOR', () => withNode(node('toString', ['action'], ['x']))],
    ['too few inputs', 'ONNX_INVALID', () => withNode(node('Add', ['action'], ['x']))],
    ['two outputs', 'ONNX_INVALID', () => withNode(node('Neg', ['action'], ['x', 'y']))],
    [
      'an attribute that is not allowed',
      'ONNX_INVALID',
      () => withNode(node('Neg', ['action'], ['x'], { axis: { kind: 'int', value: 1 } })),
    ],
    ['a name read before it is defined', 'ONNX_INVALID', () => withNode(node('Neg', ['later'], ['x']))],
    ['a name defined twice', 'ONNX_INVALID', () => withNode(node('Neg', ['action'], ['sliced']))],
    [
      'an output that nothing computes',
      'ONNX_INVALID',
      () => changed({ outputs: [{ ...graph.outputs[0], name: 'nothing' }] }),
    ],
    ['no output', 'ONNX_INVALID', () => changed({ outputs: [] })],
    [
      'a weight that is not finite',
      'ONNX_NOT_FINITE',
      () =>
        changed({
          initializers: [
            ...graph.initializers,
            { name: 'bad', dims: [1], type: 'float32', data: Float32Array.of(Number.NaN) },
          ],
        }),
    ],
    ['nothing', 'ONNX_MALFORMED', () => new Uint8Array(0)],
    ['text', 'ONNX_MALFORMED', () => new TextEncoder().encode('{"not": "onnx"}')],
    ['another opset', 'ONNX_UNSUPPORTED', () => replaceOpset(19)],
    [
      'too many nodes',
      'ONNX_TOO_LARGE',
      () =>
        changed({
          nodes: Array.from({ length: MODEL_LIMITS.nodes + 1 }, (_, i) => node('Neg', ['observation'], [`n${i}`])),
        }),
    ],
    ['too many bytes', 'ONNX_TOO_LARGE', () => new Uint8Array(MODEL_LIMITS.bytes + 1)],
    ['a name too long', 'ONNX_TOO_LARGE', () => changed({ nodes: [node('Neg', ['observation'], ['x'.repeat(200)])] })],
    ['values kept in another file', 'ONNX_EXTERNAL_DATA', () => wrapTensor((tensor) => tensor.varint(14, 1))],
    ['an external data entry', 'ONNX_EXTERNAL_DATA', () => wrapTensor((tensor) => tensor.bytes(13, new Uint8Array(0)))],
    [
      'a shape larger than its bytes',
      'ONNX_MALFORMED',
      () => wrapTensor((tensor) => tensor.packed(1, [4]).varint(2, 1).bytes(9, new Uint8Array(4))),
    ],
    [
      'a shape beyond all bounds',
      'ONNX_TOO_LARGE',
      () => wrapTensor((tensor) => tensor.packed(1, [2 ** 40, 2 ** 40]).varint(2, 1)),
    ],
    ['a tensor of doubles', 'ONNX_UNSUPPORTED', () => wrapTensor((tensor) => tensor.varint(2, 11))],
  ];
  test.each(cases)('%s: %s', (_, code, make) => {
    expect(codeOf(() => decodeModel(make()))).toBe(code);
  });

  test('a tensor whose values do not fill its shape is not encoded', () => {
    expect(
      codeOf(() => changed({ initializers: [{ name: 'w', dims: [3], type: 'float32', data: new Float32Array(2) }] })),
    ).toBe('ONNX_TENSOR_SIZE');
  });
});

/** Damage of many kinds: bytes flipped, cut, doubled, replaced. Whatever comes out, nothing but a typed error may escape. */
test('no damaged model makes the decoder throw anything but a typed error', () => {
  const bytes = encodeModel(graph);
  const random = createRandom(11);
  let refused = 0;
  for (let i = 0; i < 4000; i++) {
    const damaged = damage(bytes, random);
    const code = codeOf(() => decodeModel(damaged));
    if (code !== 'none') refused++;
    else checkPolicyGraph(decodeProto(damaged));
  }
  expect(refused).toBeGreaterThan(2500);
});

function damage(bytes: Uint8Array, random: ReturnType<typeof createRandom>): Uint8Array {
  let out = bytes.slice();
  for (let k = 0; k <= random.integer(4); k++) {
    const kind = random.integer(4);
    if (out.length === 0) break;
    if (kind === 0) out[random.integer(out.length)] ^= 1 << random.integer(8);
    else if (kind === 1) out = out.slice(0, random.integer(out.length));
    else if (kind === 2) out[random.integer(out.length)] = random.integer(256);
    else {
      const from = random.integer(out.length);
      const part = out.slice(from, from + random.integer(40));
      const at = random.integer(out.length);
      out = Uint8Array.from([...out.subarray(0, at), ...part, ...out.subarray(at)]);
    }
  }
  return out;
}

/** A model of one initializer, written field by field. */
function wrapTensor(write: (tensor: MessageWriter) => MessageWriter): Uint8Array {
  const tensor = write(new MessageWriter().string(8, 'w')).finish();
  return modelOf(new MessageWriter().bytes(5, tensor).finish(), 20);
}

const replaceOpset = (version: number): Uint8Array => modelOf(new MessageWriter().string(2, 'empty').finish(), version);

const modelOf = (body: Uint8Array, opset: number): Uint8Array =>
  new MessageWriter().varint(1, 10).bytes(7, body).bytes(8, new MessageWriter().varint(2, opset).finish()).finish();
