import { describe, expect, test } from '@jest/globals';
import { fixturePanel } from '../../domain/features/fixture-panel.ts';
import type { Instrument } from '../../domain/market/instrument.ts';
import { panelUntil } from '../../domain/market/panel.ts';
import { OPEN_END, OPEN_START } from './asset-graph.ts';
import { buildAssetGraph, type GraphOptions, neighboursOf } from './build.ts';
import { membershipsOf } from './memberships.ts';
import { hubCount } from './risk-groups.ts';
import { graphSize } from './size.ts';

const panel = fixturePanel({
  seed: 3,
  sessions: 320,
  assets: 8,
  listedFrom: { 6: 150 },
  listedUntil: { 7: 200 },
  halts: [[3, 250, 5]],
});
const REFERENCE: Instrument['reference'] = { region: 'north', etfs: ['S05'], suppliers: ['S02', 'S00', 'GONE'] };
const instruments = panel.symbols.map(
  (symbol, a): Instrument => ({
    symbol,
    name: `Name ${a}`,
    kind: a === 5 ? 'etf' : 'equity',
    group: panel.groups[a],
    firstDate: panel.dates[0],
    lastDate: panel.dates[319],
    events: [],
    reference: a === 0 ? REFERENCE : {},
  }),
);
const options: GraphOptions = {
  universe: 'test',
  windowDays: 120,
  threshold: 0.3,
  everySessions: 40,
  hasVolume: true,
  assumedSpreadBps: () => 2,
};
const graph = buildAssetGraph(panel, instruments, options);
const edgesOf = (index: number) => graph.snapshots[index].edges.map(({ source, target }) => `${source}-${target}`);

/** Pearson over the sessions on which both have a return. */
function correlation(a: number, b: number, t: number, days: number): number {
  const rows: [number, number][] = [];
  for (let s = t - days + 1; s <= t; s++) {
    if (
      panel.tradable[s * 8 + a] &&
      panel.tradable[s * 8 + b] &&
      panel.listed[(s - 1) * 8 + a] &&
      panel.listed[(s - 1) * 8 + b]
    ) {
      rows.push([panel.returns[s * 8 + a], panel.returns[s * 8 + b]]);
    }
  }
  const [x, y] = [0, 1].map((k) => rows.map((row) => row[k]));
  const mean = (v: number[]) => v.reduce((sum, value) => sum + value, 0) / v.length;
  const cross = (u: number[], v: number[]) =>
    u.reduce((sum, value, i) => sum + (value - mean(u)) * (v[i] - mean(v)), 0);
  return cross(x, y) / Math.sqrt(cross(x, x) * cross(y, y));
}

describe('snapshots', () => {
  test('begin when the window is full and come at a fixed distance', () => {
    expect(graph.snapshots.map(({ asOf }) => panel.dates.indexOf(asOf))).toEqual([120, 160, 200, 240, 280]);
  });

  test('hold the assets listed on that day', () => {
    const symbols = graph.snapshots.map(({ members }) => members.map(({ symbol }) => symbol));
    expect(symbols[0]).not.toContain('S06');
    expect(symbols[1]).toEqual(panel.symbols);
    expect(symbols[2]).not.toContain('S07');
  });

  test('a longer panel only adds snapshots: the past is the same', () => {
    for (const end of [121, 200, 241, 300]) {
      const { snapshots } = buildAssetGraph(panelUntil(panel, end), instruments, options);
      expect(snapshots).toEqual(graph.snapshots.slice(0, snapshots.length));
    }
  });

  test('edges are the correlations at or above the threshold, halts left out', () => {
    const all = buildAssetGraph(panel, instruments, { ...options, maxNeighbours: 99 });
    const { asOf, edges } = all.snapshots[4];
    const t = panel.dates.indexOf(asOf);
    const found = new Map(edges.map(({ source, target, strength }) => [`${source}-${target}`, strength]));
    for (let a = 0; a < 7; a++) {
      for (let b = a + 1; b < 7; b++) {
        const expected = correlation(a, b, t, 120);
        const strength = found.get(`${panel.symbols[a]}-${panel.symbols[b]}`);
        if (expected >= 0.3) expect(Math.abs(strength! / 1e6 - expected)).toBeLessThan(1e-6);
        else expect(strength).toBeUndefined();
      }
    }
    expect(found.size).toBeGreaterThan(5);
  });

  test('a late listing has no edge until enough of the window is its own', () => {
    expect(edgesOf(1).some((edge) => edge.includes('S06'))).toBe(false);
    expect(edgesOf(4).some((edge) => edge.includes('S06'))).toBe(true);
  });

  test('only the strongest neighbours are kept', () => {
    const few = buildAssetGraph(panel, instruments, { ...options, maxNeighbours: 1 });
    const degree = new Map<string, number>();
    for (const { source, target } of few.snapshots[1].edges) {
      for (const symbol of [source, target]) degree.set(symbol, (degree.get(symbol) ?? 0) + 1);
    }
    expect(few.snapshots[1].edges.length).toBeLessThan(graph.snapshots[1].edges.length);
    const strongest = graph.snapshots[1].edges.reduce((best, edge) => (edge.strength > best.strength ? edge : best));
    expect(few.snapshots[1].edges).toContainEqual(strongest);
    expect([neighboursOf(15), neighboursOf(117), neighboursOf(2)]).toEqual([4, 11, 3]);
  });
});

describe('liquidity buckets', () => {
  test('thirds by traded value: the fixture trades more of later assets', () => {
    const buckets = Object.fromEntries(graph.snapshots[1].members.map(({ symbol, bucket }) => [symbol, bucket]));
    expect(buckets).toMatchObject({ S00: 'illiquid', S01: 'illiquid', S06: 'unknown', S07: 'liquid' });
  });

  test('without volume: the assumed spread times volatility', () => {
    const assumedSpreadBps = (symbol: string) => (symbol === 'S04' ? 30 : 1);
    const { snapshots } = buildAssetGraph(panel, instruments, { ...options, hasVolume: false, assumedSpreadBps });
    expect(snapshots[4].members.find(({ symbol }) => symbol === 'S04')).toMatchObject({
      symbol: 'S04',
      bucket: 'illiquid',
      rank: 0,
    });
  });
});

const ALWAYS = { validFrom: OPEN_START, validTo: OPEN_END, source: 'reference' };

test('reference data become categories and suppliers; what is not in the panel is left out', () => {
  expect(graph.categories.filter(({ symbol }) => symbol === 'S00')).toEqual([
    { symbol: 'S00', kind: 'fund', name: 'S05', ...ALWAYS },
    { symbol: 'S00', kind: 'group', name: 'group0', ...ALWAYS },
    { symbol: 'S00', kind: 'region', name: 'north', ...ALWAYS },
  ]);
  expect(graph.categories).toContainEqual({ symbol: 'S05', kind: 'fund', name: 'S05', ...ALWAYS });
  expect(graph.suppliers).toEqual([{ symbol: 'S00', supplier: 'S02', weight: 1, ...ALWAYS }]);
  const edges = graph.snapshots.reduce((sum, { edges: list }) => sum + list.length, 0);
  const members = graph.snapshots.reduce((sum, { members: list }) => sum + list.length, 0);
  const layers = graph.snapshots.reduce((sum, { layers: list }) => sum + list.length, 0);
  const memberships = (['bucket', 'cluster', 'community'] as const).map((kind) => membershipsOf(graph.snapshots, kind));
  const groups = memberships.slice(1).flatMap((list) => [...new Set(list.map(({ name }) => name))]).length;
  expect(graphSize(graph)).toEqual({
    nodes: 8 + 4 + 4 + 5 + groups,
    relationships: 11 + 1 + edges + members + layers + memberships.flat().length,
  });
});

test('reference data that name an asset by the symbol it had follow it', () => {
  const renamed = instruments.map((one) =>
    one.symbol === 'S02' ? { ...one, formerly: [{ symbol: 'OLD', until: panel.dates[300] }] } : one,
  );
  const filed = renamed.map((one) =>
    one.symbol === 'S00' ? { ...one, reference: { ...one.reference, suppliers: ['OLD'], etfs: ['OLD'] } } : one,
  );
  const { suppliers, categories } = buildAssetGraph(panel, filed, options);
  expect(suppliers).toEqual([{ symbol: 'S00', supplier: 'S02', weight: 1, ...ALWAYS }]);
  expect(categories).toContainEqual({ symbol: 'S00', kind: 'fund', name: 'S02', ...ALWAYS });
});

test('what a file says of a pair ends the reference on that day, and changes nothing before', () => {
  const stated = {
    symbol: 'S00',
    supplier: 'S02',
    weight: 0.4,
    validFrom: panel.dates[200],
    validTo: OPEN_END,
    source: 'file',
  };
  const { suppliers } = buildAssetGraph(panel, instruments, {
    ...options,
    relations: { suppliers: [stated], holdings: [] },
  });
  expect(suppliers).toEqual([
    { symbol: 'S00', supplier: 'S02', weight: 1, ...ALWAYS, validTo: panel.dates[200] },
    stated,
  ]);
});

test('the number of hubs is a share of the assets, rounded up', () => {
  expect([15, 20, 117, 1].map((assets) => hubCount(assets, 0.9))).toEqual([2, 2, 12, 1]);
});
