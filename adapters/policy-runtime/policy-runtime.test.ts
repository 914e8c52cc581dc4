import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRandom } from '../../domain/simulation/random.ts';
import { parameterCount } from '../../training-container/src/networks/parameters.ts';
import { policyModel, portfolioNetwork } from '../../training-container/src/networks/portfolio.ts';
import { exactRuntime } from './exact.ts';
import { onnxRuntime } from './onnx.ts';
import { policyRuntimeContract } from './policy-runtime.contract.ts';

policyRuntimeContract(exactRuntime);
policyRuntimeContract(onnxRuntime);

/** What is served (ONNX Runtime) and what is settled (exact) are the same policy. */
test('both runtimes agree within 1e-6 on random policies, observations, batches and numbers of assets', async () => {
  const settings = fc.record({
    seed: fc.integer(),
    batch: fc.integer({ min: 1, max: 4 }),
    assets: fc.integer({ min: 1, max: 20 }),
    columns: fc.integer({ min: 1, max: 30 }),
    hidden: fc.constantFrom(1, 7, 16, 64),
  });
  await fc.assert(
    fc.asyncProperty(settings, async ({ seed, batch, assets, columns, hidden }) => {
      const random = createRandom(seed);
      const features = columns + 6;
      const shape = { assets, features, hidden, logStdInit: 0 };
      const scale = 1 / Math.sqrt(Math.max(features, hidden));
      const onnx = policyModel(
        shape,
        Float64Array.from({ length: parameterCount(portfolioNetwork(shape)) }, () => scale * random.normal()),
      );
      const observation = Float32Array.from({ length: batch * assets * features }, (_, i) =>
        i % features === features - 1 ? random.integer(2) : random.normal(),
      );
      const [exact, onnxPolicy] = [await exactRuntime.load(onnx), await onnxRuntime.load(onnx)];
      const expected = await exact.act(observation, batch, assets, features);
      const actual = await onnxPolicy.act(observation, batch, assets, features);
      await onnxPolicy.close();
      expected.forEach((value, i) => {
        expect(Math.abs(actual[i] - value)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(value)));
      });
    }),
    { numRuns: 60, seed: 20240601 },
  );
});
