import { describe, expect, test } from '@jest/globals';
import { encodeModel, type OnnxGraph, type OnnxNode } from '../../domain/policy/onnx/codec.ts';
import type { PolicyRuntime } from './port.ts';

const node = (op: string, inputs: string[], outputs: string[], attributes: OnnxNode['attributes'] = {}): OnnxNode => ({
  op,
  name: '',
  inputs,
  outputs,
  attributes,
});

/** Logits: tanh of the first of two columns; exposure: -1. */
const graph: OnnxGraph = {
  name: 'policy',
  nodes: [
    node('Slice', ['observation', 'zero', 'one', 'two'], ['first']),
    node('Reshape', ['first', 'flat'], ['column']),
    node('Tanh', ['column'], ['logits']),
    node('ReduceSum', ['column', 'one'], ['sum'], { keepdims: { kind: 'int', value: 1 } }),
    node('Mul', ['sum', 'nothing'], ['none']),
    node('Sub', ['none', 'unit'], ['exposure']),
    node('Concat', ['logits', 'exposure'], ['action'], { axis: { kind: 'int', value: 1 } }),
  ],
  initializers: [
    { name: 'zero', dims: [1], type: 'int64', data: BigInt64Array.of(0n) },
    { name: 'one', dims: [1], type: 'int64', data: BigInt64Array.of(1n) },
    { name: 'two', dims: [1], type: 'int64', data: BigInt64Array.of(2n) },
    { name: 'flat', dims: [2], type: 'int64', data: BigInt64Array.of(0n, -1n) },
    { name: 'nothing', dims: [], type: 'float32', data: Float32Array.of(0) },
    { name: 'unit', dims: [], type: 'float32', data: Float32Array.of(1) },
  ],
  inputs: [{ name: 'observation', type: 'float32', dims: ['batch', 'assets', 2] }],
  outputs: [{ name: 'action', type: 'float32', dims: ['batch', 'assets + 1'] }],
};

/** What every runtime of policies keeps. */
export function policyRuntimeContract(runtime: PolicyRuntime): void {
  describe(`policy runtime ${runtime.name}`, () => {
    test('answers [batch, assets + 1] for any batch and number of assets', async () => {
      const policy = await runtime.load(encodeModel(graph));
      const action = await policy.act(Float32Array.of(0.5, 9, -1, 9, 0, 9, 2, 9, 0.1, 9, -3, 9), 2, 3, 2);
      const expected = [0.5, -1, 0].map(Math.tanh).concat(-1, [2, 0.1, -3].map(Math.tanh), -1);
      expect(action.length).toBe(expected.length);
      expected.forEach((value, i) => {
        expect(Math.abs(action[i] - value)).toBeLessThan(1e-6);
      });
      expect((await policy.act(new Float32Array(2), 1, 1, 2)).length).toBe(2);
      await policy.close();
    });

    test('gives the same bits when asked again, also while another question is open', async () => {
      const policy = await runtime.load(encodeModel(graph));
      const observation = Float32Array.from({ length: 8 }, (_, i) => Math.sin(i + 1));
      const answers = await Promise.all([1, 2, 3].map(() => policy.act(observation, 1, 4, 2)));
      for (const answer of answers) expect([...answer]).toEqual([...answers[0]]);
      await policy.close();
    });

    test('refuses an operator that is not on the list, bytes that are no model, and a graph that is no policy', async () => {
      const bad = (change: Partial<OnnxGraph>): Uint8Array => encodeModel({ ...graph, ...change });
      const foreign = bad({ nodes: [...graph.nodes, node('Loop', ['action'], ['x'])] });
      await expect(runtime.load(foreign)).rejects.toMatchObject({ code: 'ONNX_OPERATOR', kind: 'badInput' });
      await expect(runtime.load(encodeModel(graph).slice(0, 50))).rejects.toMatchObject({ code: 'ONNX_MALFORMED' });
      const wrongName = bad({ outputs: [{ ...graph.outputs[0], name: 'logits' }] });
      await expect(runtime.load(wrongName)).rejects.toMatchObject({ code: 'POLICY_SIGNATURE' });
    });

    test('refuses an observation of another shape, or with a value that is not finite, by place', async () => {
      const policy = await runtime.load(encodeModel(graph));
      const ask = async (values: Float32Array, features: number): Promise<unknown> =>
        policy.act(values, 1, 2, features);
      await expect(ask(new Float32Array(6), 3)).rejects.toMatchObject({ code: 'OBSERVATION_SHAPE' });
      await expect(ask(Float32Array.of(0, 0, Number.POSITIVE_INFINITY, 0), 2)).rejects.toMatchObject({
        code: 'OBSERVATION_NOT_FINITE',
        facts: { batch: 0, asset: 1, feature: 0 },
      });
      await policy.close();
    });
  });
}
