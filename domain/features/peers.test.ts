import { expect, test } from '@jest/globals';
import { computeFeatures } from './compute.ts';
import { defaultFeatureSpec } from './default-spec.ts';
import { fixturePanel } from './fixture-panel.ts';
import { peerWeights } from './peers.ts';

const panel = fixturePanel({ seed: 1, sessions: 130, assets: 4 });
const spec = defaultFeatureSpec({ hasVolume: false, embeddings: true });
const history = (vectors: number[]) => ({
  dates: [panel.dates[70]],
  symbols: panel.symbols,
  dimensions: 2,
  vectors: Float32Array.from(vectors),
});
const VECTORS = [1, 0, 0.6, 0.8, 0, 1, -1, 0];
const column = (vectors: number[], name: string): number[] => {
  const tensor = computeFeatures(panel, spec, { embeddings: history(vectors) });
  const f = tensor.columns.indexOf(name);
  return Array.from({ length: 4 }, (_, a) => tensor.values[(129 * 4 + a) * tensor.columns.length + f]);
};

test('weights are exp(4 x cosine)', () => {
  const weights = peerWeights(history(VECTORS), 0, panel.symbols);
  expect(weights[0 * 4 + 1]).toBeCloseTo(Math.exp(4 * 0.6), 5);
  expect(weights[0 * 4 + 2]).toBeCloseTo(1, 6);
  expect(weights[3 * 4 + 0]).toBeCloseTo(Math.exp(-4), 6);
});

test('peer momentum is the weighted mean of the others, the spread what is left', () => {
  const own = column(VECTORS, 'momentum63');
  const w = [1, 2, 3].map((b) => peerWeights(history(VECTORS), 0, panel.symbols)[b]);
  const expected = (w[0] * own[1] + w[1] * own[2] + w[2] * own[3]) / (w[0] + w[1] + w[2]);
  expect(column(VECTORS, 'peerMomentum63')[0]).toBeCloseTo(expected, 5);
  expect(column(VECTORS, 'peerSpread63')[0]).toBeCloseTo(own[0] - expected, 5);
});

test('a rotation of the vectors changes nothing: snapshots need no alignment', () => {
  const [c, s] = [Math.cos(1.1), Math.sin(1.1)];
  const turned = VECTORS.map((_, i) =>
    i % 2 === 0 ? c * VECTORS[i] - s * VECTORS[i + 1] : s * VECTORS[i - 1] + c * VECTORS[i],
  );
  const [before, after] = [column(VECTORS, 'peerMomentum63'), column(turned, 'peerMomentum63')];
  before.forEach((x, a) => {
    expect(after[a]).toBeCloseTo(x, 5);
  });
});

test("an asset without a vector has no peer features and is nobody's peer", () => {
  const without = column([1, 0, Number.NaN, Number.NaN, 0, 1, -1, 0], 'peerMomentum63');
  expect(without[1]).toBeNaN();
  const own = column(VECTORS, 'momentum63');
  const [w2, w3] = [1, Math.exp(-4)];
  expect(without[0]).toBeCloseTo((w2 * own[2] + w3 * own[3]) / (w2 + w3), 5);
});
