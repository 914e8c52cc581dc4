import { encodeModel, type OnnxNode } from './onnx/codec.ts';
import { POLICY_INPUT, POLICY_OUTPUT, STATE_COLUMNS } from './policy.ts';

/** A log exposure whose exponential is 0 in float32 and in float64. */
const NO_EXPOSURE = -1000;

/**
 * The all-cash policy in the form of every other: whatever it sees, equal logits and no exposure. It decides when even the
 * baseline breaks a risk gate.
 * @param features F of the observation, state columns included.
 */
export function cashPolicy(features: number): Uint8Array {
  const column = features - STATE_COLUMNS.length + STATE_COLUMNS.indexOf('anchorLogit');
  const int64 = (name: string, values: number[]) =>
    ({ name, dims: [values.length], type: 'int64', data: BigInt64Array.from(values, BigInt) }) as const;
  const float = (name: string, value: number) =>
    ({ name, dims: [1], type: 'float32', data: Float32Array.of(value) }) as const;
  const node = (op: string, inputs: string[], output: string, attributes: OnnxNode['attributes'] = {}): OnnxNode => ({
    op,
    name: output,
    inputs,
    outputs: [output],
    attributes,
  });
  return encodeModel({
    name: 'cash',
    initializers: [
      int64('from', [column]),
      int64('to', [column + 1]),
      int64('lastAxis', [2]),
      int64('first', [0]),
      int64('second', [1]),
      int64('assetAxis', [1]),
      int64('rows', [0, -1]),
      float('zero', 0),
      float('noExposure', NO_EXPOSURE),
    ],
    nodes: [
      node('Slice', [POLICY_INPUT, 'from', 'to', 'lastAxis'], 'column'),
      node('Reshape', ['column', 'rows'], 'perAsset'),
      node('Mul', ['perAsset', 'zero'], 'logits'),
      node('Slice', ['logits', 'first', 'second', 'assetAxis'], 'one'),
      node('Add', ['one', 'noExposure'], 'exposure'),
      node('Concat', ['logits', 'exposure'], POLICY_OUTPUT, { axis: { kind: 'int', value: 1 } }),
    ],
    inputs: [{ name: POLICY_INPUT, type: 'float32', dims: ['batch', 'assets', features] }],
    outputs: [{ name: POLICY_OUTPUT, type: 'float32', dims: ['batch', 'assets + 1'] }],
  });
}
