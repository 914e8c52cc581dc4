import { afterAll, expect, test } from '@jest/globals';
import { CATALOGUE } from '../../domain/features/catalogue.ts';
import { computeFeatures } from '../../domain/features/compute.ts';
import { featureSpec } from '../../domain/features/default-spec.ts';
import { fixtureWorld } from '../../domain/features/fixture-inputs.ts';
import { panelUntil } from '../../domain/market/panel.ts';
import { TwoThreads } from './two-threads.ts';

const { panel, inputs } = fixtureWorld({
  seed: 21,
  sessions: 930,
  assets: 5,
  listedFrom: { 2: 480 },
  listedUntil: { 3: 700 },
  halts: [
    [0, 430, 40],
    [1, 455, 20],
  ],
});
const spec = featureSpec(Object.keys(CATALOGUE));
const threads = new TwoThreads();
afterAll(() => threads.close());

test('two threads give the bits of one, again and again, and of a history too short to be cut', async () => {
  for (const sessions of [930, 929, 500]) {
    const part = panelUntil(panel, sessions);
    const expected = computeFeatures(part, spec, inputs);
    const found = await threads.compute(part, spec, inputs);
    expect(found.dates).toEqual(expected.dates);
    expect(found.symbols).toEqual(expected.symbols);
    expect(found.columns).toEqual(expected.columns);
    for (const field of ['values', 'anchorLogit', 'anchorExposure'] as const)
      expect(Buffer.compare(bytes(found[field]), bytes(expected[field]))).toBe(0);
  }
});

test.each([
  ['the later', 900],
  ['the earlier', 100],
])('a bar that is not usable in %s half is refused as on one thread, and the next tensor is whole', async (_, t) => {
  const close = panel.close.slice();
  close[t * 5 + 1] = Number.POSITIVE_INFINITY;
  await expect(threads.compute({ ...panel, close }, spec, inputs)).rejects.toMatchObject({
    code: 'FEATURES_NOT_FINITE',
    facts: { asset: panel.symbols[1], day: panel.dates[t], field: 'close' },
  });
  const { values } = await threads.compute(panel, spec, inputs);
  expect(Buffer.compare(bytes(values), bytes(computeFeatures(panel, spec, inputs).values))).toBe(0);
});

const bytes = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
