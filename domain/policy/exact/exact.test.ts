import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../../simulation/random.ts';
import { encodeModel, type OnnxGraph, type OnnxNode } from '../onnx/codec.ts';
import { createExactPolicy } from './exact.ts';
import { exactExp, exactLog, exactTanh } from './math.ts';

describe('own exp, log and tanh', () => {
  const random = createRandom(3);
  const points = Array.from({ length: 20_000 }, () => (random.uniform() - 0.5) * 2 ** (random.uniform() * 16 - 8));
  const relative = (actual: number, expected: number): number =>
    Math.abs(actual - expected) / Math.max(Math.abs(expected), Number.MIN_VALUE);

  test('agree with the platform to 1e-13, far inside float32', () => {
    let worst = 0;
    for (const x of points) {
      worst = Math.max(
        worst,
        relative(exactExp(x), Math.exp(x)),
        relative(exactTanh(x), Math.tanh(x)),
        relative(exactLog(Math.abs(x)), Math.log(Math.abs(x))),
      );
    }
    expect(worst).toBeLessThan(1e-13);
  });

  test('have their limits', () => {
    expect([exactExp(0), exactExp(800), exactExp(-800), exactExp(Number.NaN)]).toEqual([
      1,
      Number.POSITIVE_INFINITY,
      0,
      Number.NaN,
    ]);
    expect([exactLog(1), exactLog(0), exactLog(-1), exactLog(Number.POSITIVE_INFINITY)]).toEqual([
      0,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ]);
    expect([exactTanh(0), exactTanh(50), exactTanh(-50)]).toEqual([0, 1, -1]);
    expect(
      [exactExp(709), exactExp(-740)].map(
        (value) => relative(value, value > 1 ? Math.exp(709) : Math.exp(-740)) < 1e-9,
      ),
    ).toEqual([true, true]);
  });

  test('keep their bits: these are the values everywhere', () => {
    expect([exactExp(0.1), exactExp(-3.7), exactLog(7.5), exactTanh(0.3), exactTanh(-2.2)]).toEqual([
      1.1051709180756477, 0.024723526470339388, 2.0149030205422647, 0.2913126124515909, -0.9757431300314515,
    ]);
  });
});

const node = (op: string, inputs: string[], outputs: string[], attributes: OnnxNode['attributes'] = {}): OnnxNode => ({
  op,
  name: '',
  inputs,
  outputs,
  attributes,
});

/** Two assets of two features; the action adds the columns, and its last value is 2. */
const graph: OnnxGraph = {
  name: 'policy',
  nodes: [
    node('ReduceSum', ['observation', 'last'], ['sum'], { keepdims: { kind: 'int', value: 0 } }),
    node('Concat', ['sum', 'two'], ['action'], { axis: { kind: 'int', value: 1 } }),
  ],
  initializers: [
    { name: 'last', dims: [1], type: 'int64', data: BigInt64Array.of(-1n) },
    { name: 'two', dims: [1, 1], type: 'float32', data: Float32Array.of(2) },
  ],
  inputs: [{ name: 'observation', type: 'float32', dims: ['batch', 'assets', 2] }],
  outputs: [{ name: 'action', type: 'float32', dims: ['batch', 'assets + 1'] }],
};

test('a policy is interpreted, sums in float64 and rounds once', () => {
  const policy = createExactPolicy(encodeModel(graph));
  expect([...(policy.act(Float32Array.of(0.1, 0.2, 1e8, 1), 1, 2, 2) as Float32Array)]).toEqual([
    Math.fround(Math.fround(0.1) + Math.fround(0.2)),
    100_000_000,
    2,
  ]);
});

describe('what cannot be answered is refused', () => {
  const policy = createExactPolicy(encodeModel(graph));
  const refusal = (run: () => unknown): { code?: string; facts?: unknown } => {
    try {
      run();
    } catch (error) {
      return error as { code: string; facts: unknown };
    }
    return {};
  };

  test('an observation of another shape, or with a value that is not finite, by place', () => {
    expect(refusal(() => policy.act(new Float32Array(6), 1, 2, 3)).code).toBe('OBSERVATION_SHAPE');
    expect(refusal(() => policy.act(new Float32Array(3), 1, 2, 2)).code).toBe('OBSERVATION_SHAPE');
    expect(refusal(() => policy.act(Float32Array.of(0, 0, 0, Number.NaN), 1, 2, 2))).toMatchObject({
      code: 'OBSERVATION_NOT_FINITE',
      facts: { asset: 1, feature: 1 },
    });
  });

  test('a model that is no policy, one whose shapes do not fit, one that overflows', () => {
    const with_ = (change: Partial<OnnxGraph>): Uint8Array => encodeModel({ ...graph, ...change });
    const renamed = { ...graph.inputs[0], name: 'x' };
    expect(
      refusal(() =>
        createExactPolicy(with_({ inputs: [renamed], nodes: [node('Neg', ['x'], ['action'])], initializers: [] })),
      ).code,
    ).toBe('POLICY_SIGNATURE');
    const misfit = createExactPolicy(with_({ nodes: [node('Concat', ['observation', 'two'], ['action'])] }));
    expect(refusal(() => misfit.act(new Float32Array(4), 1, 2, 2)).code).toBe('ONNX_SHAPE');
    const wrong = createExactPolicy(with_({ nodes: [node('Neg', ['observation'], ['action'])] }));
    expect(refusal(() => wrong.act(new Float32Array(4), 1, 2, 2)).code).toBe('ONNX_SHAPE');
    const [sum, concat] = graph.nodes;
    const overflow = createExactPolicy(
      with_({ nodes: [node('Exp', ['observation'], ['e']), { ...sum, inputs: ['e', 'last'] }, concat] }),
    );
    expect(refusal(() => overflow.act(Float32Array.of(0, 0, 200, 0), 1, 2, 2)).code).toBe('ACTION_NOT_FINITE');
  });
});
