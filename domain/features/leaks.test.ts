import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { MarketPanel } from '../market/panel.ts';
import { type PointInTimeTable, pointInTimeTable } from '../market/point-in-time.ts';
import { CATALOGUE } from './catalogue.ts';
import { computeFeatures } from './compute.ts';
import { featureSpec } from './default-spec.ts';
import { fixtureWorld } from './fixture-inputs.ts';
import type { FeatureInputs } from './market-view.ts';
import type { FeatureTensor } from './spec.ts';

const ASSETS = 5;
const world = fixtureWorld({ seed: 31, sessions: 330, assets: ASSETS, listedFrom: { 3: 60 }, halts: [[1, 280, 4]] });
const sessions = world.panel.dates.length;
const spec = featureSpec(Object.keys(CATALOGUE));
const before = computeFeatures(world.panel, spec, world.inputs);

/** The first sessions, to the bit. */
const bits = ({ values, anchorLogit, anchorExposure, columns }: FeatureTensor, end: number): string =>
  [
    values.subarray(0, end * ASSETS * columns.length),
    anchorLogit.subarray(0, end * ASSETS),
    anchorExposure.subarray(0, end),
  ]
    .map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('base64'))
    .join('|');

type Given = { panel: MarketPanel; inputs: FeatureInputs & Pick<Required<FeatureInputs>, 'fundamentals' | 'macro'> };
type World = { panel: MarketPanel; inputs: FeatureInputs };

/** Each way of changing what is known after session t, and nothing before: prices with their ranges, volumes, halts, splits; reports; series; edges; vectors. */
const CHANGES: Record<string, (given: Given, t: number, size: number) => World> = {
  bars: ({ panel, inputs }, t, size) => {
    const later = (values: Float64Array | undefined, map: (x: number) => number) =>
      (values as Float64Array).map((x, i) => (i >= (t + 1) * ASSETS ? map(x) : x));
    const scaled = (x: number) => x * size;
    return {
      inputs,
      panel: {
        ...panel,
        close: later(panel.close, scaled),
        open: later(panel.open, scaled),
        high: later(panel.high, scaled),
        low: later(panel.low, scaled),
        returns: later(panel.returns, (r) => r * size + 0.001),
        volume: later(panel.volume, (x) => x / size),
        split: later(panel.split, (x) => x * 2),
      },
    };
  },
  halts: ({ panel, inputs }, t) => ({
    inputs,
    panel: { ...panel, tradable: panel.tradable.map((x, i) => (i >= (t + 1) * ASSETS && i % 3 === 0 ? 0 : x)) },
  }),
  ends: ({ panel, inputs }, t) => {
    const gone = (x: number, i: number) => (i >= (t + 1) * ASSETS && i % ASSETS === 2 ? 0 : x);
    return { inputs, panel: { ...panel, tradable: panel.tradable.map(gone), listed: panel.listed.map(gone) } };
  },
  fundamentals: ({ panel, inputs }, t, size) => ({
    panel,
    inputs: { ...inputs, fundamentals: published(inputs.fundamentals, panel.dates[t], size) },
  }),
  macro: ({ panel, inputs }, t, size) => ({
    panel,
    inputs: { ...inputs, macro: published(inputs.macro, panel.dates[t], size) },
  }),
  graph: ({ panel, inputs }, t, size) => {
    const { dates, snapshots } = inputs.graph as NonNullable<FeatureInputs['graph']>;
    const changed = snapshots.map((snapshot, i) =>
      dates[i] <= panel.dates[t]
        ? snapshot
        : { ...snapshot, edges: snapshot.edges.slice(1).map((edge) => ({ ...edge, weight: edge.weight * size })) },
    );
    return { panel, inputs: { ...inputs, graph: { dates, snapshots: changed } } };
  },
  embeddings: ({ panel, inputs }, t, size) => {
    const history = inputs.embeddings as NonNullable<FeatureInputs['embeddings']>;
    const perSnapshot = history.symbols.length * history.dimensions;
    const vectors = history.vectors.map((x, i) =>
      history.dates[Math.floor(i / perSnapshot)] > panel.dates[t] ? x + size : x,
    );
    return { panel, inputs: { ...inputs, embeddings: { ...history, vectors } } };
  },
};

/** Later values changed, half of them never published, and an old quarter restated on the last day. */
function published(given: PointInTimeTable | null, date: string, size: number): PointInTimeTable {
  const table = given as PointInTimeTable;
  const rows = [...table.value.keys()].filter((row) => table.knownDate[row] <= date || row % 2 === 0);
  const pick = (column: readonly string[], extra: string[]) => [...rows.map((row) => column[row]), ...extra];
  const last = world.panel.dates[sessions - 1];
  const restated = table.knownDate.findLastIndex((known) => known <= date);
  const one = <T>(x: T): T[] => (restated >= 0 ? [x] : []);
  return pointInTimeTable({
    series: pick(table.series, one(table.series[restated])),
    symbol: pick(table.symbol, one(table.symbol[restated])),
    eventDate: pick(table.eventDate, one(table.eventDate[restated])),
    knownDate: pick(table.knownDate, one(last)),
    value: Float64Array.from([
      ...rows.map((row) => table.value[row] * (table.knownDate[row] <= date ? 1 : size)),
      ...one(table.value[restated] * 2),
    ]),
  });
}

test.each(Object.keys(CHANGES))('%s known after t leave every feature up to t as it was, to the bit', (kind) => {
  let felt = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 64, max: sessions - 70 }),
      fc.double({ min: 0.5, max: 3, noNaN: true }),
      (t, size) => {
        fc.pre(Math.abs(size - 1) > 0.01);
        const { panel, inputs } = CHANGES[kind](world, t, size);
        const after = computeFeatures(panel, spec, inputs);
        expect(bits(after, t + 1) === bits(before, t + 1)).toBe(true);
        if (bits(after, sessions) !== bits(before, sessions)) felt++;
      },
    ),
    { numRuns: 6 },
  );
  expect(felt).toBeGreaterThan(0); // a change after the last snapshot is felt by nothing
});
