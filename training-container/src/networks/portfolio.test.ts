import { describe, expect, test } from '@jest/globals';
import { createExactPolicy } from '../../../domain/policy/exact/exact.ts';
import { decodeModel } from '../../../domain/policy/onnx/codec.ts';
import { STATE_COLUMNS } from '../../../domain/policy/policy.ts';
import { createRandom } from '../../../domain/simulation/random.ts';
import { runGraph } from '../autodiff/run-graph.fixture.ts';
import { rolloutModel } from '../ppo-graphs.ts';
import { initialParameters, parameterCount } from './parameters.ts';
import { baselineModel, policyModel, portfolioNetwork } from './portfolio.ts';

const shape = { assets: 5, features: 3 + STATE_COLUMNS.length, hidden: 8, logStdInit: -1 };
const network = portfolioNetwork(shape);
const { assets, features } = shape;

/** An observation whose last state columns mean what they must; asset 3 is not tradable. */
function observation(batch: number, seed: number): Float32Array {
  const random = createRandom(seed);
  const out = Float32Array.from({ length: batch * assets * features }, () => random.normal());
  for (let row = 0; row < batch; row++) {
    for (let a = 0; a < assets; a++) {
      out[(row * assets + a + 1) * features - 2] = -0.25 - row;
      out[(row * assets + a + 1) * features - 1] = a === 3 ? 0 : 1;
    }
  }
  return out;
}

/** Every parameter random, the zero-initialised last layers too. */
function randomParameters(seed: number): Float64Array {
  const random = createRandom(seed);
  return Float64Array.from({ length: parameterCount(network) }, () => Math.fround(0.4 * random.normal()));
}

const act = (onnx: Uint8Array, obs: Float32Array, batch: number): number[] => [
  ...(createExactPolicy(onnx).act(obs, batch, assets, features) as Float32Array),
];

test('at step 0 the policy is the anchor exactly, as model 0 is', () => {
  const obs = observation(3, 1);
  const start = policyModel(shape, initialParameters(network, createRandom(4)));
  const expected = [0, 1, 2].flatMap((row) => [
    ...Array.from({ length: assets }, (_, a) => obs[(row * assets + a + 1) * features - 3]),
    -0.25 - row,
  ]);
  expect(act(start, obs, 3)).toEqual(expected);
  expect(act(baselineModel(features), obs, 3)).toEqual(expected);
});

test('permuting the assets permutes the logits and leaves the exposure', () => {
  const onnx = policyModel(shape, randomParameters(2));
  const obs = observation(1, 3);
  const order = [4, 2, 0, 3, 1];
  const permuted = Float32Array.from(order.flatMap((a) => [...obs.subarray(a * features, (a + 1) * features)]));
  const [before, after] = [act(onnx, obs, 1), act(onnx, permuted, 1)];
  order.forEach((a, i) => {
    expect(after[i]).toBeCloseTo(before[a], 5);
  });
  expect(after[assets]).toBeCloseTo(before[assets], 5);
});

test('an asset that is not usable has no say in the others', () => {
  const onnx = policyModel(shape, randomParameters(2));
  const obs = observation(1, 3);
  const changed = obs.slice();
  for (let f = 0; f < features - 3; f++) changed[3 * features + f] += 5;
  const [before, after] = [act(onnx, obs, 1), act(onnx, changed, 1)];
  for (const i of [0, 1, 2, 4, 5]) expect(after[i]).toBe(before[i]);
});

describe('one forward, three graphs', () => {
  test('the rollout graph samples around the mean that the served graph gives', async () => {
    const flat = randomParameters(6);
    const obs = observation(2, 7);
    const served = act(policyModel(shape, flat), obs, 2);
    const noise = new Float32Array(2 * (assets + 1));
    const feeds = (data: Float32Array) => ({
      parameters: { dims: [flat.length], data: Float32Array.from(flat) },
      observation: { dims: [2, assets, features], data: obs },
      noise: { dims: [2, assets + 1], data },
    });
    const onnx = rolloutModel(network, 2);
    const still = (await runGraph(onnx, feeds(noise))).rollout;
    const width = assets + 3;
    for (let row = 0; row < 2; row++)
      for (let i = 0; i <= assets; i++) expect(still[row * width + i]).toBeCloseTo(served[row * (assets + 1) + i], 5);
    const moved = (await runGraph(onnx, feeds(noise.fill(1)))).rollout;
    let at = 0;
    for (const spec of network.parameters) {
      if (spec.name === 'logStd') break;
      at += spec.shape.reduce((product, dim) => product * dim, 1);
    }
    expect(moved[0] - still[0]).toBeCloseTo(Math.exp(flat[at]), 5);
    expect(moved[3] - still[3]).toBe(0); // not tradable: the action is the mean
    expect(moved[assets] - still[assets]).toBeCloseTo(Math.exp(flat[at + 1]), 5);
  });

  test('the served graph takes any batch and any number of assets, and is within the allow-list', () => {
    const onnx = policyModel(shape, randomParameters(8));
    expect(decodeModel(onnx).inputs).toEqual([
      { name: 'observation', type: 'float32', dims: ['batch', 'assets', features] },
    ]);
    const policy = createExactPolicy(onnx);
    const obs = Float32Array.from({ length: 2 * 9 * features }, (_, i) => Math.sin(i));
    expect((policy.act(obs, 2, 9, features) as Float32Array).length).toBe(20);
    expect([...policyModel(shape, randomParameters(8))]).toEqual([...onnx]);
  });
});
