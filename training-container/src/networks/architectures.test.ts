import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createExactPolicy } from '../../../domain/policy/exact/exact.ts';
import { STATE_COLUMNS } from '../../../domain/policy/policy.ts';
import { createRandom } from '../../../domain/simulation/random.ts';
import { openGraph, runGraph } from '../autodiff/run-graph.fixture.ts';
import { gradientModel } from '../ppo-graphs.ts';
import { initialParameters, parameterCount } from './parameters.ts';
import { type PortfolioShape, policyModel, portfolioActor, portfolioNetwork } from './portfolio.ts';

const ARCHITECTURES = ['set', 'attention', 'temporal'] as const;
const STATE = STATE_COLUMNS.length;
const COLUMNS = 3;

const shapeOf = (architecture: (typeof ARCHITECTURES)[number], lookbackDays = 4, assets = 5): PortfolioShape => ({
  assets,
  features: COLUMNS * lookbackDays + STATE,
  hidden: 8,
  logStdInit: -0.5,
  architecture,
  lookbackDays,
});

/** Random rows; `closed` assets are not usable. */
function observationOf(
  shape: PortfolioShape,
  batch: number,
  seed: number,
  closed: readonly number[] = [],
): Float32Array {
  const { assets, features } = shape;
  const random = createRandom(seed);
  const out = Float32Array.from({ length: batch * assets * features }, () => random.normal());
  for (let row = 0; row < batch * assets; row++) {
    out[row * features + features - 2] = -0.3;
    out[row * features + features - 1] = closed.includes(row % assets) ? 0 : 1;
  }
  return out;
}

function parametersOf(shape: PortfolioShape, seed: number): Float64Array {
  const random = createRandom(seed);
  return Float64Array.from({ length: parameterCount(portfolioNetwork(shape)) }, () =>
    Math.fround(0.3 * random.normal()),
  );
}

const exact = (onnx: Uint8Array, { assets, features }: PortfolioShape, observation: Float32Array, batch: number) =>
  createExactPolicy(onnx).act(observation, batch, assets, features) as Float32Array;

describe.each(ARCHITECTURES)('%s', (architecture) => {
  test('both runtimes agree to 1e-6 on any universe, look-back, batch and parameters', async () => {
    const cases = fc.record({
      assets: fc.integer({ min: 1, max: 24 }),
      days: fc.integer({ min: 1, max: 7 }),
      batch: fc.integer({ min: 1, max: 3 }),
      seed: fc.integer({ min: 0, max: 1e6 }),
      closed: fc.array(fc.nat(23), { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ assets, days, batch, seed, closed }) => {
        const shape = shapeOf(architecture, days, assets);
        const onnx = policyModel(shape, parametersOf(shape, seed));
        const data = observationOf(shape, batch, seed, closed);
        const { action } = await runGraph(onnx, { observation: { dims: [batch, assets, shape.features], data } });
        const mine = exact(onnx, shape, data, batch);
        const scale = Math.max(1, ...mine.map(Math.abs));
        mine.forEach((value, i) => {
          expect(Math.abs(value - action[i])).toBeLessThanOrEqual(1e-6 * scale);
        });
      }),
      { numRuns: 40, seed: 11 },
    );
  });

  test('step 0 is the anchor exactly', () => {
    const shape = shapeOf(architecture);
    const onnx = policyModel(shape, initialParameters(portfolioNetwork(shape), createRandom(1)));
    const observation = observationOf(shape, 1, 5);
    const logits = Array.from({ length: 5 }, (_, a) => observation[(a + 1) * shape.features - 3]);
    expect([...exact(onnx, shape, observation, 1)]).toEqual([...logits, Math.fround(-0.3)]);
  });

  test('permuting the assets permutes the logits and leaves the exposure; who is not usable has no say', () => {
    const shape = shapeOf(architecture);
    const { features } = shape;
    const onnx = policyModel(shape, parametersOf(shape, 3));
    const observation = observationOf(shape, 1, 6, [3]);
    const order = [4, 2, 0, 3, 1];
    const permuted = Float32Array.from(
      order.flatMap((a) => [...observation.subarray(a * features, (a + 1) * features)]),
    );
    const before = exact(onnx, shape, observation, 1);
    const after = exact(onnx, shape, permuted, 1);
    order.forEach((a, i) => {
      expect(after[i]).toBeCloseTo(before[a], 5);
    });
    expect(after[5]).toBeCloseTo(before[5], 5);
    const changed = observation.slice();
    for (let f = 0; f < features - STATE; f++) changed[3 * features + f] += 2;
    const other = exact(onnx, shape, changed, 1);
    for (const i of [0, 1, 2, 4, 5]) expect(other[i]).toBe(before[i]);
  });

  test('the gradient of the PPO loss is that of finite differences, for every parameter of the actor', async () => {
    const shape = shapeOf(architecture);
    const network = portfolioNetwork(shape);
    const batch = 4;
    const D = shape.assets + 1;
    const flat = parametersOf(shape, 8);
    const random = createRandom(2);
    const rows = Float32Array.from({ length: batch * (D + 3) }, () => 0.5 * random.normal());
    for (let row = 0; row < batch; row++) rows[row * (D + 3) + D] -= 6; // old log-probability: ratios near one
    const settings = { clipCoef: 10, entCoef: 0.01, vfCoef: 0.5 };
    const run = await openGraph(gradientModel(network, settings, batch, batch));
    const evaluate = (parameters: Float64Array) =>
      run({
        parameters: { dims: [flat.length], data: Float32Array.from(parameters) },
        observation: { dims: [batch, shape.assets, shape.features], data: observationOf(shape, batch, 9, [1]) },
        batch: { dims: [batch, D + 3], data: rows },
      });
    const loss = async (parameters: Float64Array): Promise<number> => {
      const { stats } = await evaluate(parameters);
      return stats[0] - 0.01 * stats[2] + 0.5 * stats[1];
    };
    const { gradient } = await evaluate(flat);
    const largest = Math.max(...gradient.map(Math.abs));
    const actor = parameterCount(portfolioActor(shape));
    let off = 0;
    const chosen = Array.from({ length: 60 }, (_, i) => Math.floor((i * actor) / 60));
    for (const i of chosen) {
      const step = 1 / 256;
      const moved = (by: number): Float64Array => flat.map((value, k) => (k === i ? value + by : value));
      const slope = ((await loss(moved(step))) - (await loss(moved(-step)))) / (2 * step);
      // float32 sums, and a ReLU's kink now and then within the step
      if (Math.abs(slope - gradient[i]) > 0.02 * largest) off++;
    }
    expect(off).toBeLessThanOrEqual(1);
  });
});
