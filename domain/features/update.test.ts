import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { panelBetween, panelUntil } from '../market/panel.ts';
import { CATALOGUE } from './catalogue.ts';
import { computeFeatures } from './compute.ts';
import { featureSpec } from './default-spec.ts';
import { fixtureWorld } from './fixture-inputs.ts';
import { historyDigest } from './history-digest.ts';
import type { FeatureTensor } from './spec.ts';
import { updateFeatures } from './update.ts';

const ASSETS = 6;
const { panel, inputs } = fixtureWorld({
  seed: 12,
  sessions: 620,
  assets: ASSETS,
  listedFrom: { 4: 300 },
  listedUntil: { 5: 560 },
  halts: [
    [0, 40, 3],
    [1, 95, 20],
    [1, 480, 21],
    [2, 150, 30],
    [3, 180, 60],
    [3, 500, 40],
  ],
});
const sessions = panel.dates.length;
const spec = featureSpec(Object.keys(CATALOGUE));
const all = computeFeatures(panel, spec, inputs);

const until = (tensor: FeatureTensor, end: number): FeatureTensor => ({
  ...tensor,
  dates: tensor.dates.slice(0, end),
  values: tensor.values.slice(0, end * ASSETS * tensor.columns.length),
  anchorLogit: tensor.anchorLogit.slice(0, end * ASSETS),
  anchorExposure: tensor.anchorExposure.slice(0, end),
});
const bits = ({ values, anchorLogit, anchorExposure }: FeatureTensor): Buffer =>
  Buffer.concat(
    [values, anchorLogit, anchorExposure].map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)),
  );

describe('one day alone, from its look-back', () => {
  // The tail begins 401 sessions before: inside each of the halts, before and after listings and ends.
  test.each([402, 430, 442, 497, 498, 516, 517, 522, 552, 553, 580, 582, 610, 619])(
    'day %i has the bits of the batch',
    (t) => {
      const updated = updateFeatures(until(all, t), panelUntil(panel, t + 1), spec, inputs) as FeatureTensor;
      expect(updated.dates).toEqual(panel.dates.slice(0, t + 1));
      expect(bits(updated).equals(bits(until(all, t + 1)))).toBe(true);
    },
  );

  test('several days at once', () => {
    expect(bits(updateFeatures(until(all, 450), panel, spec, inputs) as FeatureTensor).equals(bits(all))).toBe(true);
  });

  test('too short a history, other columns, assets or dates, or nothing new: none', () => {
    const before = until(all, 619);
    const other = featureSpec(Object.keys(CATALOGUE).slice(1));
    expect(updateFeatures(until(all, 401), panel, spec, inputs)).toBeNull();
    expect(updateFeatures(before, panel, other, inputs)).toBeNull();
    expect(updateFeatures(before, { ...panel, symbols: panel.symbols.map((s) => `${s}X`) }, spec, inputs)).toBeNull();
    expect(updateFeatures(before, panelBetween(panel, 1, sessions), spec, inputs)).toBeNull();
    expect(updateFeatures(all, panel, spec, inputs)).toBeNull();
  });
});

describe('what a revision of history changes', () => {
  const known = 600;
  const digest = historyDigest(panel, inputs, known);
  const change = (values: Float64Array, index: number) => values.map((x, i) => (i === index ? x * 1.01 + 0.01 : x));

  test('a bar of any day, however long ago, is seen; one after it is not', () => {
    const field = fc.constantFrom(
      'close' as const,
      'returns' as const,
      'volume' as const,
      'high' as const,
      'split' as const,
    );
    fc.assert(
      fc.property(field, fc.nat(sessions - 1), fc.nat(ASSETS - 1), (name, t, a) => {
        const values = panel[name] as Float64Array;
        const i = t * ASSETS + a;
        fc.pre(!Number.isNaN(values[i]));
        const revised = historyDigest({ ...panel, [name]: change(values, i) }, inputs, known);
        expect(revised === digest).toBe(t >= known);
      }),
    );
  });

  test('a report, a macro value, an edge or a vector that was known is seen; one that was not, is not', () => {
    for (const name of ['fundamentals', 'macro'] as const) {
      const table = inputs[name] as NonNullable<(typeof inputs)[typeof name]>;
      for (const row of [0, 5, table.value.length - 1]) {
        const revised = { ...inputs, [name]: { ...table, value: change(table.value, row) } };
        expect(historyDigest(panel, revised, known) === digest).toBe(table.knownDate[row] > panel.dates[known - 1]);
      }
    }
    const { graph, embeddings } = inputs as {
      graph: NonNullable<typeof inputs.graph>;
      embeddings: NonNullable<typeof inputs.embeddings>;
    };
    const snapshots = graph.snapshots.with(0, { ...graph.snapshots[0], edges: graph.snapshots[0].edges.slice(1) });
    expect(historyDigest(panel, { ...inputs, graph: { ...graph, snapshots } }, known)).not.toBe(digest);
    const vectors = embeddings.vectors.map((x, i) => (i === 0 ? x + 1 : x));
    expect(historyDigest(panel, { ...inputs, embeddings: { ...embeddings, vectors } }, known)).not.toBe(digest);
  });

  test('what has become known since changes nothing', () => {
    expect(historyDigest(panelUntil(panel, known), inputs, known)).toBe(digest);
    expect(historyDigest(panel, inputs, known + 1)).not.toBe(digest);
  });
});
