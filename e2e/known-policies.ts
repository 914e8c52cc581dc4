import type { Normaliser } from '../domain/features/spec.ts';
import { encodeModel, type OnnxNode } from '../domain/policy/onnx/codec.ts';
import { POLICY_INPUT, POLICY_OUTPUT, STATE_COLUMNS } from '../domain/policy/policy.ts';

/**
 * A policy that knows what the regime's signal means (the last feature column): all in the asset that is on, cash when none is.
 * `tilt` 1 follows the signal, -1 does the opposite. With A assets the signals sum to 2 - A when one is on and to -A when none is,
 * so the log exposure 5 (sum + A - 2) is 0 or -10.
 */
export function signalPolicy(normaliser: Normaliser, assets: number, tilt: 1 | -1): Uint8Array {
  const columns = normaliser.mean.length;
  const features = columns + STATE_COLUMNS.length;
  const [mean, std] = [normaliser.mean[columns - 1], normaliser.std[columns - 1]];
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
    name: 'signal',
    initializers: [
      int64('from', [columns - 1]),
      int64('to', [columns]),
      int64('lastAxis', [2]),
      int64('rows', [0, -1]),
      int64('assetAxis', [1]),
      float('std', std),
      float('mean', mean),
      float('sharpness', 20 * tilt),
      float('offset', assets - 2),
      float('steepness', tilt === 1 ? 5 : 0),
    ],
    nodes: [
      node('Slice', [POLICY_INPUT, 'from', 'to', 'lastAxis'], 'column'),
      node('Reshape', ['column', 'rows'], 'scaled'),
      node('Mul', ['scaled', 'std'], 'spread'),
      node('Add', ['spread', 'mean'], 'signal'),
      node('Mul', ['signal', 'sharpness'], 'logits'),
      node('ReduceSum', ['signal', 'assetAxis'], 'sum', { keepdims: { kind: 'int', value: 1 } }),
      node('Add', ['sum', 'offset'], 'on'),
      node('Mul', ['on', 'steepness'], 'exposure'),
      node('Concat', ['logits', 'exposure'], POLICY_OUTPUT, { axis: { kind: 'int', value: 1 } }),
    ],
    inputs: [{ name: POLICY_INPUT, type: 'float32', dims: ['batch', 'assets', features] }],
    outputs: [{ name: POLICY_OUTPUT, type: 'float32', dims: ['batch', 'assets + 1'] }],
  });
}
