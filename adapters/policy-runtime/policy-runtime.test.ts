import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
test('both runtimes agree within 1e-6 on random policies of every architecture and head, observations, batches and numbers of assets', async () => {
  const settings = fc.record({
    seed: fc.integer(),
    batch: fc.integer({ min: 1, max: 4 }),
    assets: fc.integer({ min: 1, max: 20 }),
    columns: fc.integer({ min: 1, max: 12 }),
    hidden: fc.constantFrom(1, 7, 16, 64),
    architecture: fc.constantFrom('set' as const, 'attention' as const, 'temporal' as const),
    head: fc.constantFrom('plain' as const, 'squashed' as const),
    longShortGross: fc.constantFrom(null, 1.6),
  });
  await fc.assert(
    fc.asyncProperty(settings, async ({ seed, batch, assets, columns, ...rest }) => {
      const random = createRandom(seed);
      const lookbackDays = rest.architecture === 'temporal' ? 5 : 1;
      const features = columns * lookbackDays + 6;
      const shape = { ...rest, assets, features, lookbackDays, logStdInit: 0 };
      const scale = 1 / Math.sqrt(Math.max(features, rest.hidden));
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
    { numRuns: 120, seed: 20240601 },
  );
});

test('ONNX Runtime reports to nobody: it keeps no device id, though nothing in the environment forbids it', () => {
  const home = mkdtempSync(join(tmpdir(), 'drl-onnx-home-'));
  const { href } = new URL('./onnx.ts', import.meta.url);
  const { href: cash } = new URL('../../domain/policy/cash.ts', import.meta.url);
  const script = `
    const { onnxRuntime } = await import('${href}');
    const { cashPolicy } = await import('${cash}');
    const policy = await onnxRuntime.load(cashPolicy(8));
    await policy.act(new Float32Array(8), 1, 1, 8);
    await policy.close();`;
  try {
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      env: { PATH: process.env.PATH, HOME: home, XDG_CACHE_HOME: home },
      encoding: 'utf8',
    });
    expect([status, stderr.replace(/.*(Warning|--trace-warnings).*\n/g, '')]).toEqual([0, '']);
    expect(readdirSync(home)).toEqual([]);
  } finally {
    rmSync(home, { recursive: true });
  }
});
