import { describe, expect, test } from '@jest/globals';
import { computeFeatures } from './compute.ts';
import { defaultFeatureSpec } from './default-spec.ts';
import { fixturePanel } from './fixture-panel.ts';
import { fitNormaliser, identityNormaliser } from './normaliser.ts';
import { ObservationBuilder, observationWidth } from './observation.ts';

const panel = fixturePanel({ seed: 4, sessions: 330, assets: 3, listedFrom: { 2: 200 }, halts: [[1, 320, 2]] });
const spec = defaultFeatureSpec({ hasVolume: true, embeddings: false });
const tensor = computeFeatures(panel, spec);
const F = spec.columns.length;
const normaliser = fitNormaliser(tensor, panel.dates[0], panel.dates[299]);
const builder = new ObservationBuilder(tensor, normaliser);
const state = (usable: Uint8Array) => ({ held: Float64Array.of(0.2, 0.3, 0), cash: 0.5, drawdown: 0.04, usable });
const observe = (t: number, usable = builder.usable(t, panel), offset = 0) => {
  const out = new Float32Array(offset + 3 * builder.width).fill(9);
  builder.write(t, state(usable), out, offset);
  return out;
};

describe('normaliser', () => {
  test('mean and standard deviation of the complete rows of the window alone', () => {
    const f = 4;
    const values: number[] = [];
    for (let t = 252; t <= 299; t++) for (const a of [0, 1]) values.push(tensor.values[(t * 3 + a) * F + f]);
    const mean = values.reduce((s, x) => s + x, 0) / values.length;
    const std = Math.sqrt(values.reduce((s, x) => s + (x - mean) ** 2, 0) / values.length);
    expect(normaliser.mean[f]).toBeCloseTo(mean, 12);
    expect(normaliser.std[f]).toBeCloseTo(std, 12);
  });

  test('what comes after the window has no influence', () => {
    const values = tensor.values.map((x, i) => (i >= 300 * 3 * F ? x * 100 : x));
    expect(fitNormaliser({ ...tensor, values }, panel.dates[0], panel.dates[299])).toEqual(normaliser);
  });

  test('a column that does not vary keeps a scale of 1', () => {
    const values = tensor.values.map((x, i) => (i % F === 0 && !Number.isNaN(x) ? 0.1 : x));
    const fitted = fitNormaliser({ ...tensor, values }, panel.dates[0], panel.dates[299]);
    expect(fitted.std[0]).toBe(1);
  });

  test('a window without a complete row is refused', () => {
    expect(() => fitNormaliser(tensor, panel.dates[0], panel.dates[100])).toThrow(
      expect.objectContaining({ code: 'NORMALISER_NO_ROWS' }),
    );
  });

  test('and the features that nobody has in it are named', () => {
    const values = tensor.values.map((x, i) => (i % F === 1 ? Number.NaN : x));
    expect(() => fitNormaliser({ ...tensor, values }, panel.dates[0], panel.dates[299])).toThrow(
      expect.objectContaining({ facts: expect.objectContaining({ neverKnown: [tensor.columns[1]] }) }),
    );
  });
});

describe('observation', () => {
  test('columns: scaled and clipped features, then the state', () => {
    const t = 310;
    const out = observe(t, undefined, 7);
    expect(builder.width).toBe(observationWidth(spec));
    expect([...out.slice(0, 7)]).toEqual(new Array(7).fill(9));
    for (let a = 0; a < 2; a++) {
      for (let f = 0; f < F; f++) {
        const scaled = (tensor.values[(t * 3 + a) * F + f] - normaliser.mean[f]) / normaliser.std[f];
        expect(out[7 + a * builder.width + f]).toBeCloseTo(Math.max(-5, Math.min(5, scaled)), 5);
      }
      const tail = [...out.slice(7 + a * builder.width + F, 7 + (a + 1) * builder.width)];
      const expected = [[0.2, 0.3][a], 0.04, 0.5, tensor.anchorLogit[t * 3 + a], tensor.anchorExposure[t], 1];
      tail.forEach((x, i) => {
        expect(x).toBeCloseTo(expected[i], 6);
      });
    }
  });

  test('usable: a bar today and every feature known', () => {
    expect([...builder.usable(251, panel)]).toEqual([0, 0, 0]);
    expect([...builder.usable(310, panel)]).toEqual([1, 1, 0]);
    expect([...builder.usable(321, panel)]).toEqual([1, 0, 0]);
  });

  test('unknown features of unusable rows are written as 0, never as NaN', () => {
    for (const t of [0, 100, 310, 321]) expect(observe(t).every(Number.isFinite)).toBe(true);
    expect(observe(310)[2 * builder.width + spec.columns.findIndex(({ name }) => name === 'momentum252')]).toBe(0);
    expect(observe(310)[3 * builder.width - 1]).toBe(0);
  });

  test('calling an unknown row usable names asset, day and field', () => {
    expect(() => observe(310, Uint8Array.of(1, 1, 1))).toThrow(
      expect.objectContaining({
        code: 'FEATURES_NOT_FINITE',
        facts: { asset: 'S02', day: panel.dates[310], field: 'momentum126' },
      }),
    );
  });

  test('a normaliser of another spec is refused; one that scales nothing passes features through', () => {
    expect(() => new ObservationBuilder(tensor, identityNormaliser(3, '2000-01-01', '2000-01-02'))).toThrow(
      expect.objectContaining({ code: 'OBSERVATION_WIDTH' }),
    );
    const plain = new ObservationBuilder(tensor, identityNormaliser(F, panel.dates[0], panel.dates[9]));
    const out = new Float32Array(3 * plain.width);
    plain.write(310, state(plain.usable(310, panel)), out, 0);
    expect(out[1]).toBe(Math.max(-5, Math.min(5, tensor.values[310 * 3 * F + 1])));
  });

  test('writing is a copy, not a computation: 20,000 observations in well under a second', () => {
    const out = new Float32Array(3 * builder.width);
    const given = state(builder.usable(310, panel));
    const started = performance.now();
    for (let i = 0; i < 20_000; i++) builder.write(310, given, out, 0);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
